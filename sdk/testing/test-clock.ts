import type { Clock } from '../context.ts';

/** A clock that only moves when told to. */
export interface TestClock extends Clock {
  /** Moves both the wall and the monotonic clock forward by `ms`. */
  advance(ms: number): void;
  /** Makes the wall clock jump by `ms` (may be negative); the monotonic clock does not notice. */
  step(ms: number): void;
}

/**
 * A clock for tests: `now()` starts at `startMs` (epoch milliseconds, default 2026-01-01T00:00:00Z), `monotonic()` at 1,000.
 * @example `const clock = testClock(); clock.advance(10_000);`
 */
export function testClock(startMs: number = Date.UTC(2026, 0, 1)): TestClock {
  let wallMs = startMs;
  let monotonicMs = 1000;
  return {
    now: () => wallMs,
    monotonic: () => monotonicMs,
    advance(ms) {
      wallMs += ms;
      monotonicMs += ms;
    },
    step(ms) {
      wallMs += ms;
    },
  };
}
