import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Perfdatum, parsePerfdata } from '../../../exec/output/perfdata.ts';

const bare = { value: 1, unit: '', warn: null, crit: null, min: null, max: null };
const upTo = (end: number) => ({ start: 0, end, inside: false, text: String(end) });

/** What a plugin that follows the guidelines prints of a figure. */
function print({ label, value, unit, warn, crit, min, max }: Perfdatum): string {
  const name = /[\s='|]|^$/.test(label) ? `'${label.replaceAll("'", "''")}'` : label;
  const fields = [value === null ? 'U' : `${value}${unit}`, warn?.text, crit?.text, min, max];
  return `${name}=${fields
    .map((field) => field ?? '')
    .join(';')
    .replace(/;+$/, '')}`;
}

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const number = fc.oneof(fc.integer(), finite).map((value) => (value === 0 ? 0 : value));
const unit = fc.constantFrom(
  ...['', 's', 'us', 'ms', 'ns', '%', 'B', 'KB', 'MB', 'GB', 'TB', 'KiB', 'MiB', 'GiB', 'TiB', 'c'],
);
const range = fc.tuple(number, number, fc.boolean()).map(([a, b, inside]) => {
  const [start, end] = a <= b ? [a, b] : [b, a];
  return { start, end, inside, text: `${inside ? '@' : ''}${start}:${end}` };
});
const datum: fc.Arbitrary<Perfdatum> = fc
  .record({
    label: fc.string({ unit: fc.constantFrom(...'ab:/é1 =\'";|%\t'), minLength: 1, maxLength: 12 }),
    value: fc.option(number),
    unit,
    warn: fc.option(range),
    crit: fc.option(range),
    min: fc.option(number),
    max: fc.option(number),
  })
  .map((figure) => (figure.value === null ? { ...figure, unit: '' } : figure));

describe('parsePerfdata', () => {
  it('reads every figure it printed', () => {
    fc.assert(
      fc.property(fc.array(datum, { maxLength: 8 }), fc.constantFrom(' ', '  ', '\t'), (figures, gap) => {
        expect(parsePerfdata(figures.map(print).join(gap))).toEqual(figures);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(['', 's', 'us', 'ms', 'ns', '%', 'B', 'KB', 'MB', 'GB', 'TB', 'KiB', 'MiB', 'GiB', 'TiB', 'c'])(
    'keeps the unit %j',
    (name) => {
      expect(parsePerfdata(`a=1${name}`)).toEqual([{ ...bare, label: 'a', unit: name }]);
    },
  );

  it.each<[string, string, Partial<Perfdatum>]>([
    [
      '/=2643MB;5948;5958;0;5968',
      '/',
      { value: 2643, unit: 'MB', warn: upTo(5948), crit: upTo(5958), max: 5968 },
    ],
    [
      'time=0,012s;5,5;;0,5',
      'time',
      { value: 0.012, unit: 's', warn: { ...upTo(5.5), text: '5,5' }, min: 0.5 },
    ],
    ["'C:\\ used %'=12%;80;90", 'C:\\ used %', { value: 12, unit: '%', warn: upTo(80), crit: upTo(90) }],
    ["'it''s'=1", "it's", {}],
    ["''''=1", "'", {}],
    ["'a=b'=1", 'a=b', {}],
    ["'a|b'=1", 'a|b', {}],
    ["it's=1", "it's", {}],
    ["'it's'=1", "it's", {}],
    ["'open=1", "'open", {}],
    ['Virtual Memory=1', 'Virtual Memory', {}],
    ['| a=1', 'a', {}],
    ['junk | a=1', 'a', {}],
    ['a=1,', 'a', {}],
    ['a=+1', 'a', {}],
    ['a=.5', 'a', { value: 0.5 }],
    ['a=-1.5e-3s', 'a', { value: -0.0015, unit: 's' }],
    ['a=U', 'a', { value: null }],
    ['a=U;1;2', 'a', { value: null, warn: upTo(1), crit: upTo(2) }],
    ['a=-nan', 'a', { value: null }],
    [
      'a=1;80%;@1:2',
      'a',
      { warn: { ...upTo(80), text: '80%' }, crit: { start: 1, end: 2, inside: true, text: '@1:2' } },
    ],
    ['a=1;x;20:10;y;z', 'a', {}],
    ['a=1;;;0;10;what;more', 'a', { min: 0, max: 10 }],
  ])('reads %s', (text, label, rest) => {
    const min = label === '/' ? 0 : null;
    expect(parsePerfdata(text)).toEqual([{ ...bare, min, label, ...rest }]);
  });

  it.each([
    '',
    ' ',
    '=',
    '=1',
    "''=1",
    'a',
    'a=',
    'a=;1;2',
    'a=x',
    'a=1.2.3',
    'a=1,234,567',
    'a=1e999',
    'a=--1',
  ])('finds nothing in %j and reads on behind it', (text) => {
    expect(parsePerfdata(text)).toEqual([]);
    expect(parsePerfdata(`${text} b=1`).at(-1)).toMatchObject({ value: 1 });
  });

  it('reads any text as something', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."a1 ='|;:~@U.,-"), maxLength: 40 }), (text) => {
        for (const { label, value } of parsePerfdata(text)) {
          expect(label).not.toBe('');
          expect(value === null || Number.isFinite(value)).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
