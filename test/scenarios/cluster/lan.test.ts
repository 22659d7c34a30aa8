import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster, patientMs } from './cluster.ts';
import { type Lan, tryLan } from './namespaces.ts';

const lan = tryLan(3);

describe.skipIf(typeof lan === 'string')('three hosts on a bridge', () => {
  const network = lan as Lan;
  const cluster = new Cluster(network);

  /** Waits until so many probes of the one reached the other by way of the third, half a second each. */
  const waysRound = async (from: number, to: number, probes = 1): Promise<void> => {
    let found = 0;
    const look = async (): Promise<boolean> => {
      const ping = cluster
        .agent(from)
        .post<{ path: string }>('/api/v1/gossip/ping', { node: cluster.uuid(to) });
      const answer = await ping.catch(() => undefined);
      found += Number(answer?.path === 'indirect');
      return found >= probes;
    };
    await cluster.agent(from).until(`${probes} ways round`, look, patientMs);
  };

  beforeAll(() => cluster.startAll());

  afterAll(() => cluster.dispose());

  it('find each other by their seed', async () => {
    await cluster.allAlive();
  });

  it('reach over the third whom they cannot reach, in one way or in both, and hold it alive', async () => {
    const sinceMs = Date.now();
    network.dropOneWay(0, 1);
    await waysRound(0, 1);
    network.dropOneWay(1, 0);
    // Longer than it takes from a probe without answer to a death.
    await Promise.all([waysRound(0, 1, 20), waysRound(1, 0, 20)]);
    network.mend(0, 1);
    network.mend(1, 0);
    await cluster.allAlive();
    expect(await cluster.deaths(undefined, sinceMs)).toEqual([]);
  });

  it('hold dead who stands still, and take it back', async () => {
    cluster.agent(2).child.kill('SIGSTOP');
    await cluster.believes(0, 2, 'dead');
    cluster.agent(2).child.kill('SIGCONT');
    await cluster.allAlive();
  });

  it('come together again by themselves after a split', async () => {
    network.plug(2, false);
    await Promise.all([
      cluster.believes(0, 2, 'dead'),
      cluster.believes(1, 2, 'dead'),
      cluster.believes(2, 0, 'dead'),
    ]);
    network.plug(2, true);
    await cluster.allAlive();
  });
});
