import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { opsbro } from '../cli-run.ts';
import { Cluster, keyOf } from './cluster.ts';
import { type Lan, tryLan } from './namespaces.ts';

const hosts = [0, 1, 2];
const stranger = 3;
const lan = tryLan(hosts.length + 1);

describe.skipIf(typeof lan === 'string')('keys of a zone', () => {
  const network = lan as Lan;
  const cluster = new Cluster(network);
  const gossip = (key: number): string =>
    `{address: 0.0.0.0, key: ${keyOf(key)}, seeds: [${network.address(0)}]}`;

  const keyring = async (...words: string[]): Promise<void> => {
    for (const host of hosts) {
      const { code, stderr } = await opsbro([
        '--data',
        cluster.agent(host).data,
        'gossip',
        'keyring',
        ...words,
      ]);
      expect({ host, code, stderr }).toMatchObject({ host, code: 0 });
    }
  };

  beforeAll(async () => {
    await Promise.all([
      ...hosts.map((host) => cluster.start(host, gossip(1))),
      cluster.start(stranger, gossip(2)),
    ]);
    await cluster.allAlive(hosts);
    await cluster.believes(stranger, stranger, 'alive');
  });

  afterAll(() => cluster.dispose());

  it('keep out who has another one: its packets are dropped and counted, and nobody learns of the other', async () => {
    const body = { addresses: [network.address(0)] };
    const { failed } = await cluster
      .agent(stranger)
      .post<{ failed: { reason: string }[] }>('/api/v1/gossip/join', body);
    expect(failed[0]?.reason).toContain('is its key the same?');
    await cluster
      .agent(0)
      .until('the count', async () =>
        /"unknown-key":\d+.*packets are refused/.test(cluster.agent(0).output()),
      );
    expect((await cluster.nodes(stranger)).map(({ uuid }) => uuid)).toEqual([cluster.uuid(stranger)]);
    for (const host of hosts) expect(await cluster.nodes(host)).toHaveLength(hosts.length);
  });

  it('keep out who has none', async () => {
    // Without a key it speaks with its own host only, so it stands beside a member.
    const bare = await cluster.beside(1, `{port: 7000, seeds: ['127.0.0.1:6768']}`);
    await cluster
      .agent(1)
      .until('the count', async () => /"clear":\d+.*packets are refused/.test(cluster.agent(1).output()));
    const { nodes } = await bare.get<{ nodes: object[] }>('/api/v1/gossip/members');
    expect(nodes).toHaveLength(1);
    for (const host of hosts) expect(await cluster.nodes(host)).toHaveLength(hosts.length);
  });

  it('are changed while packets flow, and nobody is lost by it', async () => {
    const sinceMs = Date.now();
    await keyring('install', keyOf(2));
    await keyring('use', keyOf(2));
    await keyring('remove', keyOf(1));
    cluster.agent(1).write('agent.yml', 'groups: [blue]\n');
    for (const host of hosts)
      await cluster.sees(host, 1, 'its new group', ({ groups }) => groups.includes('blue'));
    await cluster.allAlive(hosts);
    // Now it has the right one.
    const body = { addresses: [network.address(0)] };
    await cluster
      .agent(stranger)
      .until('its join', async () =>
        (
          await cluster.agent(stranger).post<{ joined: string[] }>('/api/v1/gossip/join', body)
        ).joined.includes(network.address(0)),
      );
    await cluster.allAlive();
    expect(await cluster.deaths(undefined, sinceMs)).toEqual([]);
  });
});
