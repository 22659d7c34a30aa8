import { expect, it } from 'vitest';
import { diffBundles, diffLines } from '../../../sandbox/approval/diff.ts';
import type { Bundle } from '../../../sandbox/bundle.ts';

const alphabet = [...'abcdefghijklmnopqrstuvwxyz'];

it.each<[string, string[], string[], string[]]>([
  ['nothing', alphabet, alphabet, []],
  ['a line', ['a', 'b', 'c'], ['a', 'B', 'c'], ['@@ -1 +1 @@', ' a', '-b', '+B', ' c']],
  ['a line at the end', ['a'], ['a', 'b'], ['@@ -1 +1 @@', ' a', '+b']],
  ['all', ['a'], [], ['@@ -1 +1 @@', '-a']],
  [
    'two places',
    alphabet,
    alphabet.map((one) => (one === 'd' || one === 'x' ? one.toUpperCase() : one)),
    ['@@ -2 +2 @@', ' b', ' c', '-d', '+D', ' e', ' f', '@@ -22 +22 @@', ' v', ' w', '-x', '+X', ' y', ' z'],
  ],
  ['what moved', ['a', 'b', 'c'], ['b', 'c', 'a'], ['@@ -1 +1 @@', '-a', ' b', ' c', '+a']],
])('shows %s that changed', (_what, before, after, expected) => {
  expect(diffLines(before, after)).toEqual(expected);
});

it('takes two long texts that have nothing in common for one change', () => {
  const before = Array.from({ length: 3000 }, (_, index) => `old ${index}`);
  const after = Array.from({ length: 3000 }, (_, index) => `new ${index}`);
  expect(diffLines(before, after)).toHaveLength(6001);
});

it('compares bundles by the files of their author, and by their manifests', () => {
  const bundle = (cpu: string, files: { [name: string]: string }): Bundle => ({
    format: 1,
    manifest: { api: 1, kind: 'collector', name: 'depth', summary: 'Depth.', limits: { cpu } },
    code: '',
    map: JSON.stringify({
      sources: [...Object.keys(files), 'opsbro'],
      sourcesContent: [...Object.values(files), null],
    }),
  });
  const before = bundle('50ms', { 'index.ts': 'one\ntwo\n', 'gone.ts': 'x\n' });
  const after = bundle('90ms', { 'index.ts': 'one\n2\n', 'new.ts': 'y\n' });
  expect(diffBundles(before, before)).toEqual([]);
  expect(diffBundles(before, after)).toEqual([
    '--- manifest',
    '+++ manifest',
    '@@ -5 +5 @@',
    '   "summary": "Depth.",',
    '   "limits": {',
    '-    "cpu": "50ms"',
    '+    "cpu": "90ms"',
    '   }',
    ' }',
    '--- index.ts',
    '+++ index.ts',
    '@@ -1 +1 @@',
    ' one',
    '-two',
    '+2',
    '--- gone.ts',
    '+++ (none)',
    '@@ -1 +1 @@',
    '-x',
    '--- (none)',
    '+++ new.ts',
    '@@ -1 +1 @@',
    '+y',
  ]);
});
