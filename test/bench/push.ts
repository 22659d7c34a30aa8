import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../free-port.ts';
import { agentDirectory, pause, spawnAgent, waitFor } from './agent.ts';
import { type HttpLoad, httpLoad, requestOf } from './http-load-peer.ts';
import {
  alternate,
  atLeastRatio,
  atMost,
  type Bench,
  briefRounds,
  peerAbsent,
  quantile,
  resultOf,
  shown,
} from './result.ts';

const reach = 0.7;
const p99ReachMs = 25;
const servers = 2000;
const connections = 32;
const startMs = 60_000;

interface Served {
  port: number;
  close(): Promise<void>;
}

/** Durable reports a second of a whole agent, beside a push gateway that keeps nothing, and beside the least that could keep them. */
export const bench: Bench = async ({ brief, say }) => {
  const found = await promisify(execFile)('sh', ['-c', 'command -v prometheus-pushgateway']).catch(
    () => undefined,
  );
  if (found === undefined) return peerAbsent('push', 'reports/s', reach, 'prometheus-pushgateway');
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-bench-push-'));
  const syncMs = syncTimes(folder);
  say(
    `  fdatasync of 4 KiB: median ${shown(quantile(syncMs, 0.5))} ms, p99 ${shown(quantile(syncMs, 0.99))} ms`,
  );
  const served: Served[] = [];
  try {
    const ours = await startOurs();
    served.push(ours);
    const gateway = await startGateway();
    served.push(gateway);
    const bare = await startBare(join(folder, 'bare'));
    served.push(bare);
    const load = { connections, seconds: brief ? 1 : 6 };
    const rounds = brief ? briefRounds : 5;
    const [latenciesMs, refused]: [number[], number[]] = [[], []];
    const mine = async (): Promise<number> => {
      const run = await httpLoad(ours.port, reports, load);
      for (const ms of run.latenciesMs) latenciesMs.push(ms);
      refused.push(run.refused);
      return run.perSecond;
    };
    const theirs = (peer: Served, requests: Buffer[]) => async () =>
      rate(await httpLoad(peer.port, requests, load));
    await Promise.all([httpLoad(ours.port, reports, load), httpLoad(gateway.port, metrics, load)]);
    await httpLoad(bare.port, reports, load);
    latenciesMs.length = 0;
    say('  beside Fastify and classic-level alone:');
    const besideBare = await alternate(rounds, mine, theirs(bare, reports), say);
    say('  beside prometheus-pushgateway, which writes nothing:');
    const besideGateway = await alternate(rounds, mine, theirs(gateway, metrics), say);
    say(`  p50 ${shown(quantile(latenciesMs, 0.5))} ms, p99 ${shown(quantile(latenciesMs, 0.99))} ms`);
    return resultOf('push', 'reports/s', [
      atLeastRatio(
        'reports of 3 services a second, durable, beside a bare loop that is durable',
        besideBare,
        reach,
      ),
      atLeastRatio(
        'reports of 3 services a second, durable, beside pushgateway, which is not',
        besideGateway,
        reach,
      ),
      atMost('p99, ms', quantile(latenciesMs, 0.99), p99ReachMs),
      atMost(
        'reports that were refused',
        refused.reduce((sum, count) => sum + count, 0),
        0,
      ),
    ]);
  } finally {
    await Promise.all(served.map((each) => each.close()));
    rmSync(folder, { recursive: true, force: true });
  }
};

const reports = Array.from({ length: servers }, (_, index) => {
  const services = ['application', 'cpu', 'queue'].map((name) => ({
    name,
    state: 'OK',
    info: `${name} up 32h`,
  }));
  const body = { server: { name: `host${index}.example.org`, key: `key-${index}` }, period: 60, services };
  return requestOf('POST', '/api/set/service/status', 'application/json', JSON.stringify(body));
});

const metrics = Array.from({ length: servers }, (_, index) => {
  const text = ['application', 'cpu', 'queue'].map((name) => `service_state{service="${name}"} 0\n`).join('');
  return requestOf('PUT', `/metrics/job/push/instance/host${index}.example.org`, 'text/plain', text);
});

function rate({ perSecond, refused, latenciesMs }: HttpLoad): number {
  if (refused > latenciesMs.length / 100)
    throw new Error(`a peer refused ${refused} of ${latenciesMs.length}`);
  return perSecond;
}

/** What the disk of this machine takes to keep 4 KiB. */
function syncTimes(folder: string): number[] {
  const file = openSync(join(folder, 'sync'), 'w');
  const bytes = Buffer.alloc(4096, 1);
  const times = Array.from({ length: 200 }, () => {
    writeSync(file, bytes);
    const before = performance.now();
    fdatasyncSync(file);
    return performance.now() - before;
  });
  closeSync(file);
  return times;
}

/** A whole agent with its shipped configuration. */
async function startOurs(): Promise<Served> {
  const agent = spawnAgent(
    { 'push.yml': 'overc: { enabled: true, port: 0 }\n' },
    ['--no-supervise'],
    agentDirectory(),
  );
  const { port } = await waitFor(
    agent,
    'push server',
    async () => {
      const view = await agent.client.request<{ port?: number }>('GET', '/api/v1/push');
      return view.port === undefined ? undefined : { port: view.port };
    },
    startMs,
    100,
  );
  return { port, close: () => agent.dispose() };
}

async function startGateway(): Promise<Served> {
  const port = await freePort();
  const args = [
    `--web.listen-address=127.0.0.1:${port}`,
    '--push.disable-consistency-check',
    '--persistence.file=',
    '--log.level=error',
  ];
  const child = spawn('prometheus-pushgateway', args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  for (const endMs = performance.now() + startMs; ; ) {
    const answer = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined);
    if (answer?.ok === true) break;
    if (performance.now() > endMs || child.exitCode !== null)
      throw new Error('prometheus-pushgateway does not start');
    await pause(100);
  }
  const close = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  return { port, close };
}

async function startBare(folder: string): Promise<Served> {
  const file = fileURLToPath(new URL('./push-bare-peer.js', import.meta.url));
  const child = spawn(process.execPath, [file, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const close = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  return { port: Number(line.toString()), close };
}
