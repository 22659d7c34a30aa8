import type { ClusterNode } from 'opsbro/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, measuresNothing, members } from './cluster/agents.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const key = Buffer.alloc(16, 1).toString('base64');
const otherKey = Buffer.alloc(16, 2).toString('base64');
const hosts = ['127.0.0.61', '127.0.0.62', '127.0.0.63'] as const;
const agents: RealAgent[] = [];
let port = 0;

const gossip = (address: string, changes = ''): string =>
  `gossip: {address: ${address}, port: ${port}, key: ${key}, profile: local, seeds: [${hosts[0]}]${changes}}\n`;

function start(address: string, again?: RealAgent): Promise<RealAgent> {
  const agent = `display_name: at ${address}\ngroups: [web]\n`;
  const files = { ...measuresNothing, 'gossip.yml': gossip(address), 'agent.yml': agent };
  return startRealAgent(again === undefined ? { files } : { config: again.config, data: again.data });
}

/** Waits until the first agent sees the one at `address` like that. */
function sees(address: string, what: string, is: (node: ClusterNode) => boolean): Promise<ClusterNode> {
  const [first] = agents;
  return first!.until(what, async () =>
    (await members(first!)).find((node) => node.addresses[0] === address && is(node)),
  );
}

const inState = (state: string) => (node: ClusterNode) => node.state === state;

beforeAll(async () => {
  port = await freePort();
  agents.push(...(await Promise.all(hosts.map((host) => start(host)))));
}, 200_000);

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.dispose()));
});

describe('three agents', () => {
  it('find each other by their seed, and see who each of them is', async () => {
    for (const agent of agents)
      await agent.until('three alive', async () => {
        const nodes = await members(agent);
        return (
          nodes.length === 3 &&
          nodes.every(inState('alive')) &&
          nodes.every(({ groups }) => groups.length > 0)
        );
      });
    const node = await sees(hosts[1], 'the second', inState('alive'));
    expect(node).toMatchObject({ display_name: `at ${hosts[1]}`, port, version: '1.0.0' });
    expect(node.groups).toContain('web');
    // Its own detectors find more meanwhile, of which one route may know before the other.
    const old = await agents[0]!.get<{ [uuid: string]: object }>('/agent/members');
    expect(old[node.uuid]).toMatchObject({
      ...{ addr: hosts[1], state: 'alive', groups: expect.arrayContaining(['web']) },
    });
  });

  it('see a changed group', async () => {
    agents[1]!.write('agent.yml', 'groups: [blue]\n');
    const node = await sees(hosts[1], 'its new group', ({ groups }) => groups.includes('blue'));
    expect(await agents[0]!.post('/api/v1/gossip/ping', { node: node.uuid })).toMatchObject({
      path: 'direct',
    });
  });

  it('see who was killed dead, and alive again under a higher incarnation', async () => {
    const [, , third] = agents;
    const before = await sees(hosts[2], 'the third', inState('alive'));
    await third!.kill('SIGKILL');
    await sees(hosts[2], 'its death', inState('dead'));
    agents[2] = await start(hosts[2], third);
    const back = await sees(hosts[2], 'its return', inState('alive'));
    expect(back.uuid).toBe(before.uuid);
    expect(back.incarnation).toBeGreaterThan(before.incarnation);
    // A stop is no leave.
    expect(await agents[2]!.stop()).toBe(0);
    await sees(hosts[2], 'its death', inState('dead'));
  });

  it('see who leaves, and refuse it with another key', async () => {
    const [first, second] = agents;
    await second!.post('/api/v1/gossip/leave', {});
    await sees(hosts[1], 'its leave', inState('leave'));
    const starts = (): number => second!.output().split('listens on').length;
    const before = starts();
    second!.write('gossip.yml', gossip(hosts[1]).replace(key, otherKey));
    await second!.until('its new start', async () => starts() > before);
    const body = { addresses: [hosts[0]] };
    const joined = await second!.until('an answer under the other key', async () => {
      const answer = await second!
        .post<{ failed: { reason: string }[] }>('/api/v1/gossip/join', body)
        .catch(() => undefined);
      return answer?.failed[0];
    });
    expect(joined.reason).toContain('is its key the same?');
    expect((await members(first!)).find(({ addresses }) => addresses[0] === hosts[1])?.state).toBe('leave');
  });
});
