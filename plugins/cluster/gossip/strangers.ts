/** Failed tries in a second. A try costs some 50 µs, so a flood takes a fortieth of a processor at most. */
const triesPerSecond = 500;

/**
 * Bounds what packets of senders that were never heard of may cost: each needs a subkey of its own before its tag can be checked, and who
 * makes up senders makes up as many as it likes. Only tries that fail are counted, so members are heard at any rate.
 */
export class Strangers {
  readonly #now: () => number;
  #left = triesPerSecond;
  #countedMs: number;

  /** `now`: milliseconds that never go back. */
  constructor(now: () => number) {
    this.#now = now;
    this.#countedMs = now();
  }

  /** Whether one more may be tried. */
  mayTry(): boolean {
    const now = this.#now();
    this.#left = Math.min(triesPerSecond, this.#left + ((now - this.#countedMs) * triesPerSecond) / 1000);
    this.#countedMs = now;
    return this.#left >= 1;
  }

  /** A try was in vain. */
  failed(): void {
    this.#left -= 1;
  }
}
