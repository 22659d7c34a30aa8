import { Agent, request } from 'node:http';
import { agentDirectory, type BenchAgent, pause, spawnAgent, waitFor } from '../bench/agent.ts';
import { treeUsage } from '../bench/proc-tree.ts';
import { quantile } from '../bench/result.ts';
import type { Soak } from './result.ts';

const servicesOfServer = 10;
const periodMs = 60_000;
const reachMiB = 400;
const startMs = 60_000;
const tickMs = 50;

interface Run {
  sent: number;
  refused: string[];
  latenciesMs: number[];
}

/**
 * 10,000 servers report 10 services each once a minute for five minutes: nobody is late, and the agent's process tree stays within 400 MiB. With
 * `--tenth` a thousand servers for two minutes.
 */
export const soak: Soak = async ({ share, seed, say }) => {
  const servers = Math.round(10_000 * share);
  const rounds = share < 1 ? 2 : 5;
  const options = `enabled: true, port: 0, max_servers: ${servers}, max_services: ${servers * servicesOfServer}`;
  const agent = spawnAgent({ 'push.yml': `overc: { ${options} }\n` }, ['--no-supervise'], agentDirectory());
  const run: Run = { sent: 0, refused: [], latenciesMs: [] };
  const connections = new Agent({ keepAlive: true, maxSockets: 64 });
  try {
    const port = await portOf(agent);
    const beganMs = performance.now();
    const idleMiB = rssMiB(agent);
    let mostMiB = idleMiB;
    for (let round = 1; round <= rounds; round += 1) {
      await minute(servers, beganMs + (round - 1) * periodMs, (server) =>
        send(connections, port, server, round, run),
      );
      mostMiB = Math.max(mostMiB, rssMiB(agent));
      say(
        `  minute ${round}: ${run.sent} reports, p99 ${Math.round(quantile(run.latenciesMs, 0.99))} ms, ${rssMiB(agent)} MiB`,
      );
    }
    const found = await judge(port, servers, run, mostMiB);
    const p99Ms = Math.round(quantile(run.latenciesMs, 0.99));
    const figures = { reports: run.sent, services: servers * servicesOfServer, p99Ms, idleMiB, mostMiB };
    return { soak: 'push', rounds, seed, pass: found.length === 0, found, figures };
  } finally {
    connections.destroy();
    await agent.dispose();
  }
};

async function portOf(agent: BenchAgent): Promise<number> {
  const probe = async (): Promise<number | undefined> =>
    (await agent.client.request<{ port?: number }>('GET', '/api/v1/push')).port;
  return waitFor(agent, 'push server', probe, startMs, 100);
}

/** Sends for every server once, spread over a period. */
async function minute(
  servers: number,
  beganMs: number,
  act: (server: number) => Promise<void>,
): Promise<void> {
  const sending = new Set<Promise<void>>();
  for (let next = 0; next < servers; ) {
    const due = Math.min(servers, Math.ceil(((performance.now() - beganMs) / periodMs) * servers));
    for (; next < due; next += 1) {
      const one = act(next).finally(() => sending.delete(one));
      sending.add(one);
    }
    await pause(tickMs);
  }
  await Promise.all(sending);
}

function send(agent: Agent, port: number, server: number, round: number, run: Run): Promise<void> {
  const services = Array.from({ length: servicesOfServer }, (_, index) => ({
    name: `service-${index}`,
    state: 'OK',
    info: `round ${round}, up 32h`,
  }));
  const name = `host${server}.example.org`;
  const body = JSON.stringify({
    server: { name, key: `key-${server}` },
    period: periodMs / 1000 + 5,
    services,
  });
  const beganMs = performance.now();
  return new Promise((resolve) => {
    const end = (status: number | string): void => {
      run.sent += 1;
      run.latenciesMs.push(performance.now() - beganMs);
      if (status !== 200 && run.refused.length < 10) run.refused.push(`${name}: ${status}`);
      resolve();
    };
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    request(
      { agent, port, host: '127.0.0.1', method: 'POST', path: '/api/set/service/status', headers },
      (answer) => {
        answer.resume();
        answer.once('end', () => end(answer.statusCode ?? 0));
      },
    )
      .once('error', (error) => end(error.message))
      .end(body);
  });
}

async function judge(port: number, servers: number, run: Run, mostMiB: number): Promise<string[]> {
  const found = run.refused.map((line) => `a report was not taken: ${line}`);
  const url = `http://127.0.0.1:${port}/ui/api/status/alerts/?hours=1`;
  const { alerts } = (await (await fetch(url)).json()) as { alerts: { server: string; event: string }[] };
  for (const { server, event } of alerts.slice(0, 10)) found.push(`${server} was said to be ${event}`);
  const expected = servers * Math.round(run.sent / servers);
  if (run.sent !== expected) found.push(`${run.sent} reports were answered, not ${expected}`);
  if (mostMiB > reachMiB) found.push(`${mostMiB} MiB, more than ${reachMiB}`);
  return found;
}

function rssMiB(agent: BenchAgent): number {
  return Math.round(treeUsage(agent.child.pid ?? 0).rssBytes / 1024 / 1024);
}
