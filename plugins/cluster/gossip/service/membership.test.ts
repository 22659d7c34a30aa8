import type { ExportedFacts, JsonObject, KeyValues, NodeDetailsSnapshot } from 'opsbro/sdk';
import { type ServiceTestContext, serviceContext, testFacts } from 'opsbro/sdk/testing';
import { afterEach, expect, it } from 'vitest';
import type { Membership } from './membership.ts';
import { openResidence } from './open.ts';
import type { Options } from './options.ts';
import type { Residence } from './residence.ts';

const key = Buffer.alloc(16, 7).toString('base64');
const running: Residence[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((residence) => residence.close()));
});

interface Node {
  ctx: ServiceTestContext<Options>;
  membership: Membership;
  endpoint: string;
  facts: ExportedFacts;
}

function factsOf(name: string, changes: Partial<ExportedFacts> = {}): ExportedFacts {
  return testFacts({ node: { name, uuid: `uuid-${name}`, zone: 'dc1', version: '1.0.0' }, ...changes });
}

async function start(
  name: string,
  changes: Partial<Options> = {},
  facts = factsOf(name),
  kv?: KeyValues,
): Promise<Node> {
  const options: Options = {
    address: '127.0.0.1',
    port: 0,
    key,
    keys: [],
    seeds: [],
    bootstrap: false,
    zone: '',
    zone_keys: '/nowhere',
    proxy: false,
    display_name: '',
    profile: 'local',
    forget_dead: '72h',
    ...changes,
  };
  const snapshots = { facts: facts as never };
  const made = serviceContext<Options>({ options, name: 'gossip', snapshots });
  const ctx = { ...made, kv: kv ?? made.kv };
  const residence = await openResidence(ctx);
  running.push(residence);
  const membership = residence.membership as Membership;
  const self = membership.members().nodes[0];
  return { ctx, membership, endpoint: `127.0.0.1:${self?.port}`, facts };
}

const states = ({ membership }: Node): string[] =>
  membership.members().nodes.map(({ name, state }) => `${name} ${state}`);
const logged = ({ ctx }: Node): string => ctx.logs.map(({ message }) => message).join('\n');

async function ask(
  node: Node,
  method: string,
  path: string,
  body: JsonObject | null = null,
): Promise<JsonObject> {
  const route = `/api/v1/gossip/${path}`;
  const reply = await node.ctx.request({ route, method, params: {}, query: {}, body });
  return { status: reply.status, ...(reply.body as JsonObject) };
}

it('joins, is seen with its groups and checks, and tells changes', async () => {
  const [one, two] = [await start('one'), await start('two')];
  expect(await ask(two, 'POST', 'join', { addresses: [one.endpoint] })).toMatchObject({
    status: 200,
    joined: [one.endpoint],
    failed: [],
  });
  await expect.poll(() => states(one)).toEqual(['one alive', 'two alive']);
  expect(await ask(one, 'GET', 'members')).toMatchObject({
    self: 'uuid-one',
    zone: 'dc1',
    nodes: [
      { name: 'one' },
      { name: 'two', groups: ['debian', 'linux'], version: '1.0.0', failing: ['linux'] },
    ],
  });
  two.ctx.push('facts', { ...two.facts, groups: ['linux', 'web'], checks: [] } as never);
  await expect
    .poll(() => one.membership.members().nodes[1])
    .toMatchObject({ groups: ['linux', 'web'], failing: [] });
  const published = (): unknown => one.ctx.published.at(-1)?.data;
  await expect.poll(published).toMatchObject({ nodes: [{ name: 'one' }, { groups: ['linux', 'web'] }] });
  expect(await ask(one, 'POST', 'ping', { node: 'two' })).toMatchObject({ node: 'uuid-two', path: 'direct' });
  expect(await ask(one, 'POST', 'ping', { node: 'three' })).toMatchObject({ status: 404 });
  expect(logged(one)).toContain('two (uuid-two');
});

