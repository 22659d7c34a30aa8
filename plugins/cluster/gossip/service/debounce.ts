import type { Timers } from '../transport.ts';

/** Runs something once for many calls: the first at once unless it is to wait too, those behind it together when the pause is over. A pause that has grown meanwhile lasts as long as it is then. */
export class Debounce {
  readonly #timers: Timers;
  readonly #pauseMs: () => number;
  readonly #run: () => void;
  readonly #first: 'now' | 'later';
  #cancel: (() => void) | undefined;
  #sinceMs = 0;
  #isWanted = false;

  constructor(
    timers: Timers,
    pauseMs: number | (() => number),
    run: () => void,
    first: 'now' | 'later' = 'now',
  ) {
    this.#timers = timers;
    this.#pauseMs = typeof pauseMs === 'number' ? () => pauseMs : pauseMs;
    this.#run = run;
    this.#first = first;
  }

  call(): void {
    this.#isWanted = true;
    if (this.#cancel !== undefined) return;
    if (this.#first === 'now') this.#turn();
    else this.#pause();
  }

  /** Whether it was called since it ran last. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#isWanted = false;
  }

  #turn(): void {
    this.#cancel = undefined;
    if (!this.#isWanted) return;
    this.#isWanted = false;
    this.#pause();
    this.#run();
  }

  #pause(): void {
    this.#sinceMs = this.#timers.now();
    this.#arm(this.#pauseMs());
  }

  #arm(delayMs: number): void {
    this.#cancel = this.#timers.after(delayMs, () => {
      const leftMs = this.#sinceMs + this.#pauseMs() - this.#timers.now();
      // A timer may ring a moment early.
      if (leftMs > 1) this.#arm(leftMs);
      else this.#turn();
    });
  }
}
