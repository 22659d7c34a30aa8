/** A look that comes this much late: whoever was to make it stood still. */
const stillMs = 1000;

/**
 * Time without that in which this process stood still, as when it was stopped and continued: what ended meanwhile is yet to be read, and what
 * still runs was perhaps stopped as well. Learns of it by looks that come late.
 */
export class OwnTime {
  #lostMs = 0;
  #expected = Number.POSITIVE_INFINITY;

  /** Monotonic ms; it may go back once by what was not known to be lost yet, a second. */
  now(): number {
    return this.of(performance.now());
  }

  /** The same of a moment just read from `performance.now()`, which costs more than the rest. */
  of(now: number): number {
    return now - this.#lostMs - this.#overdue(now);
  }

  /** There is to be a look after so long. */
  expect(delayMs: number): void {
    this.#expected = performance.now() + delayMs;
  }

  /** The look has come. */
  looked(): void {
    this.#lostMs += this.#overdue(performance.now());
    this.#expected = Number.POSITIVE_INFINITY;
  }

  #overdue(now: number): number {
    const lateMs = now - this.#expected;
    return lateMs > stillMs ? lateMs : 0;
  }
}
