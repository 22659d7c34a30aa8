import type { CheckView } from '../../control/shapes.ts';
import { type BenchAgent, hasVerdict, pause, spawnAgent, waitFor } from './agent.ts';
import { atMost, type Bench, quantile, resultOf, shown } from './result.ts';

const files = 200;
const perFile = 5;
const intervalMs = 10_000;

/**
 * 1,000 checks in 200 files. One file changes: time from the write to the first verdict of its new object. All files change: time
 * until every new verdict is there. Meanwhile no unchanged check may miss a run.
 */
export const bench: Bench = async ({ brief, say }) => {
  const versions = new Array<number>(files).fill(0);
  const written = Object.fromEntries(versions.map((_, file) => [`bench/${file}.yml`, content(file, 0)]));
  const agent = spawnAgent(written);
  try {
    const runs = new RunWatch();
    await waitFor(agent, 'verdicts', () => settled(agent, versions, runs), 60_000, 200);
    const before = (await agent.agent()).schedule.skipped;
    const times = await singleChanges(agent, versions, brief ? 10 : 220, runs, say);
    const bursts: number[] = [];
    for (let round = 0; round < (brief ? 1 : 5); round += 1) bursts.push(await burst(agent, versions, runs));
    say(`  bursts: ${bursts.map((ms) => shown(ms)).join(', ')} ms`);
    for (let look = 0; look < (brief ? 1 : 4); look += 1) {
      await pause(intervalMs * 0.3);
      runs.see(await agent.checks());
    }
    say(`  single changes: median ${shown(quantile(times, 0.5))} ms, p90 ${shown(quantile(times, 0.9))} ms`);
    say(
      `  runs skipped, of collectors and detectors too: ${(await agent.agent()).schedule.skipped - before}`,
    );
    return resultOf('reload', 'ms', [
      atMost(`p99 of ${times.length} changes, ms`, quantile(times, 0.99), 300),
      atMost(`burst of 200 files, slowest of ${bursts.length}, ms`, Math.max(...bursts), 3000),
      atMost('unchanged checks that missed a run', runs.missed, 0),
    ]);
  } finally {
    await agent.dispose();
  }
};

function content(file: number, version: number): string {
  const steady = Array.from({ length: perFile - 1 }, (_, index) =>
    check(`steady-${file}-${index}`, 'steady'),
  );
  return [...steady, check(`fresh-${file}-${version}`, `version ${version}`)].join('---\n');
}

function check(id: string, text: string): string {
  return `check:
  id: ${id}
  interval: ${intervalMs / 1000}s
  ok_output: "'${text}'"
  critical_if: "{{collector.loadaverage.load1}} > 100000"
`;
}

async function singleChanges(
  agent: BenchAgent,
  versions: number[],
  count: number,
  runs: RunWatch,
  say: (text: string) => void,
): Promise<number[]> {
  const times: number[] = [];
  let seenMs = performance.now();
  for (let change = 0; change < count; change += 1) {
    const file = change % files;
    const version = (versions[file] ?? 0) + 1;
    versions[file] = version;
    const before = performance.now();
    agent.write(`bench/${file}.yml`, content(file, version));
    const path = `/api/v1/checks/fresh-${file}-${version}`;
    const there = async (): Promise<true | undefined> => {
      return hasVerdict(await agent.client.request<CheckView>('GET', path)) || undefined;
    };
    await waitFor(agent, `verdict of ${path}`, there, 10_000, 2);
    times.push(performance.now() - before);
    if (performance.now() - seenMs > intervalMs / 2) {
      seenMs = performance.now();
      runs.see(await agent.checks());
      say(`  ${change + 1} changes: p99 so far ${shown(quantile(times, 0.99))} ms`);
    }
    // Changes at odd moments, so that they do not keep step with the agent's tick.
    await pause(50 + ((change * 37) % 150));
  }
  return times;
}

async function burst(agent: BenchAgent, versions: number[], runs: RunWatch): Promise<number> {
  const before = performance.now();
  for (let file = 0; file < files; file += 1) {
    versions[file] = (versions[file] ?? 0) + 1;
    agent.write(`bench/${file}.yml`, content(file, versions[file] ?? 0));
  }
  await waitFor(agent, 'verdicts after a burst', () => settled(agent, versions, runs), 30_000, 20);
  return performance.now() - before;
}

async function settled(agent: BenchAgent, versions: number[], runs: RunWatch): Promise<true | undefined> {
  const views = await agent.checks();
  runs.see(views);
  const names = new Set(views.filter(hasVerdict).map(({ name }) => name));
  return versions.every((version, file) => names.has(`fresh-${file}-${version}`)) || undefined;
}

/** Follows the last run of every unchanged check: two looks closer than an interval apart cannot hide a run. */
class RunWatch {
  missed = 0;
  readonly #last = new Map<string, number>();

  see(views: CheckView[]): void {
    for (const { name, last_run: lastRun } of views) {
      if (!name.startsWith('steady-') || lastRun === null) continue;
      const at = Date.parse(lastRun);
      const before = this.#last.get(name) ?? at;
      if (at - before > intervalMs * 1.5) this.missed += 1;
      this.#last.set(name, at);
    }
  }
}
