import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import {
  alternate,
  atLeastRatio,
  atMost,
  type Bench,
  briefRounds,
  median,
  peerAbsent,
  quantile,
  resultOf,
  shown,
} from './result.ts';

const names = 200;
const steadyRate = 20_000;
/** A busy machine spoils one run or another. */
const steadyRounds = 3;
const reach = 0.9;
const lostReachPercent = 0.1;
const p99ReachMs = 5;
const waitMs = 20_000;

interface Served {
  port: number;
  close(): Promise<void>;
}

interface Load {
  perSecond: number;
  lostPercent: number;
  latenciesMs: number[];
}

/** Queries per second of our service thread and of dnsmasq, which serves the same 200 names from a hosts file. */
export const bench: Bench = async ({ brief, say }) => {
  const missing = await firstMissing(['dnsperf', 'dnsmasq']);
  if (missing !== undefined) return peerAbsent('dns', 'queries/s', reach, missing);
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-bench-dns-'));
  const queries = join(folder, 'queries');
  writeFileSync(
    queries,
    all((name) => `${name} A\n`),
  );
  const ours = await startOurs();
  const peer = await startDnsmasq(folder);
  const seconds = brief ? 1 : 8;
  let lostPercent = 0;
  try {
    const load = (port: number, more: string[] = []) => dnsperf(port, queries, ['-l', `${seconds}`, ...more]);
    const mine = async () => {
      const run = await load(ours.port);
      lostPercent = Math.max(lostPercent, run.lostPercent);
      return run.perSecond;
    };
    await load(ours.port);
    const rounds = await alternate(
      brief ? briefRounds : 5,
      mine,
      async () => (await load(peer.port)).perSecond,
      say,
    );
    say(`  ratio from ${shown(rounds.lowerQuartile)} to ${shown(rounds.upperQuartile)} (quartiles)`);
    const steady = async ({ port }: Served) => {
      const { latenciesMs, perSecond } = await load(port, ['-Q', `${steadyRate}`, '-v']);
      say(`  ${shown(perSecond)} queries/s: median ${shown(quantile(latenciesMs, 0.5))} ms`);
      return quantile(latenciesMs, 0.99);
    };
    const [mineMs, theirsMs]: [number[], number[]] = [[], []];
    for (let round = 0; round < (brief ? 1 : steadyRounds); round += 1) {
      mineMs.push(await steady(ours));
      theirsMs.push(await steady(peer));
    }
    const [p99Ms, peerMs] = [median(mineMs), median(theirsMs)];
    say(`  p99 of dnsmasq: ${shown(peerMs)} ms`);
    return resultOf('dns', 'queries/s', [
      atLeastRatio('queries/s, dnsperf with 4 clients and 200 names', rounds, reach),
      atMost('queries lost, %, the worst round', lostPercent, lostReachPercent),
      // A busy machine keeps both waiting: what the peer bears in the same run is no fault of ours.
      atMost(`p99 at ${steadyRate} queries/s, ms`, p99Ms, Math.max(p99ReachMs, peerMs)),
    ]);
  } finally {
    await Promise.all([ours.close(), peer.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
};

function all(line: (name: string, index: number) => string): string {
  return Array.from({ length: names }, (_, index) => line(`n${index}.name.lan.opsbro`, index)).join('');
}

/** The first of the programs that is not installed. */
async function firstMissing(programs: string[]): Promise<string | undefined> {
  for (const program of programs) {
    const found = await promisify(execFile)('sh', ['-c', `command -v ${program}`]).catch(() => undefined);
    if (found === undefined) return program;
  }
  return undefined;
}

/** A UDP port that is free at the moment. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

/** The plugin in a thread of its own, as the agent runs it. */
async function startOurs(): Promise<Served> {
  const port = await freePort();
  const nodes = Array.from({ length: names }, (_, index) => ({
    uuid: `u${index}`,
    name: `n${index}`,
    display_name: `n${index}`,
    addresses: [`10.0.0.${index}`],
    port: 6768,
    zone: 'lan',
    groups: ['linux'],
    state: 'alive',
    failing: [],
  }));
  const options = {
    ...{ port, address: '127.0.0.1', domain: '.opsbro', ttl: '5s' },
    ...{ only_passing: true, strict_zone: false, ports: {} },
  };
  const zones = [{ name: 'lan', parent: null, unreachable: false }];
  const workerData = { options, nodes: { self: 'u0', zone: 'lan', zones, nodes } };
  const worker = new Worker(new URL('./dns-server-peer.js', import.meta.url), { workerData });
  await once(worker, 'message');
  await answers(port);
  return { port, close: async () => void (await worker.terminate()) };
}

async function startDnsmasq(folder: string): Promise<Served> {
  const port = await freePort();
  const hosts = join(folder, 'hosts');
  writeFileSync(
    hosts,
    all((name, index) => `10.0.0.${index} ${name}\n`),
  );
  const listen = [`--port=${port}`, '--listen-address=127.0.0.1', '--bind-interfaces', '--no-resolv'];
  const quiet = ['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--user='];
  const child = spawn('dnsmasq', [...listen, ...quiet, '--no-hosts', `--addn-hosts=${hosts}`], {
    stdio: 'ignore',
  });
  await answers(port);
  const ended = once(child, 'exit');
  return {
    port,
    async close() {
      child.kill();
      await ended;
    },
  };
}

/** Resolves once a server answers. */
async function answers(port: number): Promise<void> {
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const end = performance.now() + waitMs;
  for (;;) {
    const found = await resolver.resolve4('n7.name.lan.opsbro').catch(() => []);
    if (found[0] === '10.0.0.7') return;
    if (performance.now() > end) throw new Error(`nothing answers on port ${port}`);
  }
}

async function dnsperf(port: number, queries: string, more: string[]): Promise<Load> {
  const args = ['-s', '127.0.0.1', '-p', `${port}`, '-d', queries, '-c', '4', ...more];
  const { stdout } = await promisify(execFile)('dnsperf', args, { maxBuffer: 512 * 1024 * 1024 });
  const figure = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  return {
    perSecond: figure(stdout, /Queries per second:\s+([\d.]+)/),
    lostPercent: figure(stdout, /Queries lost:\s+\d+ \(([\d.]+)%\)/),
    latenciesMs: [...stdout.matchAll(/^> NOERROR \S+ A ([\d.]+)$/gm)].map(
      ([, seconds]) => Number(seconds) * 1000,
    ),
  };
}
