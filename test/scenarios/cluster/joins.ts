import { Cluster, gossipFile, keyOf } from './cluster.ts';
import type { Lan } from './namespaces.ts';

/** Every order of these hosts. */
export function ordersOf(hosts: readonly number[]): number[][] {
  if (hosts.length <= 1) return [[...hosts]];
  return hosts.flatMap((first) =>
    ordersOf(hosts.filter((one) => one !== first)).map((rest) => [first, ...rest]),
  );
}

/** Lets agents join in one order after the other: each round has a port and a key of its own, and knows nobody of an earlier one. */
export class Joins {
  readonly #cluster: Cluster;
  readonly #joined = new Set<number>();
  #port = 7000;

  constructor(lan: Lan) {
    this.#cluster = new Cluster(lan);
  }

  /** An agent on each host that is no member yet. */
  async start(): Promise<void> {
    await Promise.all(this.#cluster.lan.hosts.map((host) => this.#cluster.start(host, '{enabled: false}')));
  }

  /**
   * Lets each in after the one before listens, by the seed that `seedOf` its place in the order names. What each then sees that is not
   * just these alive, a line each.
   */
  async round(order: readonly number[], seedOf: (place: number) => number | undefined): Promise<string[]> {
    this.#port += 1;
    const port = this.#port;
    const cluster = this.#cluster;
    const earlier = order.filter((host) => this.#joined.has(host));
    await Promise.all(earlier.map((host) => cluster.agent(host).post('/api/v1/gossip/leave', {})));
    for (const [place, host] of order.entries()) {
      const seed = seedOf(place);
      const seeds = seed === undefined ? '' : cluster.lan.address(seed);
      const gossip = `{address: 0.0.0.0, port: ${port}, key: ${keyOf(port % 250)}, seeds: [${seeds}]}`;
      cluster.agent(host).write('gossip.yml', gossipFile(gossip)['gossip.yml'] ?? '');
      await cluster.sees(
        host,
        host,
        'its own record',
        (node) => node.port === port && node.state === 'alive',
      );
      this.#joined.add(host);
    }
    await cluster.allAlive(order);
    const wanted = order
      .map((host) => `${cluster.uuid(host)} ${port} alive`)
      .sort()
      .join(', ');
    const seen = await Promise.all(
      order.map(async (host) => {
        const nodes = (await cluster.nodes(host)).map((node) => `${node.uuid} ${node.port} ${node.state}`);
        return { host, nodes: nodes.sort().join(', ') };
      }),
    );
    return seen.flatMap(({ host, nodes }) =>
      nodes === wanted ? [] : [`order ${order}: host ${host} sees ${nodes} instead of ${wanted}`],
    );
  }

  dispose(): Promise<void> {
    return this.#cluster.dispose();
  }
}
