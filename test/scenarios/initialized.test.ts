import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { AgentView, CollectorView } from '../../control/shapes.ts';
import { command } from './cli-run.ts';
import { configWithPlugins } from './fixture-plugins.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

/** After so long an agent counts as initialized, whatever still starts. */
const longestSeconds = 30;

let agent: RealAgent | undefined;
let config = '';
afterEach(async () => {
  await agent?.dispose();
  rmSync(config, { recursive: true, force: true });
});

it('is initialized once its services have started, and what listens can be reached', async () => {
  const name = 'service-starts-late';
  config = await configWithPlugins([name]);
  const file = join(config, 'goes-on');
  const files = { 'late.yml': `${name}: { enabled: true, file: ${file} }\n` };
  agent = await startRealAgent({ config, files });
  const running = agent;
  const wait = (timeout: string) =>
    command(['--data', running.data, 'agent', 'wait-initialized', '--timeout', timeout]);
  await running.until('the first runs', async () => {
    const collectors = await running.get<CollectorView[]>('/api/v1/collectors');
    return collectors.every(({ state }) => state !== 'pending' && state !== 'running');
  });
  const early = await wait('0.5');
  const { uptime } = await running.get<AgentView>('/api/v1/agent');
  if (uptime < longestSeconds)
    expect(early).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('its first runs have not ended, or its services have not started'),
    });
  writeFileSync(file, '');
  expect(await wait('100')).toMatchObject({ code: 0 });
  const services = await running.get<{ id: string; state: string }[]>('/api/v1/plugins');
  expect(services.find(({ id }) => id === `listener/${name}`)).toMatchObject({ state: 'ok' });
});
