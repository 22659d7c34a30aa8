import type { NodesSnapshot } from 'opsbro/sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CommandResult, command } from './cli-run.ts';
import { freePort, measuresNothing } from './cluster/agents.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const hosts = ['127.0.0.71', '127.0.0.72'] as const;
const names = ['red', 'blue'] as const;
const agents: RealAgent[] = [];
let port = 0;

/** Runs `opsbro gossip` on one of the agents. */
function gossip(index: 0 | 1, ...line: string[]): Promise<CommandResult> {
  return command(['--data', (agents[index] as RealAgent).data, 'gossip', ...line]);
}

beforeAll(async () => {
  port = await freePort();
  const start = (index: 0 | 1): Promise<RealAgent> =>
    startRealAgent({
      files: {
        ...measuresNothing,
        'agent.yml': `display_name: ${names[index]}\nnode-zone: dc1\ngroups: [${names[index]}-group]\n`,
        ...(index === 1 && {
          'gossip.yml': `gossip: {address: ${hosts[1]}, port: ${port}, profile: local}\n`,
        }),
      },
    });
  agents.push(...(await Promise.all([start(0), start(1)])));
}, 200_000);

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.dispose()));
});

it('say which YAML makes an agent a member, and work once it is written', async () => {
  const before = await gossip(0, 'members');
  expect([before.code, before.stderr]).toEqual([1, expect.stringContaining('gossip: {}')]);
  agents[0]?.write('gossip.yml', `gossip: {address: ${hosts[0]}, port: ${port}, profile: local}\n`);
  await agents[0]?.until('its routes', async () => (await gossip(0, 'members')).code === 0);
  const far = await gossip(0, 'join', '192.0.2.1');
  expect([far.code, far.stderr]).toEqual([1, expect.stringContaining('gossip zone key generate --zone dc1')]);
});

it('find the other by broadcast, join it, and see its groups', async () => {
  const found = await agents[0]?.until('an answer', async () => {
    const detected = await gossip(0, 'detect', '--auto-join', '--timeout', '500ms', '--json');
    return detected.code === 0 && detected.json<{ address: string; joined?: boolean }[]>();
  });
  expect(found).toMatchObject([{ display_name: 'blue', address: hosts[1], port, zone: 'dc1', joined: true }]);
  for (const index of [0, 1] as const) {
    const waited = await gossip(index, 'wait-members', '--count', '2', '--timeout', '60s');
    expect(waited.code).toBe(0);
  }
  const seen = await gossip(0, 'wait-members', '--group', 'blue-group', '--timeout', '60s', '--json');
  expect(seen.json()).toMatchObject([{ display_name: 'blue', state: 'alive' }]);
  const { stdout } = await gossip(1, 'members');
  expect(stdout).toMatch(/^zone dc1 {2}this node is in it, 2 nodes\n/);
  const ping = await gossip(1, 'ping', 'red');
  expect([ping.code, ping.stdout]).toEqual([0, expect.stringContaining('OK in ')]);
});

it('tell each other events', async () => {
  expect((await gossip(1, 'events', 'add', 'deploy', '--payload', '{"version":3}')).code).toBe(0);
  const heard = await gossip(0, 'events', 'wait', 'deploy', '--timeout', '60s', '--json');
  expect(heard.json()).toMatchObject({ name: 'deploy', payload: { version: 3 }, display_name: 'blue' });
});

it('tell who leaves, and how it fared', async () => {
  expect((await gossip(1, 'leave')).code).toBe(0);
  await agents[0]?.until('the leave', async () => {
    const { nodes } = (await gossip(0, 'members', '--json')).json<NodesSnapshot>();
    return nodes.some(({ display_name: shown, state }) => shown === 'blue' && state === 'leave');
  });
  const { json } = await gossip(0, 'history', '--json');
  expect(json<{ state: string }[]>().map(({ state }) => state)).toEqual(
    expect.arrayContaining(['new', 'leave']),
  );
});
