import { hasVerdict, spawnAgent, waitFor } from './agent.ts';
import { atMost, type Bench, median, resultOf, shown } from './result.ts';

/** From `opsbro agent start` in a new process with an empty data directory to the first verdict of `checks state`. Median of 5. */
export const bench: Bench = async ({ brief, say }) => {
  const times: number[] = [];
  for (let round = 0; round < (brief ? 2 : 5); round += 1) {
    const agent = spawnAgent();
    try {
      const first = async (): Promise<true | undefined> =>
        (await agent.checks()).some(hasVerdict) || undefined;
      await waitFor(agent, 'verdict', first, 30_000, 10);
      times.push(performance.now() - agent.startedMs);
      say(`  round ${round + 1}: ${shown(times.at(-1) ?? Number.NaN)} ms`);
    } finally {
      await agent.dispose();
    }
  }
  return resultOf('start', 'ms', [atMost('time to the first verdict', median(times), 1500)]);
};
