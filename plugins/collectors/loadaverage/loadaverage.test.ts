import { readFileSync } from 'node:fs';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import loadaverage from './index.ts';

const folder = new URL('./', import.meta.url);

describe('loadaverage', () => {
  const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8'));
  for (const test of complianceSuite('collector', folder, loadaverage, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);

  it.each([
    ['linux-6.18', { load1: 0.62, load5: 0.88, load15: 0.8, running: 1, tasks: 149 }],
    ['linux-2.6.18', { load1: 0.2, load5: 0.18, load15: 0.12, running: 1, tasks: 80 }],
  ])('reads %s', async (host, value) => {
    const ctx = fixtureContext({ root: new URL(`testdata/${host}/`, folder) });
    expect(await runVerb(loadaverage, ctx)).toEqual({ status: 'done', value });
  });

  it('yields the averages alone when the rest is cut off', async () => {
    const ctx = fixtureContext({ files: { '/proc/loadavg': '1.50 2 3 4/' } });
    expect(await runVerb(loadaverage, ctx)).toEqual({
      status: 'done',
      value: { load1: 1.5, load5: 2, load15: 3 },
    });
  });

  it.each<{ [path: string]: string }>([
    {},
    { '/proc/loadavg': '' },
    { '/proc/loadavg': '0.1 0.2' },
    { '/proc/loadavg': 'a b c' },
  ])('is not eligible on %j', async (files) => {
    const outcome = await runVerb(loadaverage, fixtureContext({ files }));
    expect(outcome.status).toBe('not-eligible');
  });
});
