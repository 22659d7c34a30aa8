import { expect, it } from 'vitest';
import { newSeries } from '../series/series.ts';
import { jsonOf } from './json.ts';

const none = Number.NaN;
const series = (start: number, step: number, values: number[]) =>
  newSeries({
    name: 'a"b',
    start,
    end: start + step * values.length,
    step,
    values: Float64Array.from(values),
  });
const parsed = (...list: Parameters<typeof series>[]) =>
  (
    JSON.parse(
      new TextDecoder().decode(
        jsonOf(
          list.map((one) => series(...one)),
          {},
        ),
      ),
    ) as { datapoints: unknown[] }[]
  ).map(({ datapoints }) => datapoints);

it.each([
  [[0, -0, 1, -1, 9, 10, 99, 100, 2147483647, -2147483648, 2147483648, 1e21, 5e-324, 0.1, -1.5e300]],
  [[1 / 3, Math.PI * 1e9, 123456.789, 1e-7]],
])('writes numbers so that they are read as the same: %j', (values) => {
  expect(parsed([60, 60, values])[0]).toEqual(
    values.map((value, index) => [value === 0 ? 0 : value, 60 + index * 60]),
  );
});

it('writes null for what is no finite number', () => {
  expect(parsed([60, 60, [none, Number.POSITIVE_INFINITY, 2]])[0]).toEqual([
    [null, 60],
    [null, 120],
    [2, 180],
  ]);
});

it.each([
  [0, 7, 30],
  [95, 1, 20],
  [999_999_940, 60, 5],
  [1_732_870_800, 86_400, 400],
  [8, 5, 1000],
])('writes times from %d by %d', (start, step, count) => {
  const values = Array.from({ length: count }, (_, index) => index);
  expect(parsed([start, step, values])[0]).toEqual(values.map((value) => [value, start + value * step]));
});

it('shares times among series of other lengths', () => {
  const [short, long, other] = parsed([60, 60, [1]], [60, 60, [1, 2, 3]], [120, 10, [7]]);
  expect([short, long, other]).toEqual([
    [[1, 60]],
    [
      [1, 60],
      [2, 120],
      [3, 180],
    ],
    [[7, 120]],
  ]);
});

it('answers nothing by an empty list', () => {
  expect(new TextDecoder().decode(jsonOf([], {}))).toBe('[]');
  expect(parsed([60, 60, []])).toEqual([[]]);
});
