import { readFileSync } from 'node:fs';
import type { Json, Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import statsd from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const told = JSON.parse(readFileSync(new URL('testdata/told.json', folder), 'utf8')) as Json;

describe('collector/statsd', () => {
  it('yields what the listener told', async () => {
    const ctx = fixtureContext({ options: { facts: { statsd: told } } });
    expect(await runVerb(statsd, ctx)).toEqual({ status: 'done', value: told });
  });

  it.each([undefined, null, {}, { statsd: null }, { statsd: 3 }, { statsd: [] }])(
    'is not eligible where it was told %j',
    async (facts) => {
      const outcome = await runVerb(statsd, fixtureContext({ options: { facts: facts as Json } }));
      expect(outcome.status).toBe('not-eligible');
    },
  );
});

describe('compliance', () => {
  for (const test of complianceSuite('collector', folder, statsd, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
