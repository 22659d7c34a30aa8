import { describe, expect, it } from 'vitest';
import { ChartHistory, keptValues, rowsOf, seriesName, sourcesOf } from '../../../cli/dashboards/history.ts';

it('keeps the latest values', () => {
  const history = new ChartHistory<string>();
  history.begin('cpu', [1, 2]);
  expect(history.add('cpu', 3)).toEqual([1, 2, 3]);
  for (let at = 0; at < keptValues; at += 1) history.add('cpu', at);
  expect(history.add('cpu', null)).toHaveLength(keptValues);
});

it.each([
  ['100 - {{collector.cpustats.cpu_all.%idle}}', ['collector.cpustats.cpu_all.%idle']],
  [
    '{collector.a.b} + {{ collector.c.d || 0 }} + {{collector.c.d||0}}',
    ['collector.a.b', 'collector.c.d', 'collector.c.d'],
  ],
  ['{{parameters.limit}} + 1', []],
])('finds the collectors of %s', (expression, paths) => {
  expect(sourcesOf(expression).map(({ path }) => path)).toEqual(paths);
});

it('names a series as the store does', () => {
  expect(seriesName('web.1', 'collector.iostats.sda.read_bytes/s')).toBe('web_1.iostats.sda.read_bytes_s');
});

describe('rows of the past', () => {
  const at = (value: number | null, time: number): [number | null, number] => [value, time];
  const series = [
    { target: 'a', datapoints: [at(1, 100), at(2, 110), at(null, 120), at(4, 130)] },
    { target: 'b', datapoints: [at(10, 100), at(20, 110), at(30, 120), at(40, 130)] },
  ];

  it('hold what each series was at a time, and nothing where one is unknown', () => {
    const rows = rowsOf(series, 10_000, 140_000);
    expect(rows).toHaveLength(keptValues - 1);
    expect(rows.slice(-5)).toEqual([null, [1, 10], [2, 20], null, [4, 40]]);
  });

  it('repeat a value for looks that are closer together than the store keeps them', () => {
    expect(rowsOf([series[1]!], 5000, 140_000).slice(-4)).toEqual([[30], [30], [40], [40]]);
  });
});
