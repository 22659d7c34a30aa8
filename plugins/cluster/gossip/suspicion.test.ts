import { expect, it } from 'vitest';
import { confirmSuspicion, type Suspicion, suspicionDeadline } from './suspicion.ts';

const begun: Suspicion = {
  uuid: 'a',
  incarnation: 1,
  startedMs: 1000,
  minMs: 4000,
  maxMs: 24_000,
  needed: 2,
  accusers: ['b'],
};

it('ends at its maximum while nobody confirms it', () => {
  expect(suspicionDeadline(begun)).toBe(25_000);
});

/** Confirmed by each of `by`, who are heard one after the other; the grace of each ends at `graceEndMs`. */
const confirmed = (by: string[], graceEndMs = 0): Suspicion =>
  by.reduce((suspicion, one) => confirmSuspicion(suspicion, one, graceEndMs), begun);

it('ends at its minimum once enough have confirmed it', () => {
  expect(suspicionDeadline(confirmed(['c', 'd']))).toBe(5000);
});

it('ends with the grace of its last confirmation where that comes too late for its minimum', () => {
  expect(suspicionDeadline(confirmed(['c', 'd'], 21_000))).toBe(21_000);
});

it('outlasts its maximum for no grace', () => {
  expect(suspicionDeadline(confirmed(['c', 'd'], 99_000))).toBe(25_000);
});

it('counts an accuser once, and none beyond those needed', () => {
  expect(confirmSuspicion(begun, 'b', 0)).toBe(begun);
  const full = confirmed(['c', 'd']);
  expect(confirmSuspicion(full, 'e', 9000)).toBe(full);
});
