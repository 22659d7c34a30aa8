import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite } from 'opsbro/sdk/testing';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { directoryOf } from './directory-of.ts';
import * as guest from './guest.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

for (const test of complianceSuite('functions', folder, guest, manifest)) it(test.name, test.run);

it('implements exactly the functions of its manifest', () => {
  expect(Object.keys(guest.functions)).toEqual(Object.keys(manifest.functions ?? {}));
});

it.each([
  ['/etc/ssh/sshd_config', '/etc/ssh'],
  ['/etc', '/'],
  ['/', '/'],
  ['//x', '//'],
  ['a//b', 'a'],
  ['/a/b/', '/a/b'],
  ['a', ''],
  ['', ''],
])('of %j is %j, as in Python', (path, expected) => {
  expect(directoryOf(path)).toBe(expected);
});
