import { describe, expect, it } from 'vitest';
import { decideRestart, recentFailures } from '../../../threads/services/restart-policy.ts';

const limits = { firstMs: 500, longestMs: 60_000, jitter: 0.2, failures: 8, windowMs: 600_000 };
const failures = (count: number): number[] => Array.from({ length: count }, (_, index) => 1000 + index);

describe('decideRestart', () => {
  it.each([
    [1, 500],
    [2, 1000],
    [3, 2000],
    [7, 32_000],
  ])('doubles the pause with each failure: after %i, %i ms', (count, afterMs) => {
    expect(decideRestart(failures(count), 2000, 0.5, limits)).toEqual({ action: 'restart', afterMs });
  });

  it('pauses no longer than the limit', () => {
    const many = { ...limits, failures: 100 };
    expect(decideRestart(failures(50), 2000, 0.5, many)).toEqual({ action: 'restart', afterMs: 60_000 });
  });

  it.each([
    [0, 400],
    [0.999999, 600],
  ])('moves the pause by chance: %f gives %i ms', (chance, afterMs) => {
    expect(decideRestart([1000], 1000, chance, limits)).toEqual({ action: 'restart', afterMs });
  });

  it('gives up after the last failure of a window', () => {
    expect(decideRestart(failures(8), 2000, 0.5, limits)).toEqual({ action: 'give-up' });
  });

  it('forgets failures that are older than the window', () => {
    const late = 1000 + limits.windowMs + 4;
    expect(recentFailures(failures(8), late, limits)).toEqual([1005, 1006, 1007]);
    expect(decideRestart(failures(8), late, 0.5, limits)).toEqual({ action: 'restart', afterMs: 2000 });
  });
});
