import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeMessage, encodeRecord } from '../codec.ts';
import type { AliveClaim, Message } from '../messages.ts';
import { PackedWorld } from './packed-members.ts';
import { messageBytes } from './sized-wire.ts';
import { endpoint, VirtualCluster } from './virtual-cluster.ts';

const faults = ['crash', 'pause', 'resume', 'block', 'unblock', 'split', 'heal', 'update', 'leave'] as const;

const story = fc.record({
  nodes: fc.integer({ min: 2, max: 7 }),
  seed: fc.nat(),
  lifeguard: fc.boolean(),
  acquainted: fc.boolean(),
  loss: fc.constantFrom(0, 0.1, 0.4),
  steps: fc.array(
    fc.record({ fault: fc.constantFrom(...faults), node: fc.nat(6), afterMs: fc.nat(20_000) }),
    { maxLength: 5 },
  ),
});
type Story = typeof story extends fc.Arbitrary<infer Value> ? Value : never;

function strike(cluster: VirtualCluster, { fault, node }: Story['steps'][number], nodes: number): void {
  const name = `n${node % nodes}`;
  if (!cluster.names().includes(name)) return;
  const isLeft = (at: string): boolean => at <= endpoint(name);
  switch (fault) {
    case 'crash':
      cluster.crash(name);
      if (node % 2 === 0) cluster.boot(name, 9).join([endpoint('n0'), endpoint('n1')]);
      break;
    case 'pause':
    case 'resume':
      cluster[fault](name);
      break;
    case 'block':
    case 'unblock':
      cluster.network[fault](endpoint(name));
      break;
    case 'split':
      cluster.network.cut((from, to) => isLeft(from) !== isLeft(to));
      break;
    case 'heal':
      cluster.network.heal();
      break;
    case 'update':
      cluster.node(name).update({ port: 1 });
      break;
    case 'leave':
      cluster.node(name).leave(() => {});
  }
}

/** Everything that every node saw, and every byte that it sent. */
function told({ steps, loss, lifeguard, ...options }: Story, packed: boolean) {
  const settings = { lifeguard, forgetLeftMs: 20_000 };
  const cluster = new VirtualCluster({ ...options, packed, settings, weather: { loss } });
  cluster.time.pass(3000);
  for (const step of steps) {
    strike(cluster, step, options.nodes);
    cluster.time.pass(step.afterMs);
  }
  cluster.time.pass(30_000);
  return {
    seen: cluster.seen,
    traffic: cluster.names().map((name) => cluster.network.traffic(endpoint(name))),
    tables: cluster.names().map((name) => cluster.node(name).members()),
  };
}

it('tells the same story to the byte as a simulation of objects', () => {
  fc.assert(
    fc.property(story, (one) => {
      expect(told(one, true)).toEqual(told(one, false));
    }),
    { numRuns: 12 },
  );
});

function word(uuid: string, incarnation: number, groups: string[] = []): AliveClaim {
  const record = { uuid, name: uuid, addresses: [uuid], port: 1, zone: 'lan', groups, incarnation };
  const body = encodeRecord({ ...record, key: new Uint8Array() });
  return {
    kind: 'alive',
    body,
    signature: new Uint8Array(),
    record: { ...record, key: new Uint8Array() },
  };
}

it('knows how many bytes the codec would write', () => {
  const alive = word('a', 3);
  const row = {
    incarnation: fc.oneof(fc.nat(300), fc.nat(70_000), fc.integer({ min: 0, max: 2 ** 40 })),
    ageMs: fc.oneof(fc.nat(300), fc.nat(70_000), fc.integer({ min: 0, max: 2 ** 40 })),
    by: fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
    signature: fc.constantFrom(new Uint8Array(), new Uint8Array(64)),
    state: fc.constantFrom('alive' as const, 'dead' as const),
  };
  fc.assert(
    fc.property(fc.record(row), (some) => {
      const message: Message = { kind: 'state', alive, evidence: 'reported', ...some };
      expect(messageBytes(message)).toBe(encodeMessage(message).length);
    }),
    { numRuns: 200 },
  );
});

it('refuses what its columns cannot hold apart', () => {
  const world = new PackedWorld(['a', 'b']);
  world.keep(0, word('a', 1));
  expect(() => world.keep(0, word('a', 1, ['other']))).toThrow('cannot be packed');
  expect(() => world.keep(0, word('a', 70_000))).toThrow('cannot be packed');
  expect(() => world.claim(1, 1)).toThrow('b never said 1');
  const alive = word('c', 1);
  const stranger = {
    uuid: 'c',
    alive,
    incarnation: 1,
    state: 'alive',
    sinceMs: 0,
    accusers: [],
  } as const;
  expect(() => world.table(0).set(stranger)).toThrow('c has no column');
});
