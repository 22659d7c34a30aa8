import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HandlerEvent } from 'opsbro/sdk';
import { type BenchAgent, pause, spawnAgent, waitFor } from './agent.ts';
import { atMost, type Bench, type BenchCheck, quantile, resultOf, shown } from './result.ts';

const files = 100;
const intervalSeconds = 10;
const pollMs = 10;
const settleMs = 150_000;
const countMs = 2000;
/** How long after the start the checks turn critical, and how long they stay so. */
const calmSeconds = 100;
const stormSeconds = 165;

/** Each half takes five minutes, and more on a machine that is busy. */
export const deadlineMinutes = 20;

/** What the handler of each half has beside its address. */
const halves: { [name: string]: string } = {
  single: '',
  grouped: '  group_by: [pack]\n  group_wait: 2s\n  group_interval: 10s\n',
};

/**
 * 10,000 checks that turn critical in one tick and recover in one: the longest time for which the main thread answers nobody, as somebody
 * sees it who asks its socket for something small every 10 ms, and how many of them a receiver of webhooks was told of. Once each is told by
 * itself, once all of them are one group; `single` or `grouped` runs one of the two. The checks go by the time of day; the process is stopped
 * for one interval about the moment of a change, so that all are due when it goes on.
 */
export const bench: Bench = async ({ args, brief, say }) => {
  const checks = brief ? 2000 : 10_000;
  const found: BenchCheck[] = [];
  for (const name of Object.keys(halves))
    if (args.length === 0 || args.includes(name)) found.push(...(await measure(name, checks, say)));
  return resultOf('storm', 'ms', found);
};

async function measure(name: string, checks: number, say: (text: string) => void): Promise<BenchCheck[]> {
  const from = Math.ceil(Date.now() / 1000) + calmSeconds;
  const receiver = await Receiver.open();
  const agent = spawnAgent(configuration(halves[name] ?? '', checks, from, receiver.port));
  try {
    const calm = async (): Promise<true | undefined> =>
      (await agent.agent()).checks.ok >= checks || undefined;
    await waitFor(agent, 'verdicts of all checks', calm, (calmSeconds - 2) * 1000, 1000);
    const before = await agent.agent();
    const found: BenchCheck[] = [];
    for (const [state, at] of [
      ['critical', from],
      ['ok', from + stormSeconds],
    ] as const) {
      await pause(Math.max(0, at * 1000 - 500 - Date.now()));
      const { requests } = receiver;
      const { waits, seconds } = await passThrough(agent, before.pid, async () => {
        const { checks: counts, notifications } = await agent.agent();
        const isSettled = counts[state] >= checks && notifications.waiting === 0;
        return isSettled && receiver.told(state).checks >= checks;
      });
      const longest = Math.max(...waits);
      const told = receiver.told(state);
      say(
        `  ${name}, ${state}: ${told.checks} told within ${shown(seconds)} s in ${receiver.requests - requests} requests; answers after ` +
          `p50 ${shown(quantile(waits, 0.5))}, p99 ${shown(quantile(waits, 0.99))}, max ${shown(longest)} ms`,
      );
      if (told.checks < checks) say(`  the agent wrote:\n${agent.log()}`);
      found.push(
        atMost(`${name}, all ${state}: longest wait for an answer, ms`, longest, 50),
        atMost(`${name}, all ${state}: checks nobody was told of`, Math.max(0, checks - told.checks), 0),
        atMost(`${name}, all ${state}: told twice`, told.repeated, 0),
      );
    }
    return found;
  } finally {
    await agent.dispose();
    receiver.close();
  }
}

/** Takes webhooks, and reads them when it is asked what they said. */
class Receiver {
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.#bodies.push(Buffer.concat(chunks));
      response.end();
    });
  });
  #bodies: Buffer[] = [];
  /** `state check`, with how often that was said. */
  readonly #heard = new Map<string, number>();
  requests = 0;

  static async open(): Promise<Receiver> {
    const receiver = new Receiver();
    await once(receiver.#server.listen(0, '127.0.0.1'), 'listening');
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Of how many checks it was told that they became `state`, and how often of one that it knew of. */
  told(state: string): { checks: number; repeated: number } {
    for (const body of this.#bodies) this.#read(JSON.parse(body.toString()) as HandlerEvent);
    this.requests += this.#bodies.length;
    this.#bodies = [];
    const times = [...this.#heard].filter(([key]) => key.startsWith(`${state} `)).map(([, count]) => count);
    const total = times.reduce((sum, count) => sum + count, 0);
    return { checks: times.length, repeated: total - times.length };
  }

  #read({ data }: HandlerEvent): void {
    const alerts = (data.alerts ?? []) as { check: string; state: string; change: string }[];
    for (const { check, state, change } of alerts) {
      const key = `${state} ${check}`;
      if (change !== 'same') this.#heard.set(key, (this.#heard.get(key) ?? 0) + 1);
    }
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Stops the agent over a change, lets it go on, and asks it until all is told, or for as long as that may take. */
async function passThrough(
  agent: BenchAgent,
  pid: number,
  isOver: () => Promise<boolean>,
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
      if (await isOver()) break;
      countAt = performance.now() + countMs;
    }
    if (performance.now() - began > settleMs) break;
    await pause(pollMs);
  }
  return { waits, seconds: (performance.now() - began) / 1000 };
}

function configuration(
  grouping: string,
  checks: number,
  from: number,
  port: number,
): { [path: string]: string } {
  const written: { [path: string]: string } = {
    'agent.yml': 'log_level: warning\n',
    'bench/handlers.yml': `handler:\n  id: told\n  type: webhook\n  url: http://127.0.0.1:${port}/\n${grouping}`,
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
