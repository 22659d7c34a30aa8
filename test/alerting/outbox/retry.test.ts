import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGivenUp, retryLimits, retryPauseMs, stuckLimits } from '../../../alerting/outbox/retry.ts';

const day = 86_400_000;
const half = (): number => 0.5;

describe('the pause before another try', () => {
  it('doubles with each failure up to ten minutes', () => {
    const pauses = [1, 2, 3, 7, 8, 30, 1000].map((failures) => retryPauseMs(failures, () => 1));
    expect(pauses).toEqual([5000, 10_000, 20_000, 320_000, 600_000, 600_000, 600_000]);
  });

  it('lies anywhere up to that, as chance has it, but not below a second', () => {
    expect([1, 4].map((failures) => retryPauseMs(failures, half))).toEqual([2500, 20_000]);
    expect(retryPauseMs(20, () => 0)).toBe(1000);
    const many = Array.from({ length: 1000 }, () => retryPauseMs(8, Math.random));
    const inQuarter = [0, 1, 2, 3].map((quarter) =>
      many.filter((ms) => Math.floor(ms / 150_001) === quarter),
    );
    for (const found of inQuarter) expect(found.length).toBeGreaterThan(100);
  });

  it('is no shorter than the other side asks, and no longer than a day', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(),
        (failures, chance, asked) => {
          const pauseMs = retryPauseMs(failures, () => chance, asked);
          expect(pauseMs).toBeGreaterThanOrEqual(Math.min(asked, day));
          expect(pauseMs).toBeLessThanOrEqual(Math.max(600_000, Math.min(asked, day)));
        },
      ),
    );
  });
});

it.each([
  [29, day - 1, retryLimits, false],
  [30, 0, retryLimits, true],
  [1, day, retryLimits, true],
  [9, 0, stuckLimits, false],
  [10, 0, stuckLimits, true],
])('after %i failures at an age of %i ms, with %j, gives up: %s', (attempts, ageMs, limits, is) => {
  expect(isGivenUp(attempts, ageMs, limits)).toBe(is);
});
