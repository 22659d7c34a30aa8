import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PluginView } from '../../control/shapes.ts';
import { clusterOf, freePort, measuresNothing } from './cluster/agents.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let data = '';
let agent: RealAgent | undefined;

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'opsbro-killed-'));
});

afterEach(async () => {
  await agent?.dispose();
  rmSync(data, { recursive: true, force: true });
});

/** An agent without a launcher whose only service is the membership, once that answers. */
async function start(gossip: string): Promise<RealAgent> {
  agent = await startRealAgent({ data, files: { ...measuresNothing, 'gossip.yml': gossip } });
  await agent.until('its membership', async () => clusterOf(agent as RealAgent));
  return agent;
}

it('an agent that is killed twice within seconds, seen by no launcher, blames nobody for it', async () => {
  const gossip = `gossip: {address: 127.0.0.73, port: ${await freePort()}, profile: local}\n`;
  for (const _ of ['once', 'twice']) {
    const killed = await start(gossip);
    await killed.kill('SIGKILL');
    await killed.dispose();
  }
  const last = await start(gossip);
  expect((await last.get<PluginView>('/api/v1/plugins/cluster/gossip')).state).toBe('ok');
  expect(last.output()).not.toContain('quarantined');
});
