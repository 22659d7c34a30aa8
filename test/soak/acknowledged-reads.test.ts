import { expect, it } from 'vitest';
import { acknowledgedReads, type Told } from './acknowledged-reads.ts';

/** A server that reads ten points each 20 ms, and tells so. */
const steady = (now = 300, most = 500): Told[] =>
  Array.from({ length: 100 }, (_, index) => ({
    from: index * 20,
    at: index * 20,
    points: 10 * (index + 1),
    unsafeMs: { now, most },
  }));

it('counts what was read a second before the kill, however late somebody looks', () => {
  expect(acknowledgedReads(steady(), 1500)).toBe(250);
  expect(acknowledgedReads(steady(), 900)).toBe(0);
  const late = { from: 5000, at: 5000, points: 5000, unsafeMs: { now: 0, most: 0 } };
  expect(acknowledgedReads([...steady(), late], 1500)).toBe(250);
});

it.each([
  ['has said so before', steady(300, 1001), 1500],
  ['would have said so at its end, had it had a turn', steady(300), 1980 + 701],
  ['never said anything', [], 100],
])('counts nothing of a server that was late, where it %s', (_, told, killedAt) => {
  expect(acknowledgedReads(told, killedAt)).toBeNull();
});
