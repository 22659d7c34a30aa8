import { expect, it } from 'vitest';
import { NameTable } from '../grammar/name-table.ts';
import { Parser } from '../grammar/parser.ts';
import { type AggregateRules, percentile } from './aggregates.ts';
import { aggregates } from './batch.ts';
import { Columns } from './columns.ts';
import { inSlices, waitMs } from './schedule.ts';

function open() {
  const table = new NameTable({ names: 1000, chars: 1e6 });
  const columns = new Columns(table);
  const parser = new Parser(table, columns, () => undefined);
  const flush = async (text: string, rules: Partial<AggregateRules> = {}, chars = 1e6) => {
    parser.packet(Buffer.from(text));
    const all: AggregateRules = { naming: 'opsbro', intervalSeconds: 10, percentiles: [99], ...rules };
    const interval = columns.take(all.naming === 'statsd');
    const done = await inSlices(aggregates(interval, all, { shown: 2, chars }), 0, () => false);
    return {
      ...done,
      points: Object.fromEntries(
        done.lines
          .trim()
          .split('\n')
          .map((line) => line.split(' ')),
      ),
    };
  };
  return { table, columns, flush };
}

it("computes OpsBro's aggregates", async () => {
  const { flush } = open();
  const hundred = Array.from({ length: 100 }, (_, index) => `t:${100 - index}|ms`).join('\n');
  const { points, count, metrics, shown } = await flush(
    `g:4|g\ng:+4|g\nc:5|c|@0.5\nc:1|c\nm:3|m\ns:a|s\ns:b|s\n${hundred}`,
  );
  expect(points).toMatchObject({
    'stats.gauges.g': '6',
    'stats.gauges.g.min': '4',
    'stats.gauges.g.max': '8',
    'stats.gauges.c.count': '11',
    'stats.gauges.c.rate': '1.1',
    'stats.meters.m.count': '3',
    'stats.sets.s.count': '2',
    'stats.timers.t.mean': '50.5',
    'stats.timers.t.count': '100',
    'stats.timers.t.sum': '5050',
    'stats.timers.t.median': '50.5',
    'stats.timers.t.upper': '100',
    'stats.timers.t.lower': '1',
    'stats.timers.t.upper_99': '99.01',
    'stats.timers.t.sum_99': '4950',
  });
  expect(Number(points['stats.timers.t.std'])).toBeCloseTo(28.866_070_047_722_12, 12);
  expect([count, metrics, Object.keys(points).length]).toEqual([17, 5, 17]);
  expect(shown).toEqual([
    { kind: 1, name: 'g', values: { mean: 6, min: 4, max: 8, value: 8 } },
    { kind: 0, name: 'c', values: { count: 11, rate: 1.1 } },
  ]);
});

it('puts tags behind what follows the name', async () => {
  const { flush } = open();
  const { points } = await flush('t:1|ms|#b:2,a:1');
  expect(points['stats.timers.t.upper_99;a=1;b=2']).toBe('1');
});

it('tells nothing of what nothing came of, but remembers gauges', async () => {
  const { flush } = open();
  await flush('g:4|g\nc:1|c\nt:1|ms');
  expect((await flush('')).points).toEqual({ '': undefined });
  expect((await flush('g:+1|g')).points).toEqual({
    'stats.gauges.g': '5',
    'stats.gauges.g.min': '5',
    'stats.gauges.g.max': '5',
  });
});

it("goes on telling of all metrics under the original's names", async () => {
  const { flush } = open();
  const rules: Partial<AggregateRules> = { naming: 'statsd', percentiles: [90] };
  await flush('g:4|g\nc:20|c\nt:1|ms\ns:a|s', rules);
  expect((await flush('', rules)).points).toEqual({
    'stats.gauges.g': '4',
    'stats.c': '0',
    'stats_counts.c': '0',
    'stats.timers.t.count': '0',
    'stats.timers.t.count_ps': '0',
    'stats.sets.s.count': '0',
  });
});

it('forgets what nothing came of for long, and what it is told to', async () => {
  const { table, columns, flush } = open();
  await flush('old:1|g\nkept:1|g\nt:1|ms');
  for (let turn = 0; turn < 4; turn += 1) {
    await flush('kept:+1|g\nt:5|ms');
    columns.forget(3);
  }
  expect(table.bases).toEqual(['kept', 't']);
  expect([...columns.gauges()]).toEqual([[0, 5]]);
  expect((await flush('t:7|ms\nkept:9|g\nold:+1|g')).points).toMatchObject({
    'stats.timers.t.mean': '7',
    'stats.gauges.kept': '9',
    'stats.gauges.old': '1',
  });
});

it('leaves out what was removed in the middle of an interval', async () => {
  const { table, columns, flush } = open();
  await flush('a:1|ms\nb:1|ms');
  expect(table.size).toBe(2);
  const taken = await (async () => {
    const parser = new Parser(table, columns, () => undefined);
    parser.packet(Buffer.from('a:2|ms\nb:3|ms'));
    columns.remove([0]);
    parser.packet(Buffer.from('a:5|ms'));
    return flush('');
  })();
  expect(taken.points).toMatchObject({
    'stats.timers.a.count': '1',
    'stats.timers.a.sum': '5',
    'stats.timers.b.sum': '3',
  });
});

it.each([
  [[1], 99, 1],
  [[1, 2], 50, 1.5],
  [[1, 2, 3, 4], 25, 1.75],
  [[1, 2, 3], 100, 3],
])('interpolates %j at %d %% as numpy does', (values, percent, expected) => {
  expect(percentile(Float64Array.from(values), percent)).toBeCloseTo(expected, 12);
});

it.each([
  [0, 10_000],
  [1, 9999],
  [9500, 10_500],
  [19_999, 10_001],
])('at %d ms waits %d ms for the end of ten seconds', (now, expected) => {
  expect(waitMs(now, 10_000)).toBe(expected);
});

it('ends where its text is as long as it may be, and tells how many metrics are left out', async () => {
  const { flush } = open();
  const { points, metrics, leftOut } = await flush('a:1|c\nb:1|c\nc:1|c\nd:1|c', {}, 60);
  expect([Object.keys(points).length, metrics, leftOut]).toEqual([4, 2, 2]);
});

it('takes only so many characters of members', () => {
  const { columns } = open();
  const member = (index: number): string => `${index}`.padEnd(255, 'x');
  let taken = 0;
  while (columns.addMember(0, member(taken))) taken += 1;
  expect(taken).toBe(Math.floor((16 * 1024 * 1024) / 255));
  expect(columns.addMember(0, member(0))).toBe(true);
  columns.take(false);
  expect(columns.addMember(0, member(taken))).toBe(true);
});
