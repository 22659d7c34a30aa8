import { expect, it } from 'vitest';
import { alternatives, isPattern, patternSteps, stepMatcher } from './name-pattern.ts';

it.each([
  ['*', ['', 'a', 'a b'], []],
  ['web', ['web'], ['web1', 'wb']],
  ['web*', ['web', 'web1'], ['aweb']],
  ['w?b', ['wab', 'web'], ['wb']],
  ['web[0-9]', ['web1'], ['weba', 'web12']],
  ['web[!0-9]', ['weba'], ['web1']],
  ['{a,b}c', ['ac', 'bc'], ['abc', 'c']],
  ['{a{1,2},b*}', ['a1', 'a2', 'b9'], ['a', 'a12']],
  ['a.b|c', ['a.b|c'], ['axb']],
  ['a**b', ['ab', 'axb'], ['abc']],
  ['[', ['['], ['a']],
  ['*a*b*c', ['abc', 'xaxbxc'], ['acb']],
  ['*[a-c-]', ['xb', 'x-'], ['xd', '']],
  ['x[b-a]', [], ['xa', 'xb']],
])('%s matches whole steps', (step, fitting, others) => {
  const matches = stepMatcher(step);
  expect(fitting.filter((text) => !matches(text))).toEqual([]);
  expect(others.filter(matches)).toEqual([]);
});

it('splits at dots that are not inside braces', () => {
  expect(patternSteps('a.{b.c,d}.e')).toEqual(['a', '{b.c,d}', 'e']);
});

it('tells what braces stand for', () => {
  expect(alternatives('a{b,c{d,e}}f')).toEqual(['abf', 'acdf', 'acef']);
  expect(alternatives('a{b')).toEqual(['a{b']);
});

it.each([
  ['a.b', false],
  ['a.*', true],
  ['a.{b,c}', true],
])('tells whether %s has wildcards', (text, expected) => {
  expect(isPattern(text)).toBe(expected);
});

it('takes no longer for patterns that are made to take long', () => {
  expect(stepMatcher(`${'*a'.repeat(100)}b`)('a'.repeat(255))).toBe(false);
  expect(alternatives('{a,b}'.repeat(100))).toHaveLength(1000);
});
