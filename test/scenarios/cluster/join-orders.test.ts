import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomFrom } from '../../soak/result.ts';
import { Cluster, gossipFile, keyOf } from './cluster.ts';
import { type Lan, tryLan } from './namespaces.ts';

const hosts = [0, 1, 2, 3, 4];
const lan = tryLan(hosts.length);

function ordersOf(members: readonly number[]): number[][] {
  if (members.length <= 1) return [[...members]];
  return members.flatMap((first) =>
    ordersOf(members.filter((one) => one !== first)).map((rest) => [first, ...rest]),
  );
}

function shuffled(members: readonly number[], random: () => number): number[] {
  const orders = ordersOf(members);
  return orders[Math.floor(random() * orders.length)] as number[];
}

describe.skipIf(typeof lan === 'string')('members join', () => {
  const network = lan as Lan;
  const cluster = new Cluster(network);
  const ports = new Map<number, number>();
  let port = 7000;

  /** Lets each member in after the one before listens; each round has a port and a key of its own, and knows nobody of an earlier one. */
  const join = async (
    order: readonly number[],
    seedOf: (place: number) => number | undefined,
  ): Promise<void> => {
    port += 1;
    const own = port;
    const earlier = order.filter((host) => ports.has(host));
    await Promise.all(earlier.map((host) => cluster.agent(host).post('/api/v1/gossip/leave', {})));
    for (const [place, host] of order.entries()) {
      const seed = seedOf(place);
      const seeds = seed === undefined ? '' : `${network.address(seed)}`;
      const gossip = `{address: 0.0.0.0, port: ${own}, key: ${keyOf(own % 250)}, seeds: [${seeds}]}`;
      cluster.agent(host).write('gossip.yml', gossipFile(gossip)['gossip.yml'] ?? '');
      await cluster.sees(host, host, 'its own record', (node) => node.port === own && node.state === 'alive');
      ports.set(host, own);
    }
    await cluster.allAlive(order);
    for (const host of order) {
      const seen = (await cluster.nodes(host)).map((node) => [node.uuid, node.port, node.state]).sort();
      expect(seen, `order ${order}`).toEqual(order.map((one) => [cluster.uuid(one), own, 'alive']).sort());
    }
  };

  beforeAll(() => Promise.all(hosts.map((host) => cluster.start(host, '{enabled: false}'))));

  afterAll(() => cluster.dispose());

  it.each([...ordersOf([3, 4]), ...ordersOf([0, 1, 2])].map((order) => [order]))(
    'in the order %j, with one seed',
    (order) => join(order, () => Math.min(...order)),
  );

  it.each([1, 2])('in a random order, five of them by any that is there already (seed %i)', async (seed) => {
    const random = randomFrom(seed);
    const order = shuffled(hosts, random);
    await join(order, (place) => (place === 0 ? undefined : order[Math.floor(random() * place)]));
  });
});
