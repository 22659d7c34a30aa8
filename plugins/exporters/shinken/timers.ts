/** Runs `work` once after `ms`; calling what it returns calls it off. An argument, so that tests move time by hand. */
export type After = (ms: number, work: () => void) => () => void;

/** Real time. Waiting for it keeps no process alive. */
export const realAfter: After = (ms, work) => {
  const timer = setTimeout(work, ms);
  timer.unref();
  return () => clearTimeout(timer);
};

/** Calls `work` once nothing has been noticed for `quietMs`, at the latest `latestMs` after the first that was. */
export class Quiet {
  readonly #after: After;
  readonly #times: { quietMs: number; latestMs: number };
  readonly #work: () => void;
  #calm: (() => void) | undefined;
  #latest: (() => void) | undefined;

  constructor(after: After, times: { quietMs: number; latestMs: number }, work: () => void) {
    this.#after = after;
    this.#times = times;
    this.#work = work;
  }

  notice(): void {
    this.#calm?.();
    this.#calm = this.#after(this.#times.quietMs, () => this.#run());
    this.#latest ??= this.#after(this.#times.latestMs, () => this.#run());
  }

  cancel(): void {
    this.#calm?.();
    this.#latest?.();
    this.#calm = undefined;
    this.#latest = undefined;
  }

  #run(): void {
    this.cancel();
    this.#work();
  }
}
