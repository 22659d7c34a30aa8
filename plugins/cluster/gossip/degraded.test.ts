import { expect, it } from 'vitest';
import { type Degradation, nextDegradation } from './degraded.ts';

const next = (before: Degradation, members: number, freshSuspects: number, nowMs = 0): string =>
  nextDegradation(before, { members, freshSuspects, nowMs, maxMs: 60_000 }).state;

it.each([
  [5, 4, 'normal'],
  [6, 2, 'normal'],
  [6, 3, 'degraded'],
  [12, 3, 'normal'],
  [12, 4, 'degraded'],
  [100, 33, 'normal'],
  [100, 34, 'degraded'],
])('of %i members with %i fresh suspects makes a node %s', (members, suspects, state) => {
  expect(next({ state: 'normal' }, members, suspects)).toBe(state);
});

it('ends with its cause', () => {
  expect(next({ state: 'degraded', sinceMs: 0 }, 6, 2, 1000)).toBe('normal');
});

it('ends after its time, and does not begin again before the cause has gone', () => {
  expect(next({ state: 'degraded', sinceMs: 0 }, 6, 3, 59_999)).toBe('degraded');
  expect(next({ state: 'degraded', sinceMs: 0 }, 6, 3, 60_000)).toBe('spent');
  expect(next({ state: 'spent' }, 6, 3)).toBe('spent');
  expect(next({ state: 'spent' }, 6, 0)).toBe('normal');
});
