import { OpsbroError } from '../../core/errors.ts';

/** Looks that can be tracked at once in the whole process; further ones go untracked. */
const slots = 256;
/** Hash of the path, number of the lane, time of the start in seconds. */
const width = 3;
/** A look that takes longer is taken for hung. */
const hungSeconds = 2;

/** Size of the table that all threads share. */
export const pendingLooksBytes = slots * width * Int32Array.BYTES_PER_ELEMENT;

/**
 * Which paths are being looked at, in all threads together. A look at a hung mount never returns and holds one of the process's four I/O threads, so a path
 * whose look hangs is not looked at again: else a collector that comes back every ten seconds would soon stop all file access, the stores' too.
 */
export class PendingLooks {
  readonly #cells: Int32Array;
  readonly #lane: number;
  readonly #seconds: () => number;

  /** `lane` tells threads apart and is not 0. `seconds` is any clock that all threads share. */
  constructor(table: SharedArrayBuffer, lane: number, seconds: () => number) {
    this.#cells = new Int32Array(table);
    this.#lane = lane;
    this.#seconds = seconds;
  }

  /** Runs a look at a path, or refuses it (`OPSBRO_HOST_IO`) while an earlier look at the same path hangs. */
  async look<T>(path: string, work: () => Promise<T>): Promise<T> {
    const slot = this.#enter(path);
    try {
      return await work();
    } finally {
      if (slot >= 0) Atomics.store(this.#cells, slot + 1, 0);
    }
  }

  /** Forgets what a thread was looking at; for the main thread, once the kernel has let the thread go. */
  static forget(table: SharedArrayBuffer, lane: number): void {
    const cells = new Int32Array(table);
    for (let slot = 0; slot < cells.length; slot += width) Atomics.compareExchange(cells, slot + 1, lane, 0);
  }

  #enter(path: string): number {
    const hash = hashOf(path);
    const now = Math.trunc(this.#seconds());
    let free = -1;
    for (let slot = 0; slot < this.#cells.length; slot += width) {
      if (Atomics.load(this.#cells, slot + 1) === 0) {
        if (free < 0) free = slot;
      } else if (
        Atomics.load(this.#cells, slot) === hash &&
        now - Atomics.load(this.#cells, slot + 2) > hungSeconds
      ) {
        throw new OpsbroError('OPSBRO_HOST_IO', `${path}: an earlier look at it hangs; is its mount gone?`);
      }
    }
    // Another thread may take the slot first; then this look goes untracked, as when the table is full.
    if (free < 0 || Atomics.compareExchange(this.#cells, free + 1, 0, this.#lane) !== 0) return -1;
    Atomics.store(this.#cells, free + 2, now);
    Atomics.store(this.#cells, free, hash);
    return free;
  }
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}
