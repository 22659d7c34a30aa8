import { expect, it } from 'vitest';
import { namesOf, Series } from '../../../sandbox/budgets/series.ts';

const hourMs = 3_600_000;
const names = (...list: string[]): Set<number> => namesOf(Object.fromEntries(list.map((name) => [name, 1])));

it('counts different names, and takes none of a run that has too many', () => {
  const series = new Series();
  expect(series.take(names('a', 'b'), 3, 0)).toBe(2);
  expect(series.take(names('a', 'c'), 3, 1)).toBe(3);
  expect(series.take(names('d', 'e'), 3, 2)).toBe(5);
  expect(series.take(names('a', 'b', 'c'), 3, 3)).toBe(3);
});

it('forgets a name that was not seen for a day, and keeps one that is', () => {
  const series = new Series();
  series.take(names('old', 'kept'), 3, 0);
  for (let hour = 1; hour <= 40; hour += 1) series.take(names('kept'), 3, hour * hourMs);
  expect(series.take(names('kept', 'new', 'newer'), 3, 41 * hourMs)).toBe(3);
  expect(series.take(names('again'), 1, 100 * hourMs)).toBe(1);
});

it('names numbers by their whole path', () => {
  expect(namesOf({ ab: { c: 1 }, a: { bc: 1 }, abc: 1 }).size).toBe(3);
  expect(namesOf({ a: { b: 1, text: 'x', none: null, is: true }, list: [1, 2] }).size).toBe(3);
  expect(namesOf({ a: 1 })).toEqual(namesOf({ a: 7 }));
});
