import { type ChildProcess, execFile, fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pause } from './agent.ts';
import { compile } from './nagios-peer.ts';
import {
  alternate,
  atMost,
  type Bench,
  type BenchCheck,
  briefRounds,
  peerAbsent,
  type Rounds,
  resultOf,
  round,
  shown,
} from './result.ts';
import { installOriginalStatsd } from './statsd-original-peer.ts';

const rate = 150_000;
const packetsOfTen = 50_000;
const metrics = 4000;
const bareReach = 1.25;
const originalReach = 0.95;
const tenReach = 0.6;
const lossPercent = 0.1;

interface Server {
  name: string;
  port: number;
  counts(): Promise<{ packets: number; bufferBytes: number; cpuMicros: number }>;
  close(): Promise<void>;
}

interface Run {
  sent: number;
  lostPercent: number;
  /** Processor time of the server for each packet it took, µs. */
  cpuMicros: number;
}

/** Processor time of our listener beside that of the original and of a socket that only counts, and who loses first. */
export const bench: Bench = async ({ brief, say }) => {
  const original = await installOriginalStatsd();
  if (original === undefined) return peerAbsent('statsd', 'µs/packet', originalReach, 'statsd from npm');
  const scratch = mkdtempSync(join(tmpdir(), 'opsbro-bench-statsd-'));
  const servers: Server[] = [];
  try {
    const sender = compile('statsd-peer.c', join(scratch, 'send'));
    const [one, ten] = captures(scratch);
    const send = (server: Server, packets: string, perSecond: number, seconds: number) =>
      load(sender, server, packets, perSecond, seconds);
    const ours = await start('ours', peer('ours'), servers);
    const bare = await start('bare', peer('bare'), servers);
    const theirs = await start('original', originalServer(original, scratch), servers);
    // Code is compiled, names are known, and the original has ended its first interval, after which it can be asked.
    for (const server of servers) await send(server, one, 20_000, server === theirs ? 12 : brief ? 1 : 3);
    for (const server of servers)
      say(`  ${server.name}: receive buffer ${shown((await server.counts()).bufferBytes)} bytes`);
    const seconds = brief ? 1 : 10;
    const rounds = brief ? briefRounds : 5;
    const cpu = (server: Server, packets: string, perSecond: number) => async () => {
      const { cpuMicros, lostPercent } = await send(server, packets, perSecond, seconds);
      if (lostPercent > 0) say(`  ${server.name} lost ${shown(lostPercent)} %`);
      return cpuMicros;
    };
    say(`one metric a packet, ${rate} packets/s, µs a packet, beside the original`);
    const beside = await alternate(rounds, cpu(ours, one, rate), cpu(theirs, one, rate), say);
    say('the same beside a socket that counts');
    const besideBare = await alternate(rounds, cpu(ours, one, rate), cpu(bare, one, rate), say);
    say(`ten metrics a packet, ${packetsOfTen} packets/s`);
    const ofTen = await alternate(rounds, cpu(ours, ten, packetsOfTen), cpu(theirs, ten, packetsOfTen), say);
    const limit = await firstLoss(
      brief ? 2 : 16,
      (perSecond) => send(theirs, one, perSecond, brief ? 1 : 5),
      say,
    );
    const { lostPercent, sent } = await send(ours, one, limit, brief ? 1 : 12);
    say(`  ours at ${shown(limit)} packets/s: ${shown(sent)} sent, ${shown(lostPercent)} % lost`);
    return resultOf('statsd', 'µs/packet', [
      atMostRatio('CPU of one metric a packet, beside the original', beside, originalReach),
      atMostRatio('CPU of one metric a packet, beside a socket that counts', besideBare, bareReach),
      atMostRatio('CPU of ten metrics a packet, beside the original', ofTen, tenReach),
      atMost(`lost, %, at ${round(limit)} packets/s, where the original begins to lose`, lostPercent, 0),
    ]);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    rmSync(scratch, { recursive: true, force: true });
  }
};

function atMostRatio(name: string, { ours, peer, ratio }: Rounds, reach: number): BenchCheck {
  return { name, ours: round(ours), peer: round(peer), ratio: round(ratio), reach, pass: ratio <= reach };
}

