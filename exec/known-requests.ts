import type { CheckRun, CommandRequest } from './command.ts';

/** A request that came more than once. */
export interface Known {
  /** Its number on every thread that has been told of it. */
  slot: number;
  /** The thread that knows it by its number; null for none. */
  taught: object | null;
  /** How its last run ended that this thread told in full. */
  last: CheckRun | null;
}

/**
 * Recognises requests that are handed in again as the same object, as those of checks are: thousands of times the same words need not be
 * copied from thread to thread. Holds nothing that its owner has let go.
 */
export class KnownRequests {
  #known = new WeakMap<CommandRequest, Known>();
  #slots = 0;

  /** How many numbers are given; its owner forgets when there are too many. */
  get size(): number {
    return this.#slots;
  }

  /** What is known of a request; null when it comes for the first time. */
  of(request: CommandRequest): Known | null {
    const known = this.#known.get(request);
    if (known === undefined) {
      this.#known.set(request, { slot: 0, taught: null, last: null });
      return null;
    }
    if (known.slot === 0) {
      this.#slots += 1;
      known.slot = this.#slots;
    }
    return known;
  }

  /** Begins anew, and gives all numbers again. */
  forget(): void {
    this.#known = new WeakMap();
    this.#slots = 0;
  }
}
