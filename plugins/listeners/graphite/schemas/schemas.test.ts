import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  aggregationRules,
  aggregationRulesOfConf,
  retentionRules,
  retentionRulesOfConf,
  Schemas,
} from './schemas.ts';

const read = (name: string): string => readFileSync(new URL(`../testdata/${name}`, import.meta.url), 'utf8');

const shape = (schemas: Schemas, name: string): unknown => {
  const { archives, aggregation, xFilesFactor } = schemas.layoutFor(name);
  return [archives.map(({ step, points }) => `${step}x${points}`).join(), aggregation, xFilesFactor];
};

describe('without rules', () => {
  const schemas = new Schemas([], []);
  it.each([
    ['web1.memory.used', 'average'],
    ['stats.timers.x.count', 'sum'],
    ['stats.timers.x.sum', 'sum'],
    ['stats.timers.x.sum_99', 'sum'],
    ['stats.timers.x.lower', 'min'],
    ['stats.gauges.x.min', 'min'],
    ['stats.timers.x.upper_99', 'max'],
    ['stats.gauges.x.max', 'max'],
    ['requests.count;host=a', 'sum'],
    ['account', 'average'],
  ])('%s is rolled up by %s', (name, method) => {
    expect(shape(schemas, name)).toEqual(['10x2160,60x10080,600x52560', method, 0]);
  });

  it('shares a layout between names', () => {
    expect(schemas.layoutFor('a.b')).toBe(schemas.layoutFor('c.d'));
  });
});

describe('with rules', () => {
  it('takes the first that finds the name', () => {
    const schemas = new Schemas(
      retentionRules([
        { pattern: '^fast\\.', retentions: '1s:6h' },
        { pattern: '', retentions: '1m:1d' },
      ]),
      aggregationRules([{ pattern: '^fast\\.', method: 'last', x_files_factor: 0.5 }]),
    );
    expect(shape(schemas, 'fast.count')).toEqual(['1x21600', 'last', 0.5]);
    expect(shape(schemas, 'slow.count')).toEqual(['60x1440', 'sum', 0]);
    expect(schemas.largestFileBytes()).toBe(52 + 12 * 64_800);
  });

  it("reads those of Debian's carbon", () => {
    const schemas = new Schemas(
      retentionRulesOfConf(read('storage-schemas.conf')),
      aggregationRulesOfConf(read('storage-aggregation.conf')),
    );
    expect(shape(schemas, 'carbon.agents.a')).toEqual(['60x129600', 'average', 0.5]);
    expect(shape(schemas, 'a.b.min')).toEqual(['60x1440,300x8640,3600x26280', 'min', Math.fround(0.1)]);
    expect(shape(schemas, 'a.b.count')).toEqual(['60x1440,300x8640,3600x26280', 'max', 0]);
  });

  it.each([
    ['[a]\npattern = x', 'line 1: [a] lacks pattern or retentions'],
    ['pattern = x', "line 1 is neither a [section] nor 'key = value'"],
    ['[a]\npattern = x\nretentions = 7s:1h,60s:1d', 'line 1: [a]: the step of 60s'],
    ['[a]\npattern = (\nretentions = 7s:1h', 'line 1: [a]: Invalid regular expression'],
  ])('refuses %j', (text, message) => {
    expect(() => retentionRulesOfConf(text)).toThrow(message);
  });

  it('refuses roll-ups that nobody knows', () => {
    expect(() => aggregationRulesOfConf('[a]\npattern = x\naggregationMethod = best')).toThrow(
      'rolls nothing up',
    );
    expect(() => aggregationRulesOfConf('[a]\npattern = x\nxFilesFactor = 2')).toThrow('expected 0 to 1');
  });
});
