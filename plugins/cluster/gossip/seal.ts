import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { ReplayWindow } from './replay-window.ts';
import { Strangers } from './strangers.ts';

// version 1 | key id 4 | sender 8 | boot 8 | sequence 6, then the ciphertext, then the tag.
const sealVersion = 0xa1;
const headBytes = 27;
const tagBytes = 16;
/** What the seal adds to a packet. */
export const sealBytes = headBytes + tagBytes;
/** Under one key a sender and boot never seals more; long before that the zone's key has been changed. */
const lastSequence = 2 ** 48 - 1;

/** Subkeys that a sealer keeps: a zone and those below it rarely have more. */
const subkeyLimit = 256;

/** A key of a zone, ready for use. */
export interface ZoneKey {
  /** Four bytes in the header by which a receiver picks the key; says nothing about it. */
  id: string;
  secret: KeyObject;
}

/**
 * Why a sealed packet was not opened. `stale`: it opened, but was the answer to nothing that we asked. `flood`: of a sender never heard of, and
 * too many of those turned out forged just now.
 */
export type Refusal = 'clear' | 'size' | 'unknown-key' | 'forged' | 'flood' | 'replayed' | 'stale';

/** A packet that was opened, or why not. */
export type Opened =
  | { refused: Refusal }
  | {
      refused?: undefined;
      /** Id of the key that it had. */
      key: string;
      sender: string;
      boot: string;
      sequence: number;
      packet: Uint8Array;
      /** This boot has shown that it runs now: see `Opener.prove`. */
      isProven: boolean;
    };

/** A zone's key from 16 bytes (OpsBro's own) or 32, stretched to what AES-256 needs. Throws RangeError for another length. */
export function zoneKey(bytes: Uint8Array): ZoneKey {
  if (bytes.length !== 16 && bytes.length !== 32)
    throw new RangeError(`a zone key has 16 or 32 bytes, this one ${bytes.length}`);
  const secret = createSecretKey(derive(bytes, 'opsbro gossip zone key', 32));
  return { id: derive(bytes, 'opsbro gossip key id', 4).toString('hex'), secret };
}

/** How a sender is named in headers: a hash of its uuid, in hex. */
export function senderId(uuid: string): string {
  return createHash('sha256').update(uuid).digest('hex').slice(0, 16);
}

/** Seals what one node sends from one boot. Each packet takes the next sequence, which is the nonce under a subkey of this sender and boot alone. */
export class Sealer {
  readonly #sender: string;
  readonly #boot: string;
  #key: ZoneKey;
  /** By the key's id; those in use lately. */
  readonly #subkeys = new Map<string, KeyObject>();
  #sequence: number;

  /** `boot` are 8 random bytes in hex, never used before by this node. */
  constructor(key: ZoneKey, uuid: string, boot: string, firstSequence = 0) {
    this.#sender = senderId(uuid);
    this.#boot = boot;
    this.#sequence = firstSequence;
    this.#key = key;
  }

  /** Seals with another key from now on. The sequence goes on, so no nonce comes twice whatever key was used before. */
  use(key: ZoneKey): void {
    this.#key = key;
  }

