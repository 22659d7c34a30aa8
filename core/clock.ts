import { performance } from 'node:perf_hooks';
import type { Clock } from 'opsbro/sdk';

/** A clock that can also wake its caller: the core's only source of time, so tests move it by hand. */
export interface TimerClock extends Clock {
  /** Calls `wake` once after `delayMs`; the returned function cancels it. A pending timer does not keep the process alive. */
  after(delayMs: number, wake: () => void): () => void;
}

/** The machine's clock. */
export const systemClock: TimerClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, wake) {
    const timer = setTimeout(wake, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves with false once `afterMs` have passed: what a wait with a deadline races against. */
export function late(afterMs: number): Promise<false> {
  return new Promise((resolve) => systemClock.after(afterMs, () => resolve(false)));
}
