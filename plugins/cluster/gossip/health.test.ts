import { expect, it } from 'vitest';
import { healthChange, nextHealth } from './health.ts';

it.each([
  [{ acked: true, helpers: 3, nacks: 0 }, -1],
  [{ acked: false, helpers: 0, nacks: 0 }, 1],
  [{ acked: false, helpers: 3, nacks: 0 }, 3],
  [{ acked: false, helpers: 3, nacks: 2 }, 1],
  [{ acked: false, helpers: 3, nacks: 3 }, 0],
])('after %j changes by %i', (outcome, change) => {
  expect(healthChange(outcome)).toBe(change);
});

it('stays from 0 to 7', () => {
  expect([nextHealth(0, -1), nextHealth(6, 3), nextHealth(3, 1)]).toEqual([0, 7, 4]);
});
