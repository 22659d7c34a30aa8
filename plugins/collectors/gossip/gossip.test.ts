import { readFileSync } from 'node:fs';
import type { ClusterNode, Json, Manifest, NodesSnapshot } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { asSnapshot, clusterFigures } from './figures.ts';
import gossip from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const recorded = JSON.parse(readFileSync(new URL('testdata/nodes.json', folder), 'utf8')) as NodesSnapshot;

describe('asSnapshot', () => {
  it.each([undefined, null, 3, [], {}, { nodes: null }, { nodes: [] }, { nodes: { nodes: [] } }])(
    'takes %j for none',
    (facts) => expect(asSnapshot(facts as Json)).toBeUndefined(),
  );
});

describe('clusterFigures', () => {
  it('keeps hostile names as data, and no more of them than are worth a series', () => {
    const [first] = recorded.nodes as [ClusterNode];
    const groups = [
      '__proto__',
      'common',
      'common',
      ...Array.from({ length: 300 }, (_, index) => `g${index}`),
    ];
    const nodes = [first, { ...first, groups, zone: '__proto__' }, { ...first, groups: ['common'] }];
    const figures = clusterFigures({ ...recorded, nodes });
    expect(Object.keys(figures.groups as object)).toHaveLength(200);
    expect(figures.groups).toMatchObject({ common: 2 });
    expect(JSON.stringify(figures.zones)).toContain('"__proto__":{"alive":1,"total":1}');
    expect(Object.getPrototypeOf(figures.zones)).toBe(Object.prototype);
  });
});

describe('collector/gossip', () => {
  it('counts nodes by state, group and zone', async () => {
    const ctx = fixtureContext({ options: { facts: { nodes: recorded as unknown as Json } } });
    expect(await runVerb(gossip, ctx)).toEqual({
      status: 'done',
      value: {
        zone: 'paris',
        nodes: { total: 4, alive: 2, suspect: 1, dead: 1, leave: 0, failing: 1 },
        groups: { linux: 2, redis: 1 },
        zones: { paris: { alive: 2, total: 3 }, lyon: { alive: 0, total: 1 } },
        unreachable_zones: 1,
        figures: { health: 0, sent: 120 },
      },
    });
  });

  it('is not eligible where nothing tells of a cluster', async () => {
    for (const facts of [undefined, { nodes: null }])
      expect((await runVerb(gossip, fixtureContext({ options: { facts: facts as Json } }))).status).toBe(
        'not-eligible',
      );
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('collector', folder, gossip, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
