import { describe, expect, it } from 'vitest';
import { type AggregateName, aggregate, aggregateNamed } from './aggregates.ts';
import { joined } from './consolidation.ts';
import { percentile } from './percentile.ts';
import { pythonFloat, shortFloat } from './python-text.ts';
import { roundHalfEven } from './rounding.ts';
import { tagsOfName } from './series.ts';
import { slidingAggregate } from './sliding.ts';

const none = Number.NaN;
const values = Float64Array.of(3, none, 1, 5, none, 2);

describe('numbers', () => {
  it.each([
    [5, '5.0', '5'],
    [-0, '-0.0', '-0'],
    [0.1, '0.1', '0.1'],
    [1e16, '1e+16', '1e+16'],
    [123456789, '123456789.0', '1.23457e+08'],
    [0.00001, '1e-05', '1e-05'],
    [0.0001, '0.0001', '0.0001'],
    [1 / 3, '0.3333333333333333', '0.333333'],
    [100000, '100000.0', '100000'],
    [999999.5, '999999.5', '1e+06'],
    [Number.POSITIVE_INFINITY, 'inf', 'inf'],
    [none, 'nan', 'nan'],
  ])('%d is written as Python does', (value, float, short) => {
    expect([pythonFloat(value), shortFloat(value)]).toEqual([float, short]);
  });

  it.each([
    [2.5, 0, 2],
    [3.5, 0, 4],
    [-2.5, 0, -2],
    [0.125, 2, 0.12],
    [0.15, 1, 0.1],
    [2.675, 2, 2.67],
    [1234, -2, 1200],
    [1e300, 2, 1e300],
  ])('%d with %d digits is rounded as Python does', (value, digits, expected) => {
    expect(roundHalfEven(value, digits)).toBe(expected);
  });
});

describe('aggregates', () => {
  it.each<[AggregateName, number]>([
    ['sum', 11],
    ['average', 2.75],
    ['avg_zero', 11 / 6],
    ['median', 2.5],
    ['min', 1],
    ['max', 5],
    ['range', 4],
    ['count', 4],
    ['diff', -5],
    ['multiply', none],
    ['first', 3],
    ['last', 2],
    ['stddev', Math.sqrt(35 / 16)],
  ])('%s leaves out what is not there', (name, expected) => {
    expect(Number(aggregate(name, values).toFixed(12))).toBe(Number(expected.toFixed(12)));
    const nothing = aggregate(name, new Float64Array(2).fill(none));
    expect(nothing).toBe(none);
  });

  it('have short names', () => {
    expect(['avg', 'totalSeries', 'current', 'rangeOf'].map(aggregateNamed)).toEqual([
      'average',
      'sum',
      'last',
      'range',
    ]);
    expect(() => aggregateNamed('constructor')).toThrow("'constructor' aggregates nothing");
  });

  it('join values where enough are there', () => {
    expect([...joined(values, 4, 'average', 0.5)]).toEqual([3, 2]);
    expect([...joined(values, 4, 'max', 0.6)]).toEqual([5, none]);
  });

  it.each<AggregateName>(['average', 'sum', 'median', 'min', 'max', 'stddev'])('%s slides', (name) => {
    const many = Float64Array.from({ length: 500 }, (_, index) =>
      index % 7 === 3 ? none : (index * 37) % 101,
    );
    const slid = slidingAggregate(many, 10, name, 0);
    const expected = Array.from(slid, (_, index) => aggregate(name, many, index, 10));
    for (const [index, value] of expected.entries()) expect(slid[index]).toBeCloseTo(value, 9);
    expect(slid).toHaveLength(490);
  });
});

it.each([
  [50, false, 3],
  [0.1, false, 1],
  [100, false, 5],
  [30, true, 1.5],
])('percentile %d is found', (percent, interpolates, expected) => {
  expect(percentile(values, percent, interpolates)).toBe(expected);
});

it('tells the tags of a name', () => {
  expect(tagsOfName('a.b;x=1;y=2')).toEqual({ name: 'a.b', x: '1', y: '2' });
  expect(tagsOfName('f("a;b")')).toEqual({ name: 'f("a;b")' });
  expect(tagsOfName('scale(a;b=c,2)')).toEqual({ name: 'scale(a;b=c,2)' });
});
