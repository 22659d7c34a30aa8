import type { AgentView } from '../../control/shapes.ts';
import { type BenchAgent, pause, spawnAgent, waitFor } from './agent.ts';
import { type TreeUsage, treeUsage } from './proc-tree.ts';
import { atMost, type Bench, quantile, resultOf, shown } from './result.ts';

const mebibyte = 1024 * 1024;
const firstSeconds = 60;

/**
 * The shipped configuration for ten minutes (`footprint MINUTES` for another time): memory and processor of the whole tree, from
 * the moment the agent has finished its first round. Memory is the median of the seconds, and the maximum once a minute has passed, in
 * which the threads that read the configuration and ran everything at once are still there; the peak of that is said, not judged.
 */
export const bench: Bench = async ({ args, brief, say }) => {
  const minutes = Number(args[0] ?? (brief ? 0.25 : 10));
  if (!(minutes > 0)) throw new Error(`'${args[0]}' is no number of minutes`);
  const agent = spawnAgent();
  try {
    const running = async (): Promise<true | undefined> =>
      (await agent.agent()).state === 'running' || undefined;
    await waitFor(agent, 'running agent', running, 60_000, 100);
    const samples = await watch(agent, minutes, say);
    const rss = samples.map(({ rssBytes }) => rssBytes / mebibyte);
    const later = rss.slice(firstSeconds);
    say(
      `  RSS MiB: p90 ${shown(quantile(rss, 0.9))}, at its peak ${shown(Math.max(...rss))}, ` +
        `at its maximum after ${firstSeconds} s ${shown(Math.max(...later))}`,
    );
    const view = await agent.agent();
    return resultOf('footprint', 'MiB', [
      atMost('RSS, median of the seconds, MiB', quantile(rss, 0.5), 120),
      ...(later.length > 0
        ? [atMost(`RSS, maximum after ${firstSeconds} s, MiB`, Math.max(...later), 120)]
        : []),
      atMost('CPU, % of one core', cpuPercent(samples), 1),
      atMost('loop delay p99, ms', view.loop_delay_ms.p99, 20),
      atMost('plugins in trouble', troubled(view, say), 0),
    ]);
  } finally {
    await agent.dispose();
  }
};

type Sample = TreeUsage & { atMs: number };

async function watch(agent: BenchAgent, minutes: number, say: (text: string) => void): Promise<Sample[]> {
  const pid = agent.child.pid ?? 0;
  const end = performance.now() + minutes * 60_000;
  const samples: Sample[] = [];
  while (performance.now() < end) {
    samples.push({ ...treeUsage(pid), atMs: performance.now() });
    if (samples.length % 60 === 0) {
      const { rssBytes, processes } = samples.at(-1) as Sample;
      const rss = shown(rssBytes / mebibyte);
      say(
        `  ${samples.length} s: RSS ${rss} MiB in ${processes} processes, CPU ${shown(cpuPercent(samples))} %`,
      );
    }
    await pause(1000);
  }
  return samples;
}

function cpuPercent(samples: Sample[]): number {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.atMs === first.atMs) return Number.NaN;
  return (100 * (last.cpuMs - first.cpuMs)) / (last.atMs - first.atMs);
}

function troubled(view: AgentView, say: (text: string) => void): number {
  for (const { id, state, log } of view.plugins.troubled) say(`  ${id}: ${state} ${log}`);
  return view.plugins.troubled.length;
}
