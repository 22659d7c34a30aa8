import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { CheckView } from '../../control/shapes.ts';
import { agentDirectory, type BenchAgent, hasVerdict, pause, spawnAgent, waitFor } from '../bench/agent.ts';
import { randomFrom, type Soak } from './result.ts';

const files = {
  'soak/broken.yml': `check:
  interval: 1s
  critical_if: "True"
  critical_output: "'always'"
`,
  'soak/turning.yml': `check:
  interval: 1s
  critical_if: "now() % 4 < 2"
  critical_output: "'down'"
  ok_output: "'up'"
`,
};

/** 100 times `kill -9` at a random moment, then a start on the same data: it starts, and a state that held is not lost. */
export const soak: Soak = async ({ share, seed, say }) => {
  const random = randomFrom(seed);
  const rounds = Math.round(100 * share);
  const scratch = agentDirectory();
  const found: string[] = [];
  let since: string | null = null;
  let slowestMs = 0;
  for (let round = 1; round <= rounds && found.length < 5; round += 1) {
    const agent = spawnAgent(files, ['--no-supervise'], scratch);
    try {
      const check = await waitFor(agent, 'verdict', () => brokenCheck(agent), 30_000, 20);
      slowestMs = Math.max(slowestMs, performance.now() - agent.startedMs);
      if (since !== null && check.since !== since)
        found.push(`round ${round}: critical since ${check.since}, not ${since}`);
      since = check.since;
      await pause(random() * 2000);
    } catch (error) {
      found.push(`round ${round}: ${error instanceof Error ? error.message : error}`);
    }
    const ended = once(agent.child, 'exit');
    if (agent.child.exitCode === null) agent.child.kill('SIGKILL');
    await Promise.race([ended, pause(5000)]);
    if (round % 10 === 0) say(`  ${round} kills, slowest start ${Math.round(slowestMs)} ms`);
  }
  rmSync(scratch, { recursive: true, force: true });
  const figures = { slowestStartMs: Math.round(slowestMs) };
  return { soak: 'kill', rounds, seed, pass: found.length === 0, found, figures };
};

async function brokenCheck(agent: BenchAgent): Promise<CheckView | undefined> {
  const check = await agent.client.request<CheckView>('GET', '/api/v1/checks/broken');
  return hasVerdict(check) && check.state === 'critical' ? check : undefined;
}
