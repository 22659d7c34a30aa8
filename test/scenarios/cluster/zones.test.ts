import { Resolver } from 'node:dns/promises';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { opsbro } from '../cli-run.ts';
import { type RealAgent, startRealAgent } from '../real-agent.ts';
import { clusterOf, freePort, measuresNothing } from './agents.ts';

/** `world` above `mid` above `low`, beside `mid` an empty `side`. A name that ends in `p` is a proxy. */
const tree = ['zone: {name: world, sub-zones: [mid, side]}\n', 'zone: {name: mid, sub-zones: [low]}\n'].join(
  '---\n',
);
const nodes = {
  worldp: { zone: 'world', seeds: [], keys: ['world', 'mid', 'low'] },
  world1: { zone: 'world', seeds: ['worldp'], keys: ['world'] },
  midp: { zone: 'mid', seeds: ['worldp'], keys: ['mid', 'low'] },
  mid1: { zone: 'mid', seeds: ['midp', 'worldp'], keys: ['mid', 'world'] },
  lowp: { zone: 'low', seeds: ['midp'], keys: ['low'] },
} as const;
type Name = keyof typeof nodes;
const names = Object.keys(nodes) as Name[];
const patientMs = 120_000;

const address = (name: Name): string => `127.0.0.${91 + names.indexOf(name)}`;
const keyOf = (zone: string): string => Buffer.alloc(16, zone).toString('base64');
const folder = mkdtempSync(join(tmpdir(), 'opsbro-zones-'));
const agents = new Map<Name, RealAgent>();
let port = 0;
let dns = 0;

const agent = (name: Name): RealAgent => agents.get(name) as RealAgent;
const gossip = (name: Name, ...line: string[]) => opsbro(['--data', agent(name).data, 'gossip', ...line]);

async function start(name: Name): Promise<void> {
  const { zone, seeds, keys } = nodes[name];
  const held = join(folder, name);
  mkdirSync(held, { recursive: true });
  for (const one of keys) writeFileSync(join(held, `${one}.gossip.key`), `${keyOf(one)}\n`);
  const before = agents.get(name);
  const options = [
    `address: ${address(name)}`,
    `port: ${port}`,
    `zone_keys: ${held}`,
    `seeds: [${seeds.map(address).join(', ')}]`,
    'profile: local',
    'bootstrap: true',
  ];
  const files = {
    ...measuresNothing,
    'zones/tree.yml': tree,
    'agent.yml': `display_name: ${name}\nnode-zone: ${zone}\nproxy-node: ${name.endsWith('p')}\ngroups: [on-${name}]\n`,
    'gossip.yml': `gossip: {${options.join(', ')}}\n`,
    ...(name === 'world1' && { 'dns.yml': `dns: {port: ${dns}, strict_zone: true}\n` }),
  };
  agents.set(name, await startRealAgent(before ? { config: before.config, data: before.data } : { files }));
}

/** What a node sees: `name zone state`, sorted, and the zones that are unreachable. */
async function seen(by: Name): Promise<{ nodes: string[]; unreachable: string[] }> {
  const cluster = await clusterOf(agent(by));
  return {
    nodes: (cluster?.nodes ?? []).map((node) => `${node.display_name} ${node.zone} ${node.state}`).sort(),
    unreachable: (cluster?.zones ?? []).flatMap((zone) => (zone.unreachable ? [zone.name] : [])),
  };
}

async function until(by: Name, what: string, expected: string[]): Promise<void> {
  let last: unknown;
  await agent(by)
    .until(
      what,
      async () => {
        last = await seen(by);
        return JSON.stringify((last as { nodes: string[] }).nodes) === JSON.stringify(expected);
      },
      patientMs,
    )
    .catch((error: Error) => {
      throw new Error(`${by} sees ${JSON.stringify(last)}\n${error.message}`);
    });
}

const alive = (...those: Name[]): string[] => those.map((name) => `${name} ${nodes[name].zone} alive`).sort();

