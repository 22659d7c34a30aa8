import type { Timers } from './transport.ts';

/** Signatures checked in one turn of the event loop: a flood of claims must not delay an answer to a probe. */
const checksPerTurn = 50;

/** Lets claims in once their signatures are checked, a bounded number a turn. Beyond `limit` waiting ones the oldest is lost; the next full exchange brings it again. */
export class Admission {
  readonly #timers: Timers;
  readonly #limit: number;
  #waiting: (() => void)[] = [];
  #left = checksPerTurn;
  #cancel: (() => void) | undefined;
  #dropped = 0;

  constructor(timers: Timers, limit = 16_384) {
    this.#timers = timers;
    this.#limit = limit;
  }

  /** Claims lost to the bound since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Runs `check` now or in a later turn. One call stands for one claim. */
  submit(check: () => void): void {
    this.#cancel ??= this.#timers.after(0, () => this.#turn());
    if (this.#left > 0) {
      this.#left -= 1;
      check();
      return;
    }
    this.#waiting.push(check);
    if (this.#waiting.length > this.#limit) {
      this.#waiting.shift();
      this.#dropped += 1;
    }
  }

  /** Forgets what waits. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waiting = [];
  }

  #turn(): void {
    this.#cancel = undefined;
    const now = this.#waiting.splice(0, checksPerTurn);
    this.#left = checksPerTurn - now.length;
    if (this.#waiting.length > 0 || now.length > 0) this.#cancel = this.#timers.after(0, () => this.#turn());
    for (const check of now) check();
  }
}
