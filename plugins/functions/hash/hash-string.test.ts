import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, hostContext } from 'opsbro/sdk/testing';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import hash from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const call = async (...args: (string | number | null)[]) => hash.functions.hash?.(hostContext(), ...args);

for (const test of complianceSuite('functions', folder, hash, manifest)) it(test.name, test.run);

// From hashlib of CPython 3.11, over the UTF-8 of 'é'.
it.each([
  ['md5', '66ddcd97cfdeabb2f6fb8a999b4bc76f'],
  ['sha1', 'bf15be717ac1b080b4f1c456692825891ff5073d'],
  ['sha256', '4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c'],
])('hashes UTF-8 with %s', async (algorithm, expected) => {
  expect(await call('é', algorithm)).toBe(expected);
  expect(await call('é', algorithm.toUpperCase())).toBe(expected);
});

it.each([
  ['sha224', 56],
  ['sha384', 96],
  ['sha512', 128],
])('gives the whole digest of %s', async (algorithm, length) => {
  expect(await call('', algorithm)).toHaveLength(length);
});

it('names an unknown algorithm and what is no string', async () => {
  await expect(call('x', 'crc')).rejects.toThrow('algorithm crc is unknown');
  await expect(call('x', null)).rejects.toThrow('is unknown');
  await expect(call(1, 'md5')).rejects.toThrow('must be a string');
});
