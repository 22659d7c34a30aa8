import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { opsbro } from '../cli-run.ts';
import { Cluster, gossipFile, keyOf } from './cluster.ts';
import { type Lan, tryLan } from './namespaces.ts';

const hosts = [0, 1, 2];
const others = [0, 1];
const lan = tryLan(hosts.length);

describe.skipIf(typeof lan === 'string')('a member', () => {
  const network = lan as Lan;
  const cluster = new Cluster(network);
  const gossip = (seeds: string): string => `{address: 0.0.0.0, key: ${keyOf(3)}, seeds: [${seeds}]}`;

  /** What the others remember of the third host since it was last alive. */
  const lately = async (seenBy: number): Promise<string[]> => {
    const states = (await cluster.changes(seenBy, 2)).map(({ state }) => state);
    return states.slice(Math.max(states.lastIndexOf('alive'), states.lastIndexOf('new')) + 1);
  };

  beforeAll(async () => {
    await Promise.all(hosts.map((host) => cluster.start(host, gossip(network.address(0)))));
    await cluster.allAlive();
  });

  afterAll(() => cluster.dispose());

  it('is dead for all once it is killed, and tells who accused it', async () => {
    await cluster.agent(2).kill('SIGKILL');
    await Promise.all(others.map((host) => cluster.believes(host, 2, 'dead')));
    for (const host of others) {
      const death = (await cluster.changes(host, 2)).findLast(({ state }) => state === 'dead');
      expect(death?.accusers.length).toBeGreaterThan(0);
      expect(death?.accusers.every(({ by }) => others.some((other) => cluster.uuid(other) === by))).toBe(
        true,
      );
    }
  });

  it('refutes its death as soon as it runs again', async () => {
    const dead = await cluster.believes(0, 2, 'dead');
    await cluster.start(2, '');
    const back = await cluster.believes(0, 2, 'alive');
    expect(back.incarnation).toBeGreaterThan(dead.incarnation);
    await cluster.allAlive();
  });

  it('is dead after a stop, and knows the others before it hears of anybody, at another address and without seeds', async () => {
    expect(await cluster.agent(2).stop()).toBe(0);
    await Promise.all(others.map((host) => cluster.believes(host, 2, 'dead')));
    cluster.agent(2).write('gossip.yml', gossipFile(gossip(''))['gossip.yml'] ?? '');
    network.silence(2, true);
    network.renumber(2, '10.77.0.30');
    await cluster.start(2, '');
    for (const host of others) {
      const known = await cluster.sees(2, host, 'the record', () => true);
      expect(known.addresses).toEqual([network.address(host)]);
    }
    network.silence(2, false);
    await cluster.allAlive();
    for (const host of others) {
      const back = await cluster.sees(host, 2, 'its new address', ({ addresses }) =>
        addresses.includes('10.77.0.30'),
      );
      expect(back.addresses).toEqual(['10.77.0.30']);
      expect(cluster.agent(host).output()).not.toContain('two live nodes');
    }
  });

  it('tells the others when its host gets another address', async () => {
    network.renumber(2, '10.77.0.31');
    const is = ({ addresses, state }: { addresses: string[]; state: string }): boolean =>
      addresses.join() === '10.77.0.31' && state === 'alive';
    await Promise.all(others.map((host) => cluster.sees(host, 2, 'its new address', is)));
    await cluster.allAlive();
  });

  it('goes from all once it is dead and cleared away by one, whatever those who stood still meanwhile remember', async () => {
    expect(await cluster.agent(2).stop()).toBe(0);
    await Promise.all(others.map((host) => cluster.believes(host, 2, 'dead')));
    cluster.agent(1).child.kill('SIGSTOP');
    const cleared = await opsbro(['--data', cluster.agent(0).data, 'gossip', 'leave', cluster.uuid(2)]);
    expect([cleared.code, cleared.stdout]).toEqual([0, expect.stringContaining(cluster.uuid(2))]);
    await cluster.believes(0, 2, 'leave');
    cluster.agent(1).child.kill('SIGCONT');
    await cluster.believes(1, 2, 'leave');
    await cluster.allAlive(others);
    expect((await cluster.believes(0, 2, 'leave')).uuid).toBe(cluster.uuid(2));
    await cluster.start(2, '');
    await cluster.allAlive();
  });

  it('shows its new groups to all', async () => {
    cluster.agent(1).write('agent.yml', 'groups: [blue]\n');
    for (const host of [0, 2])
      await cluster.sees(host, 1, 'its new group', ({ groups }) => groups.includes('blue'));
  });

  it('has left for all once it says so, was dead for nobody, and stays so when it ends', async () => {
    const left = await opsbro(['--data', cluster.agent(2).data, 'gossip', 'leave']);
    expect([left.code, left.stdout]).toEqual([0, expect.stringContaining(cluster.uuid(2))]);
    await Promise.all(others.map((host) => cluster.believes(host, 2, 'leave')));
    await cluster.agent(2).kill('SIGKILL');
    cluster.agent(1).write('agent.yml', 'groups: [green]\n');
    await cluster.sees(0, 1, 'a later change', ({ groups }) => groups.includes('green'));
    for (const host of others) {
      expect((await cluster.believes(host, 2, 'leave')).uuid).toBe(cluster.uuid(2));
      expect(await lately(host)).not.toContain('dead');
    }
  });
});
