import { createDecipheriv } from 'node:crypto';

/** How packets are encrypted, by nsca's own numbers: none, XOR, DES, triple DES, AES-256. */
export type Method = 0 | 1 | 2 | 3 | 14;

/** Bytes of what the server sends for the client to begin with. */
export const ivBytes = 128;

/** Reads what a client encrypted, packet by packet. */
export interface Cipher {
  /** What these bytes are, the next that came. */
  open(bytes: Buffer): Buffer;
  /** These bytes were a packet: the next ones come behind them. */
  pass(bytes: Buffer): void;
}

/** Makes the cipher of one connection, to which `iv` was sent. */
export function cipherOf(method: Method, password: string, iv: Buffer): Cipher {
  if (method === 0) return { open: (bytes) => bytes, pass: () => undefined };
  if (method === 1) return new Xor(Buffer.from(password), iv);
  return new Feedback(method, Buffer.from(password), iv);
}

/** Each packet anew: its bytes by those of the IV, and by those of the password. */
class Xor implements Cipher {
  readonly #password: Buffer;
  readonly #iv: Buffer;

  constructor(password: Buffer, iv: Buffer) {
    this.#password = password;
    this.#iv = iv;
  }

  open(bytes: Buffer): Buffer {
    const plain = Buffer.alloc(bytes.length);
    for (let at = 0; at < bytes.length; at += 1) {
      const key = this.#password.length === 0 ? 0 : (this.#password[at % this.#password.length] as number);
      plain[at] = (bytes[at] as number) ^ (this.#iv[at % ivBytes] as number) ^ key;
    }
    return plain;
  }

  pass(): void {}
}

/** What mcrypt calls these, key and block in bytes. Single DES is triple DES with one key three times. */
const ciphers = {
  2: { name: 'des-ede3-cfb8', keyBytes: 8, times: 3, blockBytes: 8 },
  3: { name: 'des-ede3-cfb8', keyBytes: 24, times: 1, blockBytes: 8 },
  14: { name: 'aes-256-cfb8', keyBytes: 32, times: 1, blockBytes: 16 },
} as const;

/**
 * mcrypt's cfb: one byte at a time, each by the last block that was sent, through all packets of a connection. The key is the password with zeros
 * behind it.
 */
class Feedback implements Cipher {
  readonly #name: string;
  readonly #key: Buffer;
  #block: Buffer;

  constructor(method: keyof typeof ciphers, password: Buffer, iv: Buffer) {
    const { name, keyBytes, times, blockBytes } = ciphers[method];
    const key = Buffer.alloc(keyBytes);
    password.copy(key);
    this.#name = name;
    this.#key = Buffer.concat(Array.from({ length: times }, () => key));
    this.#block = iv.subarray(0, blockBytes);
  }

  open(bytes: Buffer): Buffer {
    return createDecipheriv(this.#name, this.#key, this.#block).update(bytes);
  }

  pass(bytes: Buffer): void {
    const { length } = this.#block;
    this.#block = Buffer.from(Buffer.concat([this.#block, bytes.subarray(-length)]).subarray(-length));
  }
}
