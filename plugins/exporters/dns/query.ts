/** Of a header (RFC 1035 §4.1.1). */
export const headerBytes = 12;
/** A question is never longer than this, and what comes beside it is an OPT record with little in it. */
export const maxQueryBytes = 1232;

const maxNameBytes = 255;
const optType = 41;

/**
 * What comes of a message before anything of it is looked up. `drop`: it is no query, and an answer to an answer could go round for ever;
 * the others name what is answered.
 */
export type Reading = 'query' | 'drop' | 'malformed' | 'not-implemented';

/**
 * One query, read from raw bytes: the header is judged before anything is counted on (a parser that trusts its four counts can be kept busy
 * for seconds by twelve bytes). One object reads query after query, without any allocation.
 */
export class Query {
  /** The name in lower case, as it is on the wire: lengths and labels, the root's zero at the end. */
  readonly name = new Uint8Array(maxNameBytes);
  /** Bytes of `name` that count. */
  nameLength = 0;
  /** Of name and type; equal names differ at most in case. */
  hash = 0;
  type = 0;
  class = 0;
  /** All labels are letters, digits, `-` and `_`: others name nothing here, and a dot within a label could pass for two labels. */
  isPlain = true;
  labels = 0;
  /** Where the question ends in the message. */
  questionEnd = headerBytes;
  hasEdns = false;
  /** The largest answer over UDP that its sender takes. */
  udpSize = 512;
  ednsVersion = 0;
  /** The bit DO, which an answer repeats. */
  isDnssecOk = false;

  /** Reads the first `length` of `bytes`. All fields hold what was read only after `query`. */
  read(bytes: Uint8Array, length: number): Reading {
    this.questionEnd = headerBytes;
    this.hasEdns = false;
    this.udpSize = 512;
    this.ednsVersion = 0;
    this.isDnssecOk = false;
    if (length < headerBytes || (bytes[2]! & 0x80) !== 0) return 'drop';
    if ((bytes[2]! & 0x78) !== 0) return 'not-implemented';
    const additional = word(bytes, 10);
    if (length > maxQueryBytes || word(bytes, 4) !== 1 || word(bytes, 6) !== 0 || word(bytes, 8) !== 0)
      return 'malformed';
    if (additional > 2 || !this.#readQuestion(bytes, length)) return 'malformed';
    if (additional > 0 && !this.#readAdditional(bytes, length, additional)) {
      this.hasEdns = false;
      return 'malformed';
    }
    return 'query';
  }

  #readQuestion(bytes: Uint8Array, length: number): boolean {
    const { name } = this;
    let at = headerBytes;
    let written = 0;
    let hash = 0x811c9dc5;
    let isPlain = true;
    this.labels = 0;
    for (;;) {
      if (at >= length) return false;
      const size = bytes[at]!;
      if (size > 63 || written + size + 1 > maxNameBytes || at + size >= length) return false;
      name[written] = size;
      hash = Math.imul(hash ^ size, 0x01000193);
      written += 1;
      at += 1;
      if (size === 0) break;
      this.labels += 1;
      for (const end = at + size; at < end; at += 1) {
        const byte = lowerCase[bytes[at]!]!;
        if (plain[byte] === 0) isPlain = false;
        name[written] = byte;
        hash = Math.imul(hash ^ byte, 0x01000193);
        written += 1;
      }
    }
    if (at + 4 > length) return false;
    this.nameLength = written;
    this.isPlain = isPlain;
    this.type = word(bytes, at);
    this.class = word(bytes, at + 2);
    // The low bits of a product depend on the low bits alone; an index is taken from the low bits.
    hash = Math.imul(hash ^ this.type, 0x01000193);
    this.hash = (hash ^ (hash >>> 15)) >>> 0;
    this.questionEnd = at + 4;
    return true;
  }

  /** Up to two records: an OPT (RFC 6891), and whatever is signed with, which is not looked at. */
  #readAdditional(bytes: Uint8Array, length: number, count: number): boolean {
    let at = this.questionEnd;
    for (let record = 0; record < count; record += 1) {
      const nameAt = at;
      at = afterName(bytes, at, length);
      if (at < 0 || at + 10 > length) return false;
      const end = at + 10 + word(bytes, at + 8);
      if (end > length) return false;
      if (word(bytes, at) === optType) {
        if (this.hasEdns || bytes[nameAt] !== 0) return false;
        this.hasEdns = true;
        this.udpSize = Math.max(512, word(bytes, at + 2));
        this.ednsVersion = bytes[at + 5]!;
        this.isDnssecOk = (bytes[at + 6]! & 0x80) !== 0;
      }
      at = end;
    }
    return at === length;
  }
}

/** Position behind a name, which may end with a pointer; -1 when it does not end. */
function afterName(bytes: Uint8Array, from: number, length: number): number {
  let at = from;
  while (at < length) {
    const size = bytes[at]!;
    if (size === 0) return at + 1;
    if (size >= 0xc0) return at + 2;
    if (size > 63) return -1;
    at += size + 1;
  }
  return -1;
}

/** The 16-bit number at a position. */
export function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

const lowerCase = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 65 && byte <= 90 ? byte + 32 : byte,
);
const plain = Uint8Array.from({ length: 256 }, (_, byte) =>
  /^[a-z0-9_-]$/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** The labels of a name in wire form. */
export function labelsOf(name: Uint8Array): string[] {
  const labels: string[] = [];
  let at = 0;
  while (at < name.length && name[at] !== 0) {
    const end = at + 1 + name[at]!;
    labels.push(String.fromCharCode(...name.subarray(at + 1, end)));
    at = end;
  }
  return labels;
}
