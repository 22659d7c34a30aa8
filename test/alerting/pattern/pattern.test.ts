import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../../alerting/pattern/pattern.ts';

const piece = fc.constantFrom(
  'a',
  'b',
  'c',
  '.',
  '[ab]',
  '[^a]',
  '[a-c]',
  '\\d',
  '\\w',
  '\\S',
  '\\.',
  '-',
  'é',
  '😀',
);
const repetition = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,3}', '{0,}', '*?');
const { pattern } = fc.letrec<{ pattern: string; sequence: string; single: string }>((tie) => ({
  single: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    piece,
    tie('pattern').map((inner) => `(${inner})`),
    tie('pattern').map((inner) => `(?:${inner})`),
  ),
  sequence: fc
    .array(fc.tuple(tie('single'), repetition), { maxLength: 4 })
    .map((parts) => parts.map((part) => part.join('')).join('')),
  pattern: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('|')),
}));
const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd', '1', '.', '-', ' ', 'é', '😀', '\n'), {
  maxLength: 8,
});

function compiled(source: string): ReturnType<typeof compilePattern> | null {
  try {
    return compilePattern(source);
  } catch (error) {
    if (/larger?|longer/.test((error as Error).message)) return null;
    throw error;
  }
}

describe('a pattern', () => {
  it('matches whole texts exactly as a regular expression of JavaScript does', () => {
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 10 }), (source, texts) => {
        const ours = compiled(source);
        fc.pre(ours !== null);
        const theirs = new RegExp(`^(?:${source})$`, 'su');
        for (const characters of texts) {
          const one = characters.join('');
          expect([one, ours?.(one)]).toEqual([one, theirs.test(one)]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each(['(a+)+b', '(a*)*b', '(a|a)*b', '(a|aa)+b', '((a?){20}){10}b', '(.*)(.*)(.*)(.*)(.*)[^a]b'])(
    '%j ends also on a text made to keep it busy',
    (source) => {
      expect(compilePattern(source)('a'.repeat(100_000))).toBe(false);
    },
  );

  it.each([
    ['a)', "')' at character 2 has no '(' before it"],
    ['(a', "at its end lacks a ')'"],
    ['[a', "at its end lacks a ']'"],
    ['*a', "'*' at character 1 has nothing to repeat"],
    ['a**', "'*' at character 3 repeats a repetition"],
    ['^a', "'^' at character 1 is not needed"],
    ['a{2', "'{' at character 2 begins no repetition"],
    ['a{3,2}', "'{' at character 2 begins no repetition"],
    ['a{101}', "'{' at character 2 begins no repetition"],
    ['(?=a)', "'=' at character 3 is unknown after '(?'"],
    ['\\1', "'1' at character 2 is unknown after a backslash"],
    ['a\\', 'at its end lacks the escaped character'],
    ['[c-a]', "'-' at character 3 begins no range after 'c'"],
    ['((a{50}){50}){50}', 'its repetitions are too large'],
    ['(((((){100}){100}){100}){100}){100}', 'its repetitions are too large'],
    ['a'.repeat(257), 'it is longer than 256 characters'],
  ])('refuses %j', (source, message) => {
    expect(() => compilePattern(source)).toThrow(message);
  });
});
