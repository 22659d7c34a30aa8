import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRange } from './ranges.ts';

describe('parseRange', () => {
  it.each([
    ['10', 0, 10, false],
    ['10:', 10, null, false],
    ['~:10', null, 10, false],
    ['10:20', 10, 20, false],
    ['@10:20', 10, 20, true],
    ['@10', 0, 10, true],
    [':10', 0, 10, false],
    ['~:', null, null, false],
    ['-5:5', -5, 5, false],
    ['0.5:1.5', 0.5, 1.5, false],
    ['0,5:1,5', 0.5, 1.5, false],
    ['1e3:', 1000, null, false],
    ['80%:90%', 80, 90, false],
    [' 10:20 ', 10, 20, false],
  ])('reads %j', (text, start, end, inside) => {
    expect(parseRange(text)).toEqual({ start, end, inside, text: text.trim() });
  });

  it.each(['', '@', '~', '20:10', '-10', '1:2:3', 'x', '10:x', '~10', '1e999', '10:~', '--1'])(
    'finds no range in %j',
    (text) => {
      expect(parseRange(text)).toBeNull();
    },
  );

  it('reads what it printed', () => {
    // Adding 0 makes a positive zero of a negative one, which no text tells apart.
    const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    const bound = fc.option(double);
    fc.assert(
      fc.property(bound, bound, fc.boolean(), (a, b, inside) => {
        const isSwapped = a !== null && b !== null && a > b;
        const [start, end] = isSwapped ? [b, a] : [a, b];
        const text = `${inside ? '@' : ''}${start ?? '~'}:${end ?? ''}`;
        expect(parseRange(text)).toEqual({ start, end, inside, text });
      }),
    );
  });
});