/** The packets of both kinds as files of the sender: six counters in ten, three timers, a gauge. */
function captures(scratch: string): [string, string] {
  const lines = Array.from({ length: metrics }, (_, index) => {
    const name = `app${index % 10}.module${index % 97}.request${index % 1000}`;
    if (index % 10 < 6) return `${name}:${(index % 7) + 1}|c`;
    return index % 10 < 9 ? `${name}:${((index * 37) % 10_000) / 10}|ms` : `${name}:${index}|g`;
  });
  const write = (file: string, packets: string[]): string => {
    writeFileSync(join(scratch, file), packets.map((packet) => `${packet}\n`).join(''));
    return join(scratch, file);
  };
  const tens = lines.flatMap((_, at) => (at % 10 === 0 ? [lines.slice(at, at + 10).join('\x1f')] : []));
  return [write('one', lines), write('ten', tens)];
}

async function load(
  sender: string,
  server: Server,
  packets: string,
  perSecond: number,
  seconds: number,
): Promise<Run> {
  const before = await server.counts();
  const words = [`${server.port}`, `${perSecond}`, `${seconds}`, packets];
  const { stdout } = await promisify(execFile)(sender, words);
  let after = await server.counts();
  // What waits in the kernel is still taken.
  for (let packetsSeen = -1; packetsSeen !== after.packets; ) {
    packetsSeen = after.packets;
    await pause(200);
    after = await server.counts();
  }
  const sent = Number(stdout);
  const taken = after.packets - before.packets;
  return {
    sent,
    lostPercent: (100 * (sent - taken)) / sent,
    cpuMicros: (after.cpuMicros - before.cpuMicros) / taken,
  };
}

/** The lowest rate, of steps by a tenth, at which a tenth of a percent is lost; the highest tried where nothing is. */
async function firstLoss(
  steps: number,
  run: (rate: number) => Promise<Run>,
  say: (text: string) => void,
): Promise<number> {
  let perSecond = 100_000;
  for (let step = 0; step < steps; step += 1) {
    const { lostPercent, sent } = await run(perSecond);
    say(`  original at ${shown(perSecond)} packets/s: ${shown(sent)} sent, ${shown(lostPercent)} % lost`);
    if (lostPercent >= lossPercent) break;
    perSecond = Math.round(perSecond * 1.1);
  }
  return perSecond;
}

type Fork = (port: number) => ChildProcess;

function peer(what: string): Fork {
  const program = fileURLToPath(new URL('./statsd-server-peer.js', import.meta.url));
  return (port) => fork(program, [what, `${port}`]);
}

/** The original with a backend beside its own that counts what it clears after each interval. */
function originalServer(folder: string, scratch: string): Fork {
  const backend = join(scratch, 'counts.js');
  writeFileSync(
    backend,
    `let counters = {}, total = 0;
    exports.init = (_, config, events) => {
      events.on('flush', (at, metrics) => {
        counters = metrics.counters;
        total += counters['statsd.packets_received'];
      });
      process.on('message', () => {
        const { user, system } = process.cpuUsage();
        process.send({
          packets: total + (counters['statsd.packets_received'] || 0),
          bufferBytes: require(process.cwd() + '/servers/udp').server.getRecvBufferSize(),
          cpuMicros: user + system,
        });
      });
      process.send('ready');
      return true;
    };`,
  );
  return (port) => {
    const settings = { address: '127.0.0.1', port, mgmt_address: '127.0.0.1', mgmt_port: port };
    const configuration = { ...settings, flushInterval: 10_000, backends: ['./backends/graphite', backend] };
    writeFileSync(join(scratch, 'config.js'), JSON.stringify(configuration));
    return fork(join(folder, 'stats.js'), [join(scratch, 'config.js')], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
  };
}

async function start(name: string, run: Fork, into: Server[]): Promise<Server> {
  const port = await freePort();
  const child = run(port);
  await once(child, 'message');
  const server: Server = {
    name,
    port,
    async counts() {
      child.send('counts');
      const [told] = await once(child, 'message');
      return told as Awaited<ReturnType<Server['counts']>>;
    },
    async close() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
  into.push(server);
  return server;
}

/** A UDP port that is free at the moment. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
