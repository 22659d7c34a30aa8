import { expect, it } from 'vitest';
import { type MetricBatch, metricPoints } from './metrics.ts';

const batch = (lines: string): MetricBatch => ({ source: 'statsd', seq: 1, at: 60, count: 1, lines });

it.each<[string, [string, number][]]>([
  ['', []],
  [
    'a 1\nb.c;k=v -2.5e-7\n',
    [
      ['a', 1],
      ['b.c;k=v', -2.5e-7],
    ],
  ],
  [
    'a 1\nb 2',
    [
      ['a', 1],
      ['b', 2],
    ],
  ],
  ['a\n 1\nb \nc NaN\nd Infinity\n\ne 3\n', [['e', 3]]],
])('reads the points of %j', (lines, points) => {
  expect([...metricPoints(batch(lines))]).toEqual(points.map(([name, value]) => ({ name, value, at: 60 })));
});
