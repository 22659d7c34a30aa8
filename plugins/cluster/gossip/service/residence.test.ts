import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExportedFacts, JsonObject } from 'opsbro/sdk';
import { type ServiceTestContext, serviceContext, testFacts } from 'opsbro/sdk/testing';
import { afterEach, expect, it } from 'vitest';
import { openResidence } from './open.ts';
import type { Options } from './options.ts';
import type { Residence } from './residence.ts';

const zones = [
  { name: 'world', 'sub-zones': ['mid', 'side'] },
  { name: 'mid', 'sub-zones': [] },
];
const ending: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

interface Node {
  ctx: ServiceTestContext<Options>;
  residence: Residence;
  endpoint: string;
  facts: ExportedFacts;
  folder: string;
}

/** A node that holds the keys of these zones. */
async function start(
  name: string,
  zone: string,
  held: string[],
  changes: Partial<Options> = {},
): Promise<Node> {
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-keys-'));
  ending.push(() => rmSync(folder, { recursive: true }));
  for (const one of held) writeKey(folder, one);
  const options: Options = {
    address: '127.0.0.1',
    port: 0,
    keys: [],
    seeds: [],
    bootstrap: true,
    zone: '',
    zone_keys: folder,
    proxy: name.endsWith('p'),
    display_name: '',
    profile: 'local',
    forget_dead: '72h',
    ...changes,
  };
  const facts = testFacts({ node: { name, uuid: `uuid-${name}`, zone, version: '1.0.0' }, zones });
  const ctx = serviceContext<Options>({ options, name: 'gossip', snapshots: { facts: facts as never } });
  const residence = await openResidence(ctx);
  ending.push(() => residence.close());
  const port = residence.membership?.port;
  return { ctx, residence, endpoint: `127.0.0.1:${port}`, facts, folder };
}

function writeKey(folder: string, zone: string): void {
  writeFileSync(join(folder, `${zone}.gossip.key`), Buffer.alloc(16, zone).toString('base64'));
}

const seen = ({ residence }: Node): string =>
  (residence.membership?.members().nodes ?? []).map(({ name, zone }) => `${name} ${zone}`).join(', ');
const logged = ({ ctx }: Node): string => ctx.logs.map(({ message }) => message).join('\n');

async function ask({ ctx }: Node, method: string, path: string, body: JsonObject | null = null) {
  const request = { route: `/api/v1/gossip/${path}`, method, params: {}, query: {}, body };
  return (await ctx.request(request)) as { status: number; body: JsonObject };
}

it('joins upwards and downwards, each under the key of the lower zone', async () => {
  const upper = await start('upperp', 'world', ['world', 'mid']);
  const up = await start('onep', 'mid', ['mid'], { seeds: [upper.endpoint] });
  const down = await start('twop', 'mid', ['mid']);
  expect(await ask(upper, 'POST', 'join', { addresses: [down.endpoint] })).toMatchObject({
    body: { joined: [down.endpoint] },
  });
  for (const node of [upper, up, down])
    await expect.poll(() => seen(node), { timeout: 20_000 }).toBe('onep mid, twop mid, upperp world');
  expect(await ask(upper, 'GET', 'zones')).toMatchObject({
    body: {
      zones: [
        { name: 'mid', parent: 'world', seen: true, own: false, nodes: 2, key: true },
        { name: 'side', parent: 'world', seen: true, unreachable: true, key: false },
        { name: 'world', parent: null, own: true, key: true },
      ],
    },
  });
  const plain = await start('plain', 'mid', ['mid']);
  const refused = await ask(upper, 'POST', 'join', { addresses: [plain.endpoint] });
  expect(JSON.stringify(refused.body.failed)).toContain('only proxies answer proxies');
});

it('moves to another zone while it runs, and its old neighbours let go of it', async () => {
  const upper = await start('upperp', 'world', ['world', 'mid']);
  const stays = await start('stays', 'world', ['world'], { seeds: [upper.endpoint] });
  const moves = await start('moves', 'world', ['world', 'mid'], { seeds: [upper.endpoint] });
  await expect.poll(() => seen(stays)).toBe('moves world, stays world, upperp world');
  const side = { ...moves.facts, node: { ...moves.facts.node, zone: 'side' } };
  moves.ctx.push('facts', side as never);
  await expect.poll(() => moves.residence.membership?.zone, { timeout: 20_000 }).toBe('side');
  expect(moves.endpoint).toBe(`127.0.0.1:${moves.residence.membership?.port}`);
  // Of the zone below all are seen, as long as somebody tells of them.
  await expect.poll(() => seen(stays)).toBe('moves side, stays world, upperp world');
  moves.ctx.push('facts', { ...side, zones: [] } as never);
  await expect.poll(() => logged(moves).split('moves to the zone').length).toBe(3);
  for (const node of [upper, stays, moves]) expect(logged(node)).not.toContain('two live nodes');
});

it('takes up a key that was not there when it began', async () => {
  const one = await start('onep', 'world', []);
  expect(one.residence.membership?.hasKey).toBe(false);
  expect(await ask(one, 'POST', 'zones/keys')).toMatchObject({ body: { zones: [] } });
  writeKey(one.folder, 'world');
  writeKey(one.folder, 'mid');
  expect(await ask(one, 'POST', 'zones/keys')).toMatchObject({ body: { zones: ['mid', 'world'] } });
  await expect.poll(() => one.residence.membership?.hasKey).toBe(true);
  expect(`127.0.0.1:${one.residence.membership?.port}`).toBe(one.endpoint);
});

it('sees nobody of another zone where its own is not defined', async () => {
  const one = await start('onep', 'elsewhere', ['elsewhere']);
  expect(logged(one)).toContain("no zone 'elsewhere' is defined");
  expect(one.residence.membership?.members().zones).toEqual([
    { name: 'elsewhere', parent: null, unreachable: false },
  ]);
});
