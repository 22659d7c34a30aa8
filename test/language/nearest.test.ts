import { expect, test } from 'vitest';
import { nearest } from '../../language/nearest.ts';

test.each([
  ['intervall', ['interval', 'notes'], 'interval'],
  ['cpusatts', ['memory', 'cpustats'], 'cpustats'],
  ['FILE_EXISTS', ['file_exists', 'is_dir'], 'file_exists'],
  ['ab', ['ba', 'cd'], 'ba'],
  ['zzzzz', ['memory', 'cpustats'], undefined],
  ['x', [], undefined],
])('proposes for %s out of %j the name %s', (name, candidates, expected) => {
  expect(nearest(name, candidates)).toBe(expected);
});

test('answers at once for a very long name', () => {
  expect(nearest('a'.repeat(1_000_000), ['b'.repeat(1_000_000)])).toBeUndefined();
});
