import type { Kind } from './kinds.ts';

/** What a table may hold. */
export interface TableLimits {
  names: number;
  /** Characters of all names together. */
  chars: number;
}

const firstAliases = 4096;
const firstArena = 256 * 1024;
/** Spellings that are remembered, as bytes: beyond, all are forgotten and learnt anew. */
const maxAliases = 262_144;
const maxArena = 32 * 1024 * 1024;

/**
 * Metrics by number. A metric has one name and may be spelt in several ways (tags in another order, characters that are left out): each
 * spelling is found by its bytes as they came, without making a string of them.
 */
export class NameTable {
  readonly bases: string[] = [];
  readonly tags: string[] = [];
  kinds = new Uint8Array(1024);
  readonly #limits: TableLimits;
  readonly #slots = new Map<string, number>();
  #chars = 0;
  #aliases = 0;
  /** Open addressing: the number of an alias and one, 0 for none. */
  #index = new Int32Array(2 * firstAliases);
  #hashes = new Int32Array(firstAliases);
  #places = new Int32Array(firstAliases);
  #nameLengths = new Uint16Array(firstAliases);
  #tagLengths = new Uint16Array(firstAliases);
  #owners = new Int32Array(firstAliases);
  #arena = Buffer.alloc(firstArena);
  #arenaUsed = 0;

  constructor(limits: TableLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.bases.length;
  }

  /** The metric that these bytes spell, -1 where nobody has learnt them. `hash` is of name, kind and tags. */
  find(
    bytes: Uint8Array,
    from: number,
    nameEnd: number,
    kind: Kind,
    tags: number,
    end: number,
    hash: number,
  ): number {
    const index = this.#index;
    const mask = index.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const alias = index[at]! - 1;
      if (alias === -1) return -1;
      if (this.#hashes[alias] !== hash) continue;
      const owner = this.#owners[alias]!;
      if (this.kinds[owner] !== kind) continue;
      if (this.#nameLengths[alias] !== nameEnd - from || this.#tagLengths[alias] !== end - tags) continue;
      const arena = this.#arena;
      let place = this.#places[alias]!;
      let byte = from;
      while (byte < nameEnd && bytes[byte] === arena[place]) {
        byte += 1;
        place += 1;
      }
      if (byte !== nameEnd) continue;
      for (byte = tags; byte < end && bytes[byte] === arena[place]; byte += 1) place += 1;
      if (byte === end) return owner;
    }
  }

  /** The metric of a kind and a clean name; -1 when there is no room for another. */
  intern(kind: Kind, base: string, tags: string): number {
    const key = `${String.fromCharCode(48 + kind)}${base}${tags}`;
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot = this.bases.length;
    if (slot >= this.#limits.names || this.#chars + key.length > this.#limits.chars) return -1;
    if (slot === this.kinds.length) this.kinds = grown(this.kinds, new Uint8Array(2 * slot));
    this.kinds[slot] = kind;
    this.#chars += key.length;
    this.#slots.set(key, slot);
    // Parts of the key, which is one text of its own by now: `base` may be a part of a line, and would hold all of that in memory.
    this.bases.push(key.slice(1, 1 + base.length));
    this.tags.push(key.slice(1 + base.length));
    return slot;
  }

  /** Remembers that these bytes spell a metric. */
  learn(
    bytes: Uint8Array,
    from: number,
    nameEnd: number,
    tags: number,
    end: number,
    hash: number,
    slot: number,
  ): void {
    const length = nameEnd - from + end - tags;
    if (this.#aliases >= maxAliases || this.#arenaUsed + length > maxArena) this.#forgetAliases();
    if (this.#aliases === this.#hashes.length) this.#growAliases();
    if (this.#arenaUsed + length > this.#arena.length)
      this.#arena = grown(this.#arena, Buffer.alloc(2 * this.#arena.length + length));
    const alias = this.#aliases;
    this.#arena.set(bytes.subarray(from, nameEnd), this.#arenaUsed);
    this.#arena.set(bytes.subarray(tags, end), this.#arenaUsed + nameEnd - from);
    this.#places[alias] = this.#arenaUsed;
    this.#arenaUsed += length;
    this.#nameLengths[alias] = nameEnd - from;
    this.#tagLengths[alias] = end - tags;
    this.#hashes[alias] = hash;
    this.#owners[alias] = slot;
    this.#aliases += 1;
    this.#link(alias);
  }

  /** Keeps the metrics that `isKept`, and numbers them anew; returns the old number of each new one. */
  compact(isKept: (slot: number) => boolean): number[] {
    const kept = this.bases.flatMap((_, slot) => (isKept(slot) ? [slot] : []));
    const named = kept.map((slot) => [this.kinds[slot]!, this.bases[slot]!, this.tags[slot]!] as const);
    this.bases.length = 0;
    this.tags.length = 0;
    this.#slots.clear();
    this.#chars = 0;
    this.#forgetAliases();
    for (const [kind, base, tags] of named) this.intern(kind, base, tags);
    return kept;
  }

  #forgetAliases(): void {
    this.#index.fill(0);
    this.#aliases = 0;
    this.#arenaUsed = 0;
  }

  #growAliases(): void {
    const size = 2 * this.#hashes.length;
    this.#hashes = grown(this.#hashes, new Int32Array(size));
    this.#places = grown(this.#places, new Int32Array(size));
    this.#nameLengths = grown(this.#nameLengths, new Uint16Array(size));
    this.#tagLengths = grown(this.#tagLengths, new Uint16Array(size));
    this.#owners = grown(this.#owners, new Int32Array(size));
    this.#index = new Int32Array(2 * size);
    for (let alias = 0; alias < this.#aliases; alias += 1) this.#link(alias);
  }

  #link(alias: number): void {
    const mask = this.#index.length - 1;
    let at = this.#hashes[alias]! & mask;
    while (this.#index[at] !== 0) at = (at + 1) & mask;
    this.#index[at] = alias + 1;
  }
}

/** Copies into a larger array. */
export function grown<Column extends { set(from: ArrayLike<number>): void }>(
  from: ArrayLike<number>,
  to: Column,
): Column {
  to.set(from);
  return to;
}
