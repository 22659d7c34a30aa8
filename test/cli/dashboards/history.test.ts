import { describe, expect, it } from 'vitest';
import {
  ChartHistory,
  keptValues,
  leavesOf,
  type PastSource,
  rowsOf,
  seriesName,
  sourcesOf,
} from '../../../cli/dashboards/history.ts';

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
  const steps = ['iostats', 'sda', 'read_bytes/s'];
  expect(seriesName('web.1', steps)).toBe('web_1.iostats.sda.read_bytes_s');
});

describe('the numbers of a source', () => {
  const results = { eth0: { 'rx/s': 1, 'tx/s': 2 }, lo: { 'rx/s': 3 }, total: 4, name: 'x' };
  const leaves = (path: string, expression: string): string[] =>
    leavesOf('web', { written: '', path }, results, expression).map(({ series }) => series);

  it('are itself, or those of a mapping that the expression names', () => {
    expect(leaves('collector.net.total', '')).toEqual(['web.net.total']);
    expect(leaves('collector.net', "[c['rx/s'] for c in x]")).toEqual([
      'web.net.eth0.rx_s',
      'web.net.lo.rx_s',
    ]);
    expect(leaves('collector.net.eth0', 'x["tx/s"]')).toEqual(['web.net.eth0.tx_s']);
  });

  it('are none of a text, and of what is not there', () => {
    expect([...leaves('collector.net.name', ''), ...leaves('collector.net.eth1.rx/s', '')]).toEqual([]);
  });
});

describe('rows of the past', () => {
  const at = (value: number | null, time: number): [number | null, number] => [value, time];
  const series = [
    { target: 'a', datapoints: [at(1, 100), at(2, 110), at(null, 120), at(4, 130)] },
    { target: 'b', datapoints: [at(10, 100), at(20, 110), at(30, 120), at(null, 130)] },
  ];
  const source = (...leaves: [string, ...string[]][]): PastSource => ({
    ...{ written: '', path: '', holdSeconds: 5 },
    leaves: leaves.map(([name, ...steps]) => ({ series: name, steps })),
  });

  it('hold what each source was at a time, and nothing where one is unknown', () => {
    const rows = rowsOf([source(['a']), source(['b'])], series, 10_000, 140_000);
    expect(rows).toHaveLength(keptValues - 1);
    expect(rows.slice(-5)).toEqual([null, '(1,10,)', '(2,20,)', null, null]);
  });

  it('hold mappings without what is unknown in them', () => {
    const rows = rowsOf([source(['a', 'eth0', 'rx/s'], ['b', 'lo', 'rx/s'])], series, 10_000, 140_000);
    expect(rows.slice(-3)).toEqual([
      '({"eth0":{"rx/s":2},"lo":{"rx/s":20}},)',
      '({"lo":{"rx/s":30}},)',
      '({"eth0":{"rx/s":4}},)',
    ]);
  });

  it('hold a value until the next run of its collector', () => {
    const slow = { ...source(['b']), holdSeconds: 15 };
    const rows = rowsOf([source(['a']), slow], series, 10_000, 150_000);
    expect(rows.slice(-3)).toEqual([null, '(4,30,)', null]);
  });

  it('repeat a value for looks that are closer together than the store keeps them', () => {
    const rows = rowsOf([source(['a'])], series, 5000, 140_000);
    expect(rows.slice(-6, -2)).toEqual(['(2,)', '(2,)', null, null]);
  });
});
