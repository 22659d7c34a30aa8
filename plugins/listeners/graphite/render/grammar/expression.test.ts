import { expect, it } from 'vitest';
import { Expression } from './expression.ts';

it.each([
  ['web[12]', false, ['web1.cpu', 'a.web2', 'web3'], [true, true, false]],
  ['web', true, ['web1', 'a.web'], [true, false]],
  ['(?i)WEB', false, ['web1'], [true]],
  ['^a\\Z|b', false, ['a', 'ab', 'ac'], [true, true, false]],
  ['(?P<x>a)(?P=x)', false, ['aa', 'ab'], [true, false]],
])('finds %s as Python does', (text, anchored, texts, expected) => {
  expect(new Expression(text, { anchored }).test(texts)).toEqual(expected);
});

it.each([
  ['^web(\\d).*', 'w\\1', 'web1.cpu', 'w1'],
  ['(?P<host>\\w+)\\.', '<\\g<host>>', 'a.b.c', '<a><b>c'],
  ['a', '$&\\g<0>\\\\', 'bab', 'b$&a\\b'],
  ['x', 'y', 'abc', 'abc'],
])('replaces %s by %s', (search, replacement, text, expected) => {
  expect(new Expression(search).replace([text], replacement)).toEqual([expected]);
});

it('ends one that takes forever', () => {
  const evil = new Expression('^(a+)+$');
  expect(() => evil.test([`${'a'.repeat(60)}b`])).toThrow("the regular expression '^(a+)+$' takes too long");
  expect(evil.test(['aa'])).toEqual([true]);
});

it.each([
  ['(', 'is no regular expression'],
  ['a'.repeat(3000), 'longer than 2000 characters'],
])('refuses %s', (text, message) => {
  expect(() => new Expression(text)).toThrow(message);
});
