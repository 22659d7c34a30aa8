import { describe, expect, it } from 'vitest';
import { columnsOf, figuresOf, renderPath, stepOf, targetsOfCheck } from './series.ts';
import { readTargets, toggledTarget, writeTargets } from './targets.ts';
import { timeTicks } from './time-ticks.ts';

const a = {
  target: 'a',
  datapoints: [
    [1, 10],
    [null, 20],
    [3, 30],
  ] as [number | null, number][],
};
const b = {
  target: 'b',
  datapoints: [
    [5, 20],
    [6, 40],
  ] as [number | null, number][],
};

describe('series', () => {
  it('stand over the times of all of them', () => {
    expect(columnsOf([a, b])).toEqual([
      [10, 20, 30, 40],
      [1, null, 3, null],
      [null, 5, null, 6],
    ]);
    expect(columnsOf([])).toEqual([[]]);
  });

  it('come to figures', () => {
    expect(figuresOf(a)).toEqual({ target: 'a', min: 1, max: 3, mean: 2, last: 3 });
    expect(figuresOf({ target: 'c', datapoints: [[null, 1]] })).toMatchObject({ min: null, last: null });
  });

  it('of a check are its own figures and the numbers it read', () => {
    const keys = ['collector.memory.available_pct', 'collector.memory.available_pct', 'configuration.limit'];
    expect(targetsOfCheck('web.1', 'root disk', keys)).toEqual([
      'web_1.checks.root_disk.*',
      'web_1.memory.available_pct',
    ]);
    expect(stepOf('é/dev:sd@1')).toBe('é_dev:sd@1');
  });

  it('are asked for by targets', () => {
    expect(renderPath(['a.*', 'sum(b)'], '-1h', 9)).toBe(
      'render?target=a.*&target=sum%28b%29&from=-1h&format=json&maxDataPoints=9',
    );
    const query = new URLSearchParams([['target', writeTargets(['a', 'f(b, c)'])]]);
    expect(readTargets(query)).toEqual(['a', 'f(b, c)']);
    expect(readTargets(new URLSearchParams())).toEqual([]);
    expect([toggledTarget(['a'], 'b'), toggledTarget(['a', 'b'], 'a')]).toEqual([['a', 'b'], ['b']]);
  });
});

it('names hours at the ticks of an axis, and the day where one begins', () => {
  const at = (hours: number, minutes = 0): number => new Date(2026, 0, 2, hours, minutes).getTime() / 1000;
  expect(timeTicks([at(22), at(23), at(24), at(25)], 3600)).toEqual([
    ...['22:00\n2026-01-02', '23:00', '00:00\n2026-01-03', '01:00'],
  ]);
  expect(timeTicks([at(0), at(24)], 86_400)).toEqual(['2026-01-02', '2026-01-03']);
  expect(timeTicks([at(1, 2)], 10)).toEqual(['01:02:00\n2026-01-02']);
});
