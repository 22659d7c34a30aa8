import { hasVerdict, pause, spawnAgent, waitFor } from './agent.ts';
import { treeUsage } from './proc-tree.ts';
import { atMost, type Bench, resultOf, shown } from './result.ts';

const checks = 10_000;
const files = 100;
const intervalSeconds = 10;

/** 10,000 small checks every 10 s: what the whole agent costs, and how many runs start more than 100 ms after they were due. */
export const bench: Bench = async ({ brief, say }) => {
  const agent = spawnAgent(configuration());
  try {
    const settled = async (): Promise<true | undefined> => {
      const views = await agent.checks();
      return views.filter(hasVerdict).length >= checks || undefined;
    };
    await waitFor(agent, 'verdicts of all checks', settled, 120_000, 1000);
    say(`  all verdicts after ${shown((performance.now() - agent.startedMs) / 1000)} s`);
    await pause((brief ? 1 : 2) * intervalSeconds * 1000);
    const before = {
      ...(await agent.agent()).schedule,
      ...treeUsage(agent.child.pid ?? 0),
      at: performance.now(),
    };
    await pause(brief ? 10_000 : 60_000);
    const after = {
      ...(await agent.agent()).schedule,
      ...treeUsage(agent.child.pid ?? 0),
      at: performance.now(),
    };
    const seconds = (after.at - before.at) / 1000;
    const runs = after.runs - before.runs;
    say(`  ${shown(runs / seconds)} runs/s, RSS ${shown(after.rssBytes / 1024 / 1024)} MiB`);
    return resultOf('schedule', '% of one core', [
      atMost('CPU of the whole agent, % of one core', (after.cpuMs - before.cpuMs) / seconds / 10, 10),
      atMost('runs more than 100 ms late, %', (100 * (after.late - before.late)) / runs, 1),
      atMost('runs skipped', after.skipped - before.skipped, 0),
      atMost('runs missing, %', 100 * Math.max(0, 1 - runs / ((checks / intervalSeconds) * seconds)), 1),
    ]);
  } finally {
    await agent.dispose();
  }
};

function configuration(): { [path: string]: string } {
  const written: { [path: string]: string } = {};
  for (let file = 0; file < files; file += 1) {
    const documents = Array.from({ length: checks / files }, (_, index) => {
      const number = file * (checks / files) + index;
      return `check:
  id: small-${number}
  interval: ${intervalSeconds}s
  ok_output: "'load %s' % {{collector.loadaverage.load1}}"
  critical_if: "{{collector.loadaverage.load1}} > {{configuration.limit}}"
  critical_output: "'too high'"
  limit: ${1000 + number}
`;
    });
    written[`bench/${file}.yml`] = documents.join('---\n');
  }
  return written;
}
