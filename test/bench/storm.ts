import { type BenchAgent, pause, spawnAgent, waitFor } from './agent.ts';
import { atMost, type Bench, type BenchCheck, quantile, resultOf, shown } from './result.ts';

const files = 100;
const intervalSeconds = 10;
const pollMs = 10;
const settleMs = 60_000;
const countMs = 2000;
/** How long after the start the checks turn critical, and how long they stay so. */
const calmSeconds = 100;
const stormSeconds = 75;

/**
 * 10,000 checks that turn critical in one tick and recover in one: the longest time for which the main thread answers nobody, as somebody
 * sees it who asks its socket for something small every 10 ms. Once each is told by itself, once all of them are one group. The checks go by
 * the time of day; the process is stopped for one interval about the moment of a change, so that all are due when it goes on.
 */
export const bench: Bench = async ({ brief, say }) => {
  const checks = brief ? 2000 : 10_000;
  const single = await measure('one by one', '', checks, say);
  const grouped = await measure(
    'as one group',
    '  group_by: [pack]\n  group_wait: 2s\n  group_interval: 1s\n',
    checks,
    say,
  );
  return resultOf('storm', 'ms', [...single, ...grouped]);
};

async function measure(
  name: string,
  grouping: string,
  checks: number,
  say: (text: string) => void,
): Promise<BenchCheck[]> {
  const from = Math.ceil(Date.now() / 1000) + calmSeconds;
  const agent = spawnAgent(configuration(grouping, checks, from));
  try {
    const calm = async (): Promise<true | undefined> =>
      (await agent.agent()).checks.ok >= checks || undefined;
    await waitFor(agent, 'verdicts of all checks', calm, (calmSeconds - 2) * 1000, 1000);
    const before = await agent.agent();
    const found: BenchCheck[] = [];
    for (const [change, state, at] of [
      ['critical', 'critical', from],
      ['recovered', 'ok', from + stormSeconds],
    ] as const) {
      await pause(Math.max(0, at * 1000 - 500 - Date.now()));
      const { waits, seconds } = await passThrough(agent, before.pid, checks, state);
      const longest = Math.max(...waits);
      say(
        `  ${name}, ${change}: all told after ${shown(seconds)} s; answers after p50 ${shown(quantile(waits, 0.5))}, ` +
          `p99 ${shown(quantile(waits, 0.99))}, max ${shown(longest)} ms`,
      );
      found.push(atMost(`${name}, all ${change}: longest wait for an answer, ms`, longest, 50));
    }
    return found;
  } finally {
    await agent.dispose();
  }
}

/** Stops the agent over a change, lets it go on, and asks it until everybody was told. */
async function passThrough(
  agent: BenchAgent,
  pid: number,
  checks: number,
  state: 'critical' | 'ok',
): Promise<{ waits: number[]; seconds: number }> {
  process.kill(pid, 'SIGSTOP');
  await pause((intervalSeconds + 1) * 1000);
  process.kill(pid, 'SIGCONT');
  const began = performance.now();
  const waits: number[] = [];
  for (let countAt = began + countMs; ; ) {
    const asked = performance.now();
    await agent.client.request('GET', '/api/v1/threads');
    waits.push(performance.now() - asked);
    // To count so many checks takes the agent some milliseconds, which are none of the storm.
    if (performance.now() >= countAt) {
      if (await isOver(agent, checks, state)) break;
      countAt = performance.now() + countMs;
    }
    if (performance.now() - began > settleMs) throw new Error(`not all were told:\n${agent.log()}`);
    await pause(pollMs);
  }
  return { waits, seconds: (performance.now() - began) / 1000 };
}

async function isOver(agent: BenchAgent, checks: number, state: 'critical' | 'ok'): Promise<boolean> {
  const { checks: counts, notifications } = await agent.agent();
  return counts[state] >= checks && notifications.waiting === 0;
}

function configuration(grouping: string, checks: number, from: number): { [path: string]: string } {
  const written: { [path: string]: string } = {
    'agent.yml': 'log_level: warning\n',
    'bench/handlers.yml': `handler:\n  id: told\n  type: log\n  severities: [ok, warning, critical, unknown]\n${grouping}  options: { level: debug }\n`,
  };
  for (let file = 0; file < files; file += 1) {
    const documents = Array.from({ length: checks / files }, (_, index) => {
      const number = file * (checks / files) + index;
      return `check:
  id: storm-${number}
  interval: ${intervalSeconds}s
  critical_if: "now() > {{configuration.from}} and now() < {{configuration.until}}"
  critical_output: "'number %d' % {{configuration.number}}"
  ok_output: "'calm'"
  number: ${number}
  from: ${from}
  until: ${from + stormSeconds}
`;
    });
    written[`bench/${file}.yml`] = documents.join('---\n');
  }
  return written;
}
