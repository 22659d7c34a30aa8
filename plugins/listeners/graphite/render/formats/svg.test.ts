import { describe, expect, it } from 'vitest';
import { newSeries, type Series } from '../series/series.ts';
import { marksFor, markText, timeMarks } from './scale.ts';
import { svgOf } from './svg.ts';
import { graphOptions } from './svg-options.ts';

const from = 1732870800;
const time = { from, until: from + 600, zone: 'UTC' };
const series = (name: string, values: number[], change: Partial<Series> = {}): Series => ({
  ...newSeries({
    name,
    start: from,
    end: from + values.length * 60,
    step: 60,
    values: Float64Array.from(values),
  }),
  ...change,
});
const drawn = (list: Series[], options: { [name: string]: string } = {}) =>
  svgOf(
    list,
    graphOptions((name) => options[name], time),
  );
const count = (text: string, part: RegExp) => [...text.matchAll(part)].length;

describe('a graph', () => {
  it('has a title, axes, a curve for each series and a legend', () => {
    const svg = drawn([series('one', [1, 2, 3]), series('two', [3, 2, 1])], {
      title: 'Load',
      vtitle: 'per core',
    });
    for (const text of [
      '>Load</text>',
      '>per core</text>',
      '>one</text>',
      '>two</text>',
      '>09:04</text>',
      '>2.5</text>',
    ])
      expect(svg).toContain(text);
    expect(count(svg, /stroke-linejoin/g)).toBe(2);
  });

  it('writes names as text, whatever they hold', () => {
    const evil = '</text><script>alert(1)</script>&"\u0000\ud800';
    const svg = drawn([series(evil, [1])], {
      title: evil,
      vtitle: evil,
      bgcolor: '"><script>',
      colorList: 'url(x),"/>',
    });
    expect(svg).not.toContain('<script');
    expect(svg).not.toContain('url(');
    expect(svg).not.toMatch(/[\u0000\ud800]/);
  });

  it('breaks at gaps, unless it is connected', () => {
    const gap = series('g', [1, 2, Number.NaN, 4, 5]);
    const moves = (mode: string) =>
      count(/ d="(M[^"]*)" fill="none" stroke="#0072b2"/.exec(drawn([gap], { lineMode: mode }))![1]!, /M/g);
    expect([moves('slope'), moves('connected'), moves('staircase')]).toEqual([2, 1, 2]);
  });

  it('fills areas as asked', () => {
    const list = [series('a', [1, 1]), series('b', [2, 2])];
    const areas = (mode: string) => count(drawn(list, { areaMode: mode }), /fill-opacity/g);
    expect([areas('none'), areas('first'), areas('all'), areas('stacked')]).toEqual([0, 1, 2, 2]);
    expect(drawn(list, { areaMode: 'stacked' })).toContain('>3</text>');
  });

  it('draws what functions say', () => {
    const svg = drawn([
      series('a', [1, 2], { drawing: { color: 'red', dash: 4, lineWidth: 3, alpha: 0.5 } }),
      series('b', [100, 200], { drawing: { secondAxis: true } }),
      series('c', [0, 1], { drawing: { infinite: true } }),
      series('d', [5, 5], { drawing: { invisible: true } }),
    ]);
    expect(svg).toContain('stroke="red" stroke-width="3"');
    expect(svg).toContain('stroke-dasharray="4" stroke-opacity="0.5"');
    expect(svg).toContain('text-anchor="start">160</text>');
    expect(svg).not.toContain('>d</text>');
  });

  it('keeps bounds and sizes that are asked for', () => {
    const svg = drawn([series('a', [1, 2])], {
      yMin: '0',
      yMax: '10',
      width: '400',
      height: '200',
      hideLegend: '1',
    });
    expect(svg).toContain('width="400" height="200"');
    expect(svg).toContain('>10</text>');
    expect(svg).not.toContain('>a</text>');
  });

  it('says that there is nothing, and what the legend leaves out', () => {
    expect(drawn([])).toContain('No data');
    expect(drawn([series('n', [Number.NaN])])).toContain('>n</text>');
    expect(drawn(Array.from({ length: 50 }, (_, index) => series(`s${index}`, [index])))).toMatch(
      /and \d+ more/,
    );
  });

  it('draws no more points than it has pixels', () => {
    const svg = drawn(
      [
        series(
          'a',
          Array.from({ length: 50_000 }, (_, index) => index % 100),
        ),
      ],
      { width: '200' },
    );
    expect(svg.length).toBeLessThan(20_000);
  });
});

it.each([
  [0, 9.7, 5, [0, 2, 4, 6, 8, 10]],
  [-3, 3, 3, [-4, -2, 0, 2, 4]],
  [5, 5, 2, [5, 7.5, 10]],
])('marks from %d to %d are round', (least, most, wanted, expected) => {
  expect(marksFor(least, most, wanted).values).toEqual(expected);
});

it.each([
  [1500, 500, 'si', '1.5k'],
  [2 ** 30, 2 ** 29, 'binary', '1Gi'],
  [0.25, 0.05, 'none', '0.25'],
  [-2_000_000, 1e6, 'si', '-2M'],
])('%d is written for people', (value, step, system, expected) => {
  expect(markText(value, step, system)).toBe(expected);
});

it('marks round times of the zone', () => {
  expect(timeMarks(from, from + 7200, 4, 3600)).toEqual({
    step: 1800,
    times: [from, from + 1800, from + 3600, from + 5400, from + 7200],
  });
});
