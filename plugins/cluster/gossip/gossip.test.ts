import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, serviceContext, testFacts } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import gossip from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

describe('compliance', () => {
  for (const test of complianceSuite('cluster', folder, gossip, manifest)) it(test.name, test.run);
});

it('starts with the first facts, knows itself, and can be stopped twice', async () => {
  const standing = { keys: [], seeds: [], zone: '', display_name: '', proxy: false, bootstrap: false };
  const options = { ...standing, address: '127.0.0.1', port: 0, forget_dead: '72h', profile: 'local' };
  const ctx = serviceContext({ options });
  const starts = gossip.start(ctx as never);
  ctx.push('facts', testFacts() as never);
  await starts;
  const request = { route: '/api/v1/gossip/members', method: 'GET', params: {}, query: {}, body: null };
  expect(await ctx.request(request)).toMatchObject({ status: 200, body: { nodes: [{ name: 'web1' }] } });
  expect(await ctx.request({ ...request, method: 'DELETE' })).toMatchObject({ status: 404 });
  await gossip.stop();
  await gossip.stop();
});

it('gives up a start that is cut short', async () => {
  const ctx = serviceContext({});
  const starts = gossip.start(ctx as never);
  ctx.abort();
  await expect(starts).rejects.toThrow();
  await gossip.stop();
});
