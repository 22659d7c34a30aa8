import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite } from 'opsbro/sdk/testing';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { isInRange, parseAddress, parseNetwork } from './address.ts';
import * as guest from './guest.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

for (const test of complianceSuite('functions', folder, guest, manifest)) it(test.name, test.run);

it('implements exactly the functions of its manifest and keeps the old name', () => {
  expect(Object.keys(guest.functions)).toEqual(Object.keys(manifest.functions ?? {}));
  expect(manifest.functions?.ip_is_in_range?.aliases).toContain('ip_in_range');
});

it.each([
  ['192.168.56.103', '192.168.0.0/16', true],
  ['192.169.0.1', '192.168.0.0/16', false],
  ['10.255.255.255', '10.1.2.3/8', true],
  ['10.0.0.1', '10.0.0.1', true],
  ['10.0.0.2', '10.0.0.1', false],
  ['172.31.255.255', '172.16.0.0/12', true],
  ['172.32.0.0', '172.16.0.0/12', false],
  ['8.8.8.8', '0.0.0.0/0', true],
  ['10.0.0.129', '10.0.0.128/25', true],
  ['10.0.0.127', '10.0.0.128/25', false],
  ['2001:db8::1', '2001:db8::/32', true],
  ['2001:db9::1', '2001:db8::/32', false],
  ['fe80::1%eth0', 'fe80::/10', true],
  ['::1', '::/0', true],
  ['::ffff:10.0.0.1', '::ffff:0:0/96', true],
  ['10.0.0.1', '::/0', false],
  ['::1', '0.0.0.0/0', false],
])('finds %s in %s: %s', (ip, cidr, expected) => {
  const address = parseAddress(ip);
  const network = parseNetwork(cidr);
  expect(address !== undefined && network !== undefined && isInRange(address, network)).toBe(expected);
});

it.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '256.0.0.1',
  '01.2.3.4',
  'a.b.c.d',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '12345::',
  '1:2:3:4:5:6:7:8::',
  '::1.2.3',
  '1.2.3.4:5',
  '::1.2.3.4:5',
  "'; import os",
])('refuses the address %j', (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

it.each(['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8/8', 'x/8', ''])(
  'refuses the network %j',
  (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  },
);

it.each([
  ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
  ['1::', [1, 0, 0, 0, 0, 0, 0, 0]],
  ['::1', [0, 0, 0, 0, 0, 0, 0, 1]],
  ['1:2:3:4:5:6:7:8', [1, 2, 3, 4, 5, 6, 7, 8]],
  ['64:ff9b::1.2.3.4', [0x64, 0xff9b, 0, 0, 0, 0, 0x102, 0x304]],
])('parses %s', (text, groups) => {
  expect(parseAddress(text)).toEqual({ version: 6, groups });
});
