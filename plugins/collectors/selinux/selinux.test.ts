import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import selinux from './index.ts';
import { parseEnforce } from './mode.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

describe('parseEnforce', () => {
  it.each([
    ['1', 'enforcing'],
    ['0\n', 'permissive'],
    ['', 'unknown'],
    ['yes', 'unknown'],
    ["'; import os", 'unknown'],
  ])('reads %j as %s', (text, mode) => expect(parseEnforce(text)).toBe(mode));
});

describe('collector/selinux', () => {
  it.each([
    ['fedora-linux-6.8', { enabled: true, mode: 'enforcing' }],
    ['centos-6-linux-2.6.32', { enabled: true, mode: 'permissive' }],
    ['debian-12-linux-6.18', { enabled: false, mode: 'disabled' }],
  ])('tells the mode of %s', async (host, value) => {
    const root = new URL(`testdata/${host}/`, folder);
    expect(await runVerb(selinux, fixtureContext({ root }))).toEqual({ status: 'done', value });
  });

  it('says that the mode is unknown when the file cannot be read', async () => {
    const ctx = fixtureContext({ root: new URL('testdata/fedora-linux-6.8/', folder) });
    const refusing = { ...ctx, tryReadText: async () => undefined };
    expect(await runVerb(selinux, refusing)).toEqual({
      status: 'done',
      value: { enabled: true, mode: 'unknown' },
    });
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('collector', folder, selinux, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