function unreachable(by: Name, ...zones: string[]): Promise<unknown> {
  return agent(by).until(
    `unreachable: ${zones.join()}`,
    async () => (await seen(by)).unreachable.filter((zone) => zone !== 'side').join() === zones.join(),
    patientMs,
  );
}

describe('three zones, each with a key of its own', () => {
  beforeAll(async () => {
    [port, dns] = [await freePort(), await freePort()];
    // One by one: a start takes all of a small machine.
    for (const name of names) await start(name);
  }, 300_000);

  afterAll(async () => {
    await Promise.all([...agents.values()].map((one) => one.dispose()));
    rmSync(folder, { recursive: true, force: true });
  });

  it('come together by their proxies: each sees those below, and of those above the proxies', async () => {
    await until('world1', 'all', alive(...names));
    await until(
      'mid1',
      'its zone, the one below, and the proxy above',
      alive('midp', 'mid1', 'lowp', 'worldp'),
    );
    await until('lowp', 'the proxies above', alive('lowp', 'midp', 'worldp'));
    await unreachable('world1');
    expect((await gossip('world1', 'zone', 'list')).stdout).toMatch(
      /low +mid +1 +1 +no +seen\nmid +world +2 +2 +no +seen\nside +world +0 +0 +no +unreachable\nworld +- +2 +2 +yes +own\n/,
    );
    expect((await gossip('mid1', 'zone', 'list')).stdout).toMatch(/side +world +0 +0 +no +not seen\n/);
  });

  it('are names in DNS', async () => {
    const resolver = new Resolver({ timeout: 2000, tries: 2 });
    resolver.setServers([`127.0.0.1:${dns}`]);
    const found = (name: string): Promise<string[]> => resolver.resolve4(name).catch((error) => [error.code]);
    await agent('world1').until('its group', async () =>
      (await found('on-mid1.group.mid.opsbro')).includes(address('mid1')),
    );
    expect(await found('lowp.name.low.opsbro')).toEqual([address('lowp')]);
    expect(await found('on-mid1.group.low.opsbro')).toEqual(['ENOTFOUND']);
  });

  it('are found by broadcast as far as they may be told', async () => {
    const detected = async (by: Name): Promise<string[]> => {
      const { json } = await gossip(by, 'detect', '--timeout', '2s', '--json');
      return json<{ address: string }[]>()
        .map((one) => one.address)
        .sort();
    };
    expect(await detected('worldp')).toEqual(
      (['world1', 'midp', 'mid1', 'lowp'] as const).map(address).sort(),
    );
    expect(await detected('lowp')).toEqual([address('midp')]);
  });

  it('are unreachable, not dead, while their proxies are gone, and are back with them', async () => {
    await agent('midp').kill('SIGKILL');
    await unreachable('world1', 'low', 'mid');
    await unreachable('lowp', 'mid', 'world');
    await until(
      'mid1',
      'the death of its proxy',
      [...alive('lowp', 'mid1', 'worldp'), 'midp mid dead'].sort(),
    );
    // Nobody probes it from above.
    await agent('mid1').kill('SIGKILL');
    await agent('world1').get('/api/v1/gossip/members');
    expect((await seen('world1')).nodes).toEqual(alive(...names));
    await start('midp');
    await start('mid1');
    await unreachable('world1');
    await unreachable('lowp');
    await until('world1', 'all', alive(...names));
    await until('mid1', 'its neighbours', alive('midp', 'mid1', 'lowp', 'worldp'));
  });

  it('let a node move, and its old neighbours know', async () => {
    const moved = await gossip('mid1', 'zone', 'change', 'world');
    expect([moved.code, moved.stderr]).toEqual([0, expect.anything()]);
    const inWorld = [...alive('worldp', 'world1', 'midp', 'lowp'), 'mid1 world alive'].sort();
    await until('world1', 'the move', inWorld);
    await until('mid1', 'its new neighbours', inWorld);
    await until('midp', 'that it went', alive('midp', 'lowp', 'worldp'));
    expect(agents.get('mid1')?.output()).not.toContain('two live nodes');
  });
});
