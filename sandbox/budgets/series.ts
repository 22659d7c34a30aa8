import type { Json } from 'opsbro/sdk';

/** A name that was not seen for between one and two of these is forgotten. */
const halfMs = 12 * 3_600_000;
/** FNV-1a, 32 bits: a name taken for another costs nothing but a place in the count. */
const seed = 0x811c9dc5 | 0;

/** The names of the metrics that one object of a plugin yielded within a day or so: each of them is a series that somebody keeps. */
export class Series {
  #fresh = new Set<number>();
  #old = new Set<number>();
  #since = 0;

  /** Takes the names of one run where that makes no more than `most`; tells how many there are, or would be. `nowMs` is monotonic. */
  take(names: ReadonlySet<number>, most: number, nowMs: number): number {
    if (nowMs - this.#since > halfMs) {
      this.#old = nowMs - this.#since > 2 * halfMs ? new Set() : this.#fresh;
      this.#fresh = new Set();
      this.#since = nowMs;
    }
    const added = [...names].filter((name) => !this.#fresh.has(name));
    const unknown = added.filter((name) => !this.#old.has(name)).length;
    const all = this.#fresh.size + this.#old.size + unknown;
    if (all > most) return all;
    for (const name of added) {
      this.#fresh.add(name);
      this.#old.delete(name);
    }
    return all;
  }
}

/** The numbers of a tree, each by a hash of its path. */
export function namesOf(value: Json): Set<number> {
  const names = new Set<number>();
  const visit = (inner: Json, path: number): void => {
    if (typeof inner === 'number') names.add(path);
    else if (typeof inner === 'object' && inner !== null)
      for (const [key, child] of Object.entries(inner)) visit(child, hashed(key, path));
  };
  visit(value, seed);
  return names;
}

function hashed(step: string, before: number): number {
  let hash = before;
  for (let index = 0; index < step.length; index += 1)
    hash = Math.imul(hash ^ step.charCodeAt(index), 0x01000193);
  // What no step has in it, so that `ab.c` is not `a.bc`.
  return Math.imul(hash ^ 0x1_0000, 0x01000193);
}
