import { expect, it } from 'vitest';
import { acknowledgedReads, type Told } from './acknowledged-reads.ts';

/** A server that reads ten points each 20 ms, and tells so. */
const steady = (unsafeMs = 300): Told[] =>
  Array.from({ length: 100 }, (_, index) => ({ at: index * 20, points: 10 * (index + 1), unsafeMs }));

it('counts what was read a second before the kill, however late somebody looks', () => {
  expect(acknowledgedReads(steady(), 1500)).toBe(230);
  expect(acknowledgedReads(steady(), 900)).toBe(0);
  expect(acknowledgedReads([...steady(), { at: 5000, points: 5000, unsafeMs: 0 }], 1500)).toBe(230);
});

it('counts nothing of a server that was late', () => {
  expect(acknowledgedReads(steady(1001), 1500)).toBeNull();
  expect(acknowledgedReads(steady(), 5000)).toBeNull();
  expect(acknowledgedReads([], 100)).toBeNull();
});
