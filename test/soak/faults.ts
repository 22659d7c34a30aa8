import { rmSync } from 'node:fs';
import type { PluginView } from '../../control/shapes.ts';
import { type BenchAgent, pause, spawnAgent, waitFor } from '../bench/agent.ts';
import { treeUsage } from '../bench/proc-tree.ts';
import { median } from '../bench/result.ts';
import { directoryOfPlugins } from './faulty-plugins.ts';
import { pick, randomFrom, type Soak } from './result.ts';

const mebibyte = 1024 * 1024;
const faults = [
  'throws-at-import',
  'throws',
  'never-returns',
  'blocks',
  'exhausts-heap',
  'returns-cycle',
  'returns-function',
  'returns-100-mb',
  'exits',
  'changes-directory',
  'returns-nan',
  'throws-later',
];

/** 200 random faults in a row: the agent runs on, a healthy plugin never fails, and memory comes back to within 20 %. */
export const soak: Soak = async ({ share, seed, say }) => {
  const random = randomFrom(seed);
  const rounds = Math.round(200 * share);
  const config = await directoryOfPlugins([...faults, 'healthy']);
  const agent = spawnAgent({}, ['--config', config]);
  const found: string[] = [];
  const figures: { [name: string]: number } = {};
  try {
    const settled = async (): Promise<true | undefined> =>
      (await agent.agent()).state === 'running' || undefined;
    await waitFor(agent, 'running agent', settled, 90_000, 250);
    await pause(20_000);
    const { pid } = await agent.agent();
    const before = await typicalRss(agent);
    const healthy = await healthyPlugin(agent);
    for (let round = 1; round <= rounds; round += 1) {
      const name = pick(faults, random);
      await agent.client
        .request('POST', `/api/v1/collectors/${name}/run`, {}, { timeoutMs: 30_000 })
        .catch(() => undefined);
      if (agent.child.exitCode !== null) throw new Error(`the agent ended after ${name}:\n${agent.log()}`);
      if (round % 20 === 0)
        say(`  ${round} faults, RSS ${Math.round(treeUsage(agent.child.pid ?? 0).rssBytes / mebibyte)} MiB`);
    }
    const after = await waitForMemory(agent, before * 1.2);
    const later = await healthyPlugin(agent);
    figures.rssBeforeMiB = Math.round(before / mebibyte);
    figures.rssAfterMiB = Math.round(after / mebibyte);
    figures.healthyRuns = later.runs - healthy.runs;
    if (after > before * 1.2)
      found.push(`RSS grew from ${figures.rssBeforeMiB} to ${figures.rssAfterMiB} MiB`);
    if (later.errors > healthy.errors)
      found.push(`the healthy plugin failed ${later.errors - healthy.errors} times: ${later.log}`);
    if (figures.healthyRuns === 0) found.push('the healthy plugin no longer runs');
    if ((await agent.agent()).pid !== pid) found.push('the agent was started again');
  } catch (error) {
    found.push(error instanceof Error ? error.message : String(error));
  } finally {
    await agent.dispose();
    rmSync(config, { recursive: true, force: true });
  }
  return { soak: 'faults', rounds, seed, pass: found.length === 0, found, figures };
};

async function healthyPlugin(agent: BenchAgent): Promise<PluginView> {
  return await agent.client.request<PluginView>('GET', '/api/v1/plugins/collector/healthy');
}

/** The median over ten seconds: one sample may fall into a job that holds much for a moment. */
async function typicalRss(agent: BenchAgent): Promise<number> {
  const samples: number[] = [];
  for (let second = 0; second < 10; second += 1) {
    samples.push(treeUsage(agent.child.pid ?? 0).rssBytes);
    await pause(1000);
  }
  return median(samples);
}

/** Idle threads retire after a minute; until then their memory is still theirs. */
async function waitForMemory(agent: BenchAgent, limit: number): Promise<number> {
  let rss = await typicalRss(agent);
  for (let look = 0; look < 12 && rss > limit; look += 1) rss = Math.min(rss, await typicalRss(agent));
  return rss;
}
