import { describe, expect, it } from 'vitest';
import { catalogue } from '../functions/catalogue.ts';
import { MemoryReader } from '../memory-reader.ts';
import { Budget, type RenderContext } from './context.ts';
import { Evaluation } from './evaluation.ts';
import { firstPath } from './node-key.ts';

const none = null;
const series = (...values: (number | null)[]) => ({ start: 600, step: 60, values });
const reader = new MemoryReader({
  'web1.cpu': series(1, 2, 3, 4),
  'web2.cpu': series(10, none, 30, 40),
  'web1.mem': series(5, 5, 5, 5),
  'slow.cpu': { start: 600, step: 120, values: [100, 200] },
  'disk;host=web1': series(1, 1, 1, 1),
  'disk;host=web2': series(2, 2, 2, 2),
});
const context = (change: Partial<RenderContext> = {}): RenderContext => ({
  reader,
  from: 599,
  until: 839,
  now: 839,
  zone: 'UTC',
  xFilesFactor: 0,
  templateValues: new Map(),
  random: () => 0.5,
  budget: new Budget(100_000, () => false),
  stacks: new Map(),
  ...change,
});
const evaluation = new Evaluation(catalogue);
const rendered = (target: string, change?: Partial<RenderContext>) =>
  evaluation
    .series(target, context(change))
    .map(({ name, values }) => [name, ...[...values].map((value) => (Number.isNaN(value) ? none : value))]);

describe('a target', () => {
  it.each([
    [
      'web*.cpu',
      [
        ['web1.cpu', 1, 2, 3, 4],
        ['web2.cpu', 10, none, 30, 40],
      ],
    ],
    ['nothing.*', []],
    ['scale(web1.cpu, factor=2)', [['scale(web1.cpu,2)', 2, 4, 6, 8]]],
    ['web1.cpu | scale(2) | alias("x")', [['x', 2, 4, 6, 8]]],
    ['template(scale($h.cpu, $n), h="web1", n=3)', [['scale(web1.cpu,3)', 3, 6, 9, 12]]],
    ['sumSeries(web*.cpu)', [['sumSeries(web*.cpu)', 11, 2, 33, 44]]],
    ['averageSeries(web1.cpu,slow.cpu)', [['averageSeries(web1.cpu,slow.cpu)', 50.75, 101.75]]],
    ["sumSeries(seriesByTag('name=disk'))", [["sumSeries(seriesByTag('name=disk'))", 3, 3, 3, 3]]],
    [
      "aliasByTags(seriesByTag('host=~web'), 'host')",
      [
        ['web1', 1, 1, 1, 1],
        ['web2', 2, 2, 2, 2],
      ],
    ],
    ['randomWalk("r")', [['r', 0, 0, 0, 0]]],
    ["movingAverage(web1.cpu, '1min')", [['movingAverage(web1.cpu,"1min")', none, 1, 2, 3]]],
  ])('%s is computed', (target, expected) => {
    expect(rendered(target)).toEqual(expected);
  });

  it('takes values for a template from the request', () => {
    const templateValues = new Map([['h', 'web2']]);
    expect(rendered('template($h.mem, h="web1")', { templateValues })).toEqual([]);
  });

  it.each([
    ['nope(a)', "there is no function 'nope'"],
    ['constructor(a)', "there is no function 'constructor'"],
    ['scale(web1.cpu)', "scale: 'factor' is missing"],
    ['scale(web1.cpu, 1, 2)', 'scale takes 2 arguments, and 3 are given'],
    ['scale(web1.cpu, 1, factor=2)', "scale: 'factor' is given twice"],
    ['scale(web1.cpu, faktor=2)', "scale has no parameter 'faktor'"],
    ['scale(web1.cpu, "x")', "scale: 'factor' must be a number"],
    ['scale(3, 2)', "scale: 'seriesList' must be series"],
    ['alias(web1.cpu, web1.cpu)', "alias: 'newName' must be a text in quotes"],
    ['aggregate(web1.cpu, "mode")', "'mode' aggregates nothing"],
    ['summarize(web1.cpu, "1x")', "'1x' is no span of time"],
    ['summarize(web1.cpu, "0s")', 'the interval must not be 0'],
    ['filterSeries(web1.cpu, "max", "~", 1)', "'~' compares nothing"],
    ['timeFunction("t", 0)', 'the step must be a second at least'],
  ])('%s is refused', (target, message) => {
    expect(() => rendered(target)).toThrow(message);
  });

  it('takes neither too many points nor too long', () => {
    expect(() => rendered('web*.*', { budget: new Budget(9, () => false) })).toThrow('too many points');
    expect(() => rendered('web*.*', { budget: new Budget(1000, () => true) })).toThrow('too long');
    expect(() => rendered('timeFunction("t",1)', { until: 1e12 })).toThrow('too many points');
  });
});

it.each([
  ['a.b', 'a.b'],
  ['scale(sum(a.b,c.d),2)', 'a.b'],
  ['movingAverage(a.b,"5min")', 'a.b'],
  ['f("x")', 'f("x")'],
  ['Total CPU (a)', 'Total'],
])('finds the first path of %s', (name, expected) => {
  expect(firstPath(name)).toBe(expected);
});
