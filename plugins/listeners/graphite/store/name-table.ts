/** No series of that name. */
export const unknownName = -1;

const arenaStart = 65_536;
const slotsStart = 4096;

/** The hash of a name, which a parser may as well compute on its way: `Math.imul(hash ^ byte, 0x01000193)` from `seed` on. */
export function hashOf(seed: number, bytes: Buffer, from: number, to: number): number {
  let hash = seed;
  for (let index = from; index < to; index += 1) hash = Math.imul(hash ^ bytes[index]!, 0x01000193);
  return hash;
}

/**
 * Numbers of series by the bytes of their names, so that a line that was read needs no text of its own: nothing is allocated to look one up. A
 * series may have several names. The first step of the hash is a secret, so that no sender can choose names that collide.
 */
export class NameTable {
  /** What `hashOf` begins with. */
  readonly seed: number;
  #arena = Buffer.allocUnsafeSlow(arenaStart);
  #used = 0;
  /** By entry: where its bytes begin, how many there are, their hash and the series. */
  #starts = new Uint32Array(slotsStart);
  #lengths = new Uint16Array(slotsStart);
  #hashes = new Int32Array(slotsStart);
  #series = new Int32Array(slotsStart);
  #entries = 0;
  /** Entries plus one by hash; 0 is free. */
  #slots = new Int32Array(slotsStart * 2);

  constructor(seed: number) {
    this.seed = seed | 0;
  }

  /** Names, those of one series counted apart. */
  get size(): number {
    return this.#entries;
  }

  /** The series of a name, `unknownName` when there is none. */
  find(bytes: Buffer, from: number, to: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const length = to - from;
    for (let slot = mix(hash) & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]! - 1;
      if (entry < 0) return unknownName;
      if (this.#hashes[entry] !== hash || this.#lengths[entry] !== length) continue;
      if (isSame(this.#arena, this.#starts[entry]!, bytes, from, length)) return this.#series[entry]!;
    }
  }

  /** Adds a name that is not there yet; at most 65,535 bytes. */
  add(bytes: Buffer, from: number, to: number, hash: number, series: number): void {
    const length = to - from;
    if (this.#used + length > this.#arena.length) this.#growArena(length);
    bytes.copy(this.#arena, this.#used, from, to);
    if (this.#entries === this.#starts.length) this.#growEntries();
    const entry = this.#entries;
    this.#starts[entry] = this.#used;
    this.#lengths[entry] = length;
    this.#hashes[entry] = hash;
    this.#series[entry] = series;
    this.#entries += 1;
    this.#used += length;
    if (this.#entries * 2 > this.#slots.length) this.#rehash();
    else this.#place(entry);
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = mix(this.#hashes[entry]!) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry + 1;
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let entry = 0; entry < this.#entries; entry += 1) this.#place(entry);
  }

  #growArena(length: number): void {
    const arena = Buffer.allocUnsafeSlow(Math.max(this.#arena.length * 2, this.#used + length));
    this.#arena.copy(arena, 0, 0, this.#used);
    this.#arena = arena;
  }

  #growEntries(): void {
    const size = this.#entries * 2;
    const grown = <Array extends Uint32Array | Uint16Array | Int32Array>(
      target: Array,
      source: Array,
    ): Array => {
      target.set(source);
      return target;
    };
    this.#starts = grown(new Uint32Array(size), this.#starts);
    this.#lengths = grown(new Uint16Array(size), this.#lengths);
    this.#hashes = grown(new Int32Array(size), this.#hashes);
    this.#series = grown(new Int32Array(size), this.#series);
  }
}

/** FNV leaves the low bits poor. */
function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

function isSame(one: Buffer, oneFrom: number, other: Buffer, otherFrom: number, length: number): boolean {
  for (let index = 0; index < length; index += 1)
    if (one[oneFrom + index] !== other[otherFrom + index]) return false;
  return true;
}