  /** The sealed packet, `sealBytes` longer; under another key than that in use where one is given. Throws RangeError when the sequences are used up. */
  seal(packet: Uint8Array, key = this.#key): Uint8Array {
    if (this.#sequence > lastSequence) throw new RangeError('no sequence left under this boot');
    const head = Buffer.allocUnsafe(headBytes);
    head[0] = sealVersion;
    head.write(key.id, 1, 'hex');
    head.write(this.#sender, 5, 'hex');
    head.write(this.#boot, 13, 'hex');
    head.writeUIntBE(this.#sequence, 21, 6);
    this.#sequence += 1;
    const cipher = createCipheriv('aes-256-gcm', this.#subkey(key), nonceOf(head)).setAAD(head);
    return Buffer.concat([head, cipher.update(packet), cipher.final(), cipher.getAuthTag()]);
  }

  #subkey(key: ZoneKey): KeyObject {
    const known = this.#subkeys.get(key.id);
    if (known !== undefined) return known;
    const subkey = subkeyOf(key, this.#sender, this.#boot);
    if (this.#subkeys.size >= subkeyLimit) this.#subkeys.clear();
    this.#subkeys.set(key.id, subkey);
    return subkey;
  }
}

/** Opens what others sealed, each packet once. Keeps a window and a subkey for the last senders and boots; the one unheard for longest goes first. */
export class Opener {
  readonly #limit: number;
  readonly #boots = new Map<string, { subkey: KeyObject; window: ReplayWindow; isProven: boolean }>();
  /** Who floods datagrams from made-up addresses keeps nobody from being heard by stream. */
  readonly #strangers: { datagram: Strangers; stream: Strangers };
  #keys = new Map<string, ZoneKey>();

  /** `now`: milliseconds that never go back. */
  constructor(keys: readonly ZoneKey[], limit = 16_384, now = () => performance.now()) {
    this.#limit = limit;
    this.#strangers = { datagram: new Strangers(now), stream: new Strangers(now) };
    this.useKeys(keys);
  }

  /** The senders and boots that are remembered. */
  get size(): number {
    return this.#boots.size;
  }

  /** The keys that are accepted from now on. */
  useKeys(keys: readonly ZoneKey[]): void {
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    for (const name of this.#boots.keys()) if (!this.#keys.has(name.slice(0, 8))) this.#boots.delete(name);
  }

  /** Opens a packet. Never throws; what cannot be ours costs no cryptography. */
  open(sealed: Uint8Array, maxBytes: number, came: 'datagram' | 'stream' = 'datagram'): Opened {
    if (sealed.length < sealBytes || sealed.length > maxBytes) return { refused: 'size' };
    if (sealed[0] !== sealVersion) return { refused: 'clear' };
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length);
    const name = bytes.toString('hex', 1, 21);
    const key = this.#keys.get(name.slice(0, 8));
    if (key === undefined) return { refused: 'unknown-key' };
    const sender = name.slice(8, 24);
    const boot = name.slice(24);
    const known = this.#boots.get(name);
    const strangers = known === undefined ? this.#strangers[came] : undefined;
    if (strangers?.mayTry() === false) return { refused: 'flood' };
    const subkey = known?.subkey ?? subkeyOf(key, sender, boot);
    const packet = decrypt(subkey, bytes);
    if (packet === undefined) {
      strangers?.failed();
      return { refused: 'forged' };
    }
    // Only a right tag makes a sender known: a flood of made-up ones pushes nobody out.
    const window = known?.window ?? new ReplayWindow();
    const isProven = known?.isProven ?? false;
    this.#boots.delete(name);
    this.#boots.set(name, { subkey, window, isProven });
    const oldest = this.#boots.keys().next().value;
    if (this.#boots.size > this.#limit && oldest !== undefined) this.#boots.delete(oldest);
    const sequence = bytes.readUIntBE(21, 6);
    return window.admit(sequence)
      ? { key: key.id, sender, boot, sequence, packet, isProven }
      : { refused: 'replayed' };
  }

  /**
   * This boot has answered under this key what was asked of it just now. Forgotten with its replay window, and only then. Each key is proven
   * for itself: the window of one that comes back begins anew, and who holds the key of a zone below speaks for no boot of ours.
   */
  prove(key: string, sender: string, boot: string): void {
    const known = this.#boots.get(key + sender + boot);
    if (known !== undefined) known.isProven = true;
  }
}

function decrypt(subkey: KeyObject, sealed: Buffer): Uint8Array | undefined {
  const head = sealed.subarray(0, headBytes);
  const end = sealed.length - tagBytes;
  const decipher = createDecipheriv('aes-256-gcm', subkey, nonceOf(head), { authTagLength: tagBytes });
  decipher.setAAD(head).setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(headBytes, end)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function nonceOf(head: Buffer): Buffer {
  const nonce = Buffer.alloc(12);
  head.copy(nonce, 6, 21, headBytes);
  return nonce;
}

function subkeyOf({ secret }: ZoneKey, sender: string, boot: string): KeyObject {
  return createSecretKey(derive(secret.export(), `opsbro gossip subkey ${sender} ${boot}`, 32));
}

function derive(key: Uint8Array, purpose: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', purpose, length));
}
