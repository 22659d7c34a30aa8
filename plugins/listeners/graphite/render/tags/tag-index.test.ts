import { expect, it } from 'vitest';
import { selectTagged } from './tag-index.ts';

const names = ['cpu;dc=a;host=web1', 'cpu;dc=b;host=web2', 'disk;host=web1', 'disk;dc=a;host=db1'];

it.each([
  [['name=cpu'], [0, 1]],
  [['host=web1', 'dc='], [2]],
  [
    ['host=~web', 'name!=disk'],
    [0, 1],
  ],
  [['name=disk', 'host!=~web'], [3]],
  [['host=~eb'], []],
  [['dc!='], [0, 1, 3]],
  [['constructor=~.'], []],
])('%j chooses', (expressions, expected) => {
  expect(selectTagged(names, expressions)).toEqual(expected.map((index) => names[index]));
});

it.each([
  [['dc='], 'at least one tag must be asked for'],
  [['dc'], "'dc' is no tag expression"],
  [['dc=~('], 'is no regular expression'],
])('%j is refused', (expressions, message) => {
  expect(() => selectTagged(names, expressions)).toThrow(message);
});
