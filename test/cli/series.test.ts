import { expect, it } from 'vitest';
import { fitInto, shortNumber, sparkline, summaryOf } from '../../cli/series.ts';

it('sums up the values that are there', () => {
  expect(summaryOf([1, null, 3])).toEqual({ min: 1, max: 3, mean: 2, last: 3 });
  expect(summaryOf([null])).toBeUndefined();
});

it('makes many values few, by their means', () => {
  expect(fitInto([1, 3, null, null, 5, 7], 3)).toEqual([2, null, 6]);
  expect(fitInto([1, 2], 5)).toEqual([1, 2]);
});

it.each([
  [[0, 1, 2, 3, 4, 5, 6, 7], '▁▂▃▄▅▆▇█'],
  [[5, 5], '▅▅'],
  [[1, null, 2], '▁ █'],
  [[null, null], '  '],
])('draws %j as %s', (values, expected) => {
  expect(sparkline(values, 20)).toBe(expected);
});

it.each([
  [0, '0'],
  [1.23456, '1.235'],
  [-1234, '-1234'],
  [123_456, '123.5K'],
  [2_500_000_000, '2.5G'],
])('writes %d as %s', (value, expected) => {
  expect(shortNumber(value)).toBe(expected);
});
