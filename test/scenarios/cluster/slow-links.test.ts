import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { opsbro } from '../cli-run.ts';
import { Cluster } from './cluster.ts';
import { type Lan, tryLan } from './namespaces.ts';

const hosts = [0, 1, 2];
const lan = tryLan(hosts.length, { delayMs: 150, rateKbit: 500, lossPercent: 5 });

describe.skipIf(typeof lan === 'string')('on links of 150 ms, 500 kbit/s and 5 % loss', () => {
  const network = lan as Lan;
  const cluster = new Cluster(network);

  beforeAll(() => cluster.startAll());

  afterAll(() => cluster.dispose());

  it('members find each other, tell what changes, and hold nobody dead', async () => {
    // Three agents that start at once keep each other from the processor; here it is about the network.
    const sinceMs = Date.now();
    const round = async (host: number): Promise<void> => {
      cluster.agent(host).write('agent.yml', `groups: [colour-${host}]\n`);
      const isSeen = ({ groups }: { groups: string[] }): boolean => groups.includes(`colour-${host}`);
      for (const by of hosts) await cluster.sees(by, host, 'its new group', isSeen);
    };
    await Promise.all(hosts.map(round));
    // Fifteen answered probes of everyone by everyone, one after the other: longer than a suspicion lasts.
    const probes = async (from: number, to: number): Promise<number> => {
      const took: number[] = [];
      await cluster.agent(from).until('fifteen answers', async () => {
        const ping = cluster
          .agent(from)
          .post<{ ms: number }>('/api/v1/gossip/ping', { node: cluster.uuid(to) });
        const answer = await ping.catch(() => undefined);
        if (answer !== undefined) took.push(answer.ms);
        return took.length >= 15;
      });
      return Math.min(...took);
    };
    const pairs = hosts.flatMap((from) => hosts.filter((to) => to !== from).map((to) => probes(from, to)));
    expect(Math.min(...(await Promise.all(pairs)))).toBeGreaterThan(300);
    await cluster.allAlive();
    expect(await cluster.deaths(undefined, sinceMs)).toEqual([]);
  });

  it('who leaves has left for all, and was dead for nobody', async () => {
    const sinceMs = Date.now();
    const left = await opsbro(['--data', cluster.agent(2).data, 'gossip', 'leave']);
    expect([left.code, left.stderr]).toEqual([0, '']);
    await Promise.all([cluster.believes(0, 2, 'leave'), cluster.believes(1, 2, 'leave')]);
    expect(await cluster.deaths(undefined, sinceMs)).toEqual([]);
  });
});