it('fetches how the checks of others stand while a plugin here needs it, and tells its own', async () => {
  const one = await start('one');
  const two = await start('two', { seeds: [one.endpoint] });
  await expect.poll(() => states(one)).toEqual(['one alive', 'two alive']);
  const checksOf = (uuid: string): unknown =>
    (
      one.ctx.published.findLast(({ topic }) => topic === 'node-details')
        ?.data as unknown as NodeDetailsSnapshot
    )?.[uuid]?.checks.map(({ id, state, output }) => `${id} ${state} ${output}`);
  expect(checksOf('uuid-one')).toBeUndefined();
  one.ctx.push('wanted', ['nodes', 'node-details']);
  const critical = ['linux/check/load critical load is 42'];
  await expect.poll(() => checksOf('uuid-two'), { timeout: 10_000 }).toEqual(critical);
  expect(checksOf('uuid-one')).toEqual(critical);
  const version = (): number => one.membership.members().nodes[1]?.checks_version ?? 0;
  const before = version();
  const [load] = two.facts.checks;
  two.ctx.push('facts', { ...two.facts, checks: [{ ...load, state: 'ok', output: 'load is 1' }] } as never);
  await expect
    .poll(() => checksOf('uuid-two'), { timeout: 10_000 })
    .toEqual(['linux/check/load ok load is 1']);
  expect(version()).toBeGreaterThan(before);
  one.ctx.push('wanted', ['nodes']);
  expect(checksOf('uuid-two')).toBeUndefined();
});

it('tells another display name, and that there is none any more, while it runs', async () => {
  const one = await start('one');
  const two = await start('two', { seeds: [one.endpoint] });
  await expect.poll(() => states(one)).toEqual(['one alive', 'two alive']);
  const shown = (): string | undefined => one.membership.members().nodes[1]?.display_name;
  for (const display_name of ['red', 'blue', 'two']) {
    two.ctx.push('facts', { ...two.facts, node: { ...two.facts.node, display_name } } as never);
    await expect.poll(shown).toBe(display_name);
  }
  expect(two.membership.port).toBe(Number(two.endpoint.split(':')[1]));
});

it('tells more groups than fit a datagram', async () => {
  const one = await start('one');
  const groups = Array.from({ length: 200 }, (_, index) => `a-group-${1000 + index}`);
  await start('two', { seeds: [one.endpoint] }, factsOf('two', { groups }));
  await expect.poll(() => one.membership.members().nodes[1]?.groups).toEqual(groups);
});

it.each([
  ['warns', false],
  ['says nothing, since it may begin a cluster alone,', true],
])('%s while no seed answers, and joins the seed once it does', async (_title, bootstrap) => {
  const before = await start('one');
  const { endpoint } = before;
  await before.membership.close();
  const two = await start('two', { seeds: [endpoint], bootstrap });
  await start('one', { port: Number(endpoint.split(':')[1]) });
  await expect.poll(() => states(two), { timeout: 60_000 }).toEqual(['one alive', 'two alive']);
  const warned = two.ctx.logs.filter(({ level }) => level === 'warn').map(({ message }) => message);
  expect(warned).toEqual(bootstrap ? [] : ['no seed answers; they are tried again']);
});

it('says why it cannot join, without a key what others would need', async () => {
  const one = await start('one');
  const other = await start('other', { key: Buffer.alloc(16, 8).toString('base64') });
  const clear = await start('clear', { key: '' });
  const addresses = [one.endpoint, '127.0.0.1:1', 'a b'];
  expect(await ask(other, 'POST', 'join', { addresses })).toMatchObject({
    joined: [],
    failed: expect.arrayContaining([
      { address: one.endpoint, reason: expect.stringContaining('is its key the same?') },
      { address: '127.0.0.1:1', reason: 'nobody listens there' },
      { address: 'a b', reason: expect.stringContaining('neither host nor host:port') },
    ]),
  });
  expect(await ask(clear, 'POST', 'join', { addresses: [one.endpoint] })).toMatchObject({
    joined: [],
    key: false,
  });
  expect(await ask(clear, 'POST', 'join', { addresses: ['198.51.100.1'] })).toMatchObject({
    failed: [{ reason: expect.stringContaining('no key') }],
  });
  expect(states(one)).toEqual(['one alive']);
  expect(one.membership.figures()).toMatchObject({ refusedPackets: { clear: 1, 'unknown-key': 1 } });
});

it('listens on loopback only without a key', async () => {
  const one = await start('one', { key: '', address: '0.0.0.0' });
  expect(one.membership.members().nodes[0]?.addresses).toEqual(['127.0.0.1']);
});

it('leaves, is seen to have left, and comes back when it joins', async () => {
  const one = await start('one');
  const two = await start('two', { seeds: [one.endpoint] });
  await expect.poll(() => states(one)).toEqual(['one alive', 'two alive']);
  expect(await ask(one, 'POST', 'leave', { uuid: 'two' })).toMatchObject({ status: 400 });
  expect(await ask(one, 'POST', 'leave', { uuid: 'nobody' })).toMatchObject({ status: 404 });
  expect(await ask(two, 'POST', 'leave')).toMatchObject({ left: 'uuid-two' });
  await expect.poll(() => states(one)).toEqual(['one alive', 'two leave']);
  await ask(two, 'POST', 'join', { addresses: [one.endpoint] });
  await expect.poll(() => states(one)).toEqual(['one alive', 'two alive']);
});

