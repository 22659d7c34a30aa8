/** Ends intervals at whole multiples of their length by the wall clock, so that points of several agents stand at the same seconds. */
export class IntervalTimer {
  readonly #intervalMs: number;
  readonly #now: () => number;
  readonly #end: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(intervalMs: number, now: () => number, end: () => void) {
    this.#intervalMs = intervalMs;
    this.#now = now;
    this.#end = end;
  }

  start(): void {
    this.#timer = setTimeout(
      () => {
        this.start();
        this.#end();
      },
      waitMs(this.#now(), this.#intervalMs),
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** How long until the interval ends; a timer that fires a little early does not end it twice. */
export function waitMs(now: number, intervalMs: number): number {
  const left = intervalMs - (now % intervalMs);
  return left < intervalMs / 10 ? left + intervalMs : left;
}

/**
 * Drives work that `yield`s, and lets the loop turn after every `sliceMs` of it. Resolves with what it returns; ends at once, without letting
 * go of the loop again, when `isHurried`.
 */
export async function inSlices<Result>(
  work: Generator<undefined, Result>,
  sliceMs: number,
  isHurried: () => boolean,
): Promise<Result> {
  for (;;) {
    const began = performance.now();
    do {
      const step = work.next();
      if (step.done) return step.value;
    } while (isHurried() || performance.now() - began < sliceMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
