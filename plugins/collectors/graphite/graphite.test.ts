import { readFileSync } from 'node:fs';
import type { Json, Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import graphite from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const told = JSON.parse(readFileSync(new URL('testdata/told.json', folder), 'utf8')) as Json;

describe('collector/graphite', () => {
  it('yields what the store told', async () => {
    const ctx = fixtureContext({ options: { facts: { graphite: told } } });
    expect(await runVerb(graphite, ctx)).toEqual({ status: 'done', value: told });
  });

  it.each([undefined, null, {}, { graphite: null }, { graphite: 3 }, { graphite: [] }])(
    'is not eligible where it was told %j',
    async (facts) => {
      const outcome = await runVerb(graphite, fixtureContext({ options: { facts: facts as Json } }));
      expect(outcome.status).toBe('not-eligible');
    },
  );
});

describe('compliance', () => {
  for (const test of complianceSuite('collector', folder, graphite, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