it('is a whole member again when it is told to join while it still leaves', async () => {
  const one = await start('one');
  const two = await start('two', { seeds: [one.endpoint] });
  await expect.poll(() => states(two)).toEqual(['one alive', 'two alive']);
  await Promise.all([ask(two, 'POST', 'leave'), ask(two, 'POST', 'join', { addresses: [one.endpoint] })]);
  await expect.poll(() => states(one)).toEqual(['one alive', 'two alive']);
  await one.membership.close();
  await expect.poll(() => states(two), { timeout: 20_000 }).toEqual(['one dead', 'two alive']);
}, 30_000);

it('changes keys while packets flow, and shows none', async () => {
  const next = Buffer.alloc(32, 9).toString('base64');
  const nodes = [await start('one'), await start('two')];
  for (const act of ['install', 'use', 'remove'])
    for (const node of nodes)
      expect(
        await ask(node, 'POST', 'keyring', { do: act, key: act === 'remove' ? key : next }),
      ).toMatchObject({
        status: 200,
      });
  const ring = await ask(nodes[0]!, 'GET', 'keyring');
  expect(ring.keys).toHaveLength(1);
  expect(JSON.stringify(ring)).not.toContain(next);
  await ask(nodes[1]!, 'POST', 'join', { addresses: [nodes[0]!.endpoint] });
  await expect.poll(() => states(nodes[0]!)).toEqual(['one alive', 'two alive']);
  expect(await ask(nodes[0]!, 'POST', 'keyring', { do: 'turn', key })).toMatchObject({ status: 400 });
});

it('names both nodes that have one uuid', async () => {
  const one = await start('one');
  const twin = await start(
    'twin',
    {},
    factsOf('twin', { node: { name: 'twin', uuid: 'uuid-one', zone: 'dc1' } }),
  );
  await ask(twin, 'POST', 'join', { addresses: [one.endpoint] });
  for (const node of [one, twin])
    await expect
      .poll(() => logged(node))
      .toMatch(/two live nodes have the uuid uuid-one: .*(one.*twin|twin.*one)/);
});

it('comes back with what it saved: its key, a higher incarnation, and the others', async () => {
  const [one, two] = [await start('one'), await start('two')];
  await ask(two, 'POST', 'join', { addresses: [one.endpoint] });
  await expect.poll(() => states(one)).toEqual(['one alive', 'two alive']);
  const seen = (): number => one.membership.members().nodes[1]?.incarnation ?? 0;
  const before = seen();
  await expect.poll(() => two.ctx.kv.list('gossip/gossip/table/')).toHaveLength(1);
  await two.membership.close();
  const { kv } = two.ctx;
  const again = await start('two', { port: Number(two.endpoint.split(':')[1]) }, two.facts, kv);
  await expect.poll(() => states(again)).toEqual(['one alive', 'two alive']);
  await expect.poll(seen).toBeGreaterThan(before);
  expect(logged(one)).not.toContain('two live nodes');
});

it('comes back under a higher incarnation when it ended right after a change', async () => {
  const [one, two] = [await start('one'), await start('two')];
  await ask(two, 'POST', 'join', { addresses: [one.endpoint] });
  await expect.poll(() => states(one)).toEqual(['one alive', 'two alive']);
  two.ctx.push('facts', { ...two.facts, groups: ['changed'] } as never);
  await expect.poll(() => one.membership.members().nodes[1]).toMatchObject({ groups: ['changed'] });
  const told = one.membership.members().nodes[1]?.incarnation ?? 0;
  await two.membership.close();
  const { kv } = two.ctx;
  expect(await kv.get('gossip/gossip/incarnation')).toBe(told);
});

it('keeps what it knew when it ends, also what it heard a moment ago', async () => {
  const [one, two] = [await start('one'), await start('two')];
  await ask(two, 'POST', 'join', { addresses: [one.endpoint] });
  await expect.poll(() => states(two), { interval: 1 }).toEqual(['one alive', 'two alive']);
  await two.membership.close();
  expect(await two.ctx.kv.list('gossip/gossip/table/')).toHaveLength(1);
});
