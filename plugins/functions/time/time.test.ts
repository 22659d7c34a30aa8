import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite } from 'opsbro/sdk/testing';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import * as guest from './guest.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

for (const test of complianceSuite('functions', folder, guest, manifest)) it(test.name, test.run);

// What the functions give is tested in the real sandbox: test/language/engine/functions.test.ts.
it('implements exactly the functions of its manifest', () => {
  expect(Object.keys(guest.functions).sort()).toEqual(Object.keys(manifest.functions ?? {}).sort());
});
