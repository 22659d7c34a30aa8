import { expect, it } from 'vitest';
import { nextLookMs } from './own-metrics.ts';

it.each([
  [[], 5000],
  [[10, 60], 5000],
  [[10, 3], 1500],
  [[1, 10], 500],
  [[0.5], 500],
])('looks for the runs of collectors of every %j s after %d ms', (intervals, expected) => {
  expect(nextLookMs(intervals)).toBe(expected);
});
