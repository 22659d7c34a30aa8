import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { CollectorView } from '../../control/shapes.ts';
import { configWithPlugins } from './fixture-plugins.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const data = mkdtempSync(join(tmpdir(), 'opsbro-kept-'));
let config: string;
let agent: RealAgent;

afterAll(async () => {
  await agent?.dispose();
  for (const path of [data, config]) rmSync(path, { recursive: true, force: true });
});

/** What the collector counted last, once that is `wanted`. */
function runs(wanted: (count: number) => boolean): Promise<number> {
  return agent.until('the collector to count', async () => {
    const { results } = await agent.get<CollectorView>('/api/v1/collectors/keeper');
    const found = (results as { runs?: number } | null)?.runs ?? 0;
    return found > 0 && wanted(found) && found;
  });
}

it('keeps what plugins keep by key over a kill of the agent', async () => {
  config = await configWithPlugins(['keeper']);
  agent = await startRealAgent({ config, data });
  const before = await runs((count) => count >= 3);
  await agent.kill('SIGKILL');
  agent = await startRealAgent({ config, data });
  expect(await runs((count) => count !== before)).toBeGreaterThan(before);
});
