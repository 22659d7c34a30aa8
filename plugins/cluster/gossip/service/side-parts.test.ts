import type { JsonObject } from 'opsbro/sdk';
import { type ServiceTestContext, serviceContext, testFacts } from 'opsbro/sdk/testing';
import { afterEach, expect, it } from 'vitest';
import type { Membership } from './membership.ts';
import { openResidence } from './open.ts';
import type { Options } from './options.ts';
import type { Residence } from './residence.ts';

const running: Residence[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((residence) => residence.close()));
});

/** A member on an address of loopback. */
async function start(
  name: string,
  address: string,
  port = 0,
  kv?: ServiceTestContext<Options>['kv'],
): Promise<{ ctx: ServiceTestContext<Options>; membership: Membership; port: number }> {
  const options: Options = {
    address,
    port,
    key: Buffer.alloc(16, 7).toString('base64'),
    keys: [],
    seeds: [],
    bootstrap: false,
    zone: '',
    zone_keys: '/nowhere',
    proxy: name === 'proxy',
    display_name: '',
    profile: 'local',
    forget_dead: '72h',
  };
  const facts = testFacts({ node: { name, uuid: `uuid-${name}`, zone: 'dc1', version: '1.0.0' } });
  const made = serviceContext<Options>({ options, name: 'gossip', snapshots: { facts: facts as never } });
  const ctx = { ...made, kv: kv ?? made.kv };
  const residence = await openResidence(ctx);
  running.push(residence);
  const membership = residence.membership as Membership;
  return { ctx, membership, port: membership.members().nodes[0]?.port ?? 0 };
}

async function ask(
  { ctx }: { ctx: ServiceTestContext<Options> },
  method: string,
  path: string,
  body: JsonObject | null = null,
  query: { [name: string]: string } = {},
) {
  const reply = await ctx.request({ route: `/api/v1/gossip/${path}`, method, params: {}, query, body });
  return reply as { status: number; body: never };
}

it('finds members of the same network by broadcast, joins a proxy first, and they tell each other events', async () => {
  const one = await start('one', '127.0.0.1');
  const two = await start('two', '127.0.0.2', one.port);
  const proxy = await start('proxy', '127.0.0.3', one.port);
  await two.membership.join([`127.0.0.3:${one.port}`]);
  const found = await ask(one, 'POST', 'detect', { auto_join: true, timeout: 0.6 });
  expect(found.status).toBe(200);
  expect([...(found.body as { name: string }[])].sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
    expect.objectContaining({
      name: 'proxy',
      address: '127.0.0.3',
      port: one.port,
      proxy: true,
      joined: true,
    }),
    expect.objectContaining({ name: 'two', address: '127.0.0.2', proxy: false }),
  ]);
  await expect.poll(() => one.membership.members().nodes.length).toBe(3);
  expect(await ask(two, 'POST', 'events', { name: 'deploy', payload: { version: 3 } })).toMatchObject({
    status: 200,
    body: { name: 'deploy', node: 'two' },
  });
  const heard = async (member: typeof one) =>
    (await ask(member, 'GET', 'events', null, { name: 'deploy' })).body;
  await expect
    .poll(() => heard(one))
    .toMatchObject([{ name: 'deploy', payload: { version: 3 }, from: 'uuid-two', node: 'two' }]);
  await expect.poll(() => heard(proxy)).toMatchObject([{ from: 'uuid-two' }]);
});

it('keeps the history of the members, and that of an earlier life', async () => {
  const { kv } = serviceContext({});
  const before = { at: 1_790_000_000_000, node: 'uuid-old', name: 'old', state: 'dead', accusers: [] };
  await kv.put('gossip/gossip/history', [before]);
  const one = await start('one', '127.0.0.1', 0, kv);
  const two = await start('two', '127.0.0.1');
  await two.membership.join([`127.0.0.1:${one.port}`]);
  const told = async (node: string) => (await ask(one, 'GET', 'history', null, { node })).body;
  await expect.poll(() => told('two')).toMatchObject([{ node: 'uuid-two', state: 'new' }]);
  await two.membership.leave();
  await expect.poll(() => told('two')).toMatchObject([{ state: 'new' }, { state: 'leave' }]);
  expect(await told('old')).toMatchObject([{ state: 'dead', at: '2026-09-21T14:13:20.000Z' }]);
  expect(one.membership.sides.save()).toContainEqual(before);
});
