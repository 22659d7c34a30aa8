/** Datagrams that one system call takes or gives. */
export const batch = 64;

/** Of `struct mmsghdr`, `struct iovec` and the longest address, as Linux has them on little-endian processors of 64 bits. */
const headerBytes = 64;
const vectorBytes = 16;
const addressBytes = 32;
/** Where fields stand in a header. */
const nameAt = 0;
const nameSizeAt = 8;
const vectorAt = 16;
const vectorsAt = 24;
const sizeAt = 56;
/** Where the size stands in a vector. */
const vectorSizeAt = 8;

/** Where the parts of the block begin. */
const receiving = 0;
const sending = batch * headerBytes;
const vectors = 2 * sending;
const addresses = vectors + 2 * batch * vectorBytes;
const texts = addresses + batch * addressBytes;

/**
 * Memory as recvmmsg(2) and sendmmsg(2) take it: a header, its vector and its text for each datagram that comes and each that goes, and the
 * addresses of those who sent. An answer points to the address of whoever asked.
 */
export class DatagramBlock {
  /** Texts that came, and room for those that go. */
  readonly queries: readonly Uint8Array[];
  readonly answers: readonly Uint8Array[];
  readonly #bytes: Buffer;
  readonly #base: bigint;
  readonly #words: Uint32Array;
  readonly #pointers: BigUint64Array;
  readonly #senders: readonly bigint[];
  #lastAddress = 0;
  #lastClient = '';

  /** `addressOf` tells where memory lies; the block has to live as long as a system call may use it. */
  constructor(queryBytes: number, answerBytes: number, addressOf: (memory: Uint8Array) => bigint) {
    const bytes = Buffer.alloc(texts + batch * (queryBytes + answerBytes));
    this.#bytes = bytes;
    this.#base = addressOf(bytes);
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
    this.#pointers = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 3);
    const split = (from: number, size: number): Buffer[] =>
      Array.from({ length: batch }, (_, index) =>
        bytes.subarray(from + index * size, from + (index + 1) * size),
      );
    this.queries = split(texts, queryBytes);
    this.answers = split(texts + batch * queryBytes, answerBytes);
    this.#senders = Array.from({ length: batch }, (_, index) => this.#at(addresses + index * addressBytes));
    for (let index = 0; index < batch; index += 1) {
      this.#describe(receiving, index, texts + index * queryBytes, queryBytes);
      this.#describe(sending, index, texts + batch * queryBytes + index * answerBytes, answerBytes);
    }
  }

  /** Where the headers of datagrams that come lie. */
  get received(): bigint {
    return this.#at(receiving);
  }

  /** Where the headers of datagrams that go lie, from the one of that index on. */
  sent(from: number): bigint {
    return this.#at(sending + from * headerBytes);
  }

  /** Bytes of a datagram that came. */
  length(index: number): number {
    return this.#words[(receiving + index * headerBytes + sizeAt) >>> 2]!;
  }

  /** The port that it came from. */
  port(index: number): number {
    const at = addresses + index * addressBytes + 2;
    return this.#bytes[at]! * 256 + this.#bytes[at + 1]!;
  }

  /** The address that it came from, as text. */
  client(index: number): string {
    const at = addresses + index * addressBytes;
    if (this.#words[(receiving + index * headerBytes + nameSizeAt) >>> 2] !== 16)
      return ipv6(this.#bytes, at + 8);
    const address = this.#words[(at + 4) >>> 2]!;
    if (address !== this.#lastAddress) {
      this.#lastAddress = address;
      this.#lastClient = this.#bytes.subarray(at + 4, at + 8).join('.');
    }
    return this.#lastClient;
  }

  /** The answer of that slot, of `size` bytes, is for whoever sent the datagram of that index. */
  reply(slot: number, index: number, size: number): void {
    const header = sending + slot * headerBytes;
    this.#pointers[(header + nameAt) >>> 3] = this.#senders[index]!;
    this.#words[(header + nameSizeAt) >>> 2] =
      this.#words[(receiving + index * headerBytes + nameSizeAt) >>> 2]!;
    this.#words[(vectors + (batch + slot) * vectorBytes + vectorSizeAt) >>> 2] = size;
  }

  /** Makes room for the next addresses, where the last `count` datagrams wrote theirs. */
  again(count: number): void {
    for (let index = 0; index < count; index += 1)
      this.#words[(receiving + index * headerBytes + nameSizeAt) >>> 2] = addressBytes;
  }

  #describe(part: number, index: number, text: number, size: number): void {
    const header = part + index * headerBytes;
    const vector = vectors + ((part === sending ? batch : 0) + index) * vectorBytes;
    this.#pointers[(header + nameAt) >>> 3] = this.#senders[index]!;
    this.#words[(header + nameSizeAt) >>> 2] = addressBytes;
    this.#pointers[(header + vectorAt) >>> 3] = this.#at(vector);
    this.#pointers[(header + vectorsAt) >>> 3] = 1n;
    this.#pointers[vector >>> 3] = this.#at(text);
    this.#pointers[(vector + vectorSizeAt) >>> 3] = BigInt(size);
  }

  #at(offset: number): bigint {
    return this.#base + BigInt(offset);
  }
}

/** As the system writes it where that matters here: loopback and addresses of IPv4 are told by their texts. */
function ipv6(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(at + 2 * index));
  if (groups.slice(0, 5).every((group) => group === 0)) {
    if (groups[5] === 0xffff) return `::ffff:${bytes.subarray(at + 12, at + 16).join('.')}`;
    if (groups[5] === 0 && groups[6] === 0 && groups[7] === 1) return '::1';
  }
  return groups.map((group) => group.toString(16)).join(':');
}
