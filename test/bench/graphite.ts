import { execFile, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { fetchPoints } from '../../plugins/listeners/graphite/whisper/fetch.ts';
import { layoutOf } from '../../plugins/listeners/graphite/whisper/file.ts';
import { freePort, isListening } from '../free-port.ts';
import {
  atLeastRatio,
  atMostRatio,
  type Bench,
  peerAbsent,
  quantile,
  resultOf,
  roundsOf,
  shown,
} from './result.ts';

const series = 1000;
const reach = 1.5;
const cpuReach = 0.5;
const waitMs = 120_000;
const nameOf = (index: number): string => `bench.host${index % 40}.collector${index % 7}.metric${index}`;

/** A server that takes lines and writes Whisper files. */
interface Peer {
  pid: number;
  port: number;
  folder: string;
  close(): Promise<void>;
}

interface Load {
  pointsPerSecond: number;
  cpuPerMillion: number;
}

/** Points per second from the first byte sent until the last point is read back, and the processor time they cost: ours and carbon-cache. */
export const bench: Bench = async ({ brief, say }) => {
  for (const program of ['carbon-cache', 'whisper-fetch'])
    if (
      (await promisify(execFile)('sh', ['-c', `command -v ${program}`]).catch(() => undefined)) === undefined
    )
      return peerAbsent(
        'graphite',
        'points/s',
        reach,
        program === 'carbon-cache' ? 'graphite-carbon' : 'python3-whisper',
      );
  const seconds = brief ? 200 : 1000;
  const rounds = brief ? 1 : 5;
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-bench-graphite-'));
  const loads: { ours: Load[]; peer: Load[] } = { ours: [], peer: [] };
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const who of round % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const)) {
        const place = join(folder, `${who}-${round}`);
        const server = who === 'ours' ? await startOurs(place) : await startCarbon(place);
        try {
          loads[who].push(await measure(server, seconds));
        } finally {
          await server.close();
        }
        rmSync(place, { recursive: true, force: true });
      }
      const [ours, peer] = [loads.ours[round]!, loads.peer[round]!];
      say(
        `  round ${round + 1}: ours ${shown(ours.pointsPerSecond)} points/s, ${shown(ours.cpuPerMillion)} CPU s a million; peer ${shown(peer.pointsPerSecond)}, ${shown(peer.cpuPerMillion)}`,
      );
    }
    const of = (key: keyof Load) =>
      roundsOf(
        loads.ours.map((load) => load[key]),
        loads.peer.map((load) => load[key]),
      );
    const rates = of('pointsPerSecond');
    say(
      `  points per CPU second: ours ${shown(
        1e6 /
          quantile(
            loads.ours.map(({ cpuPerMillion }) => cpuPerMillion),
            0.5,
          ),
      )}`,
    );
    return resultOf('graphite', 'points/s', [
      atLeastRatio(`points/s, ${series} series of ${seconds} s, read back`, rates, reach),
      atMostRatio('CPU seconds per million points', of('cpuPerMillion'), cpuReach),
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Makes the files, then sends every series a point for each of so many seconds, and waits until all are in their files. */
async function measure(server: Peer, seconds: number): Promise<Load> {
  const now = Math.floor(Date.now() / 1000);
  const begin = now - seconds - 60;
  await send(server.port, [lines(begin - 10, 1)]);
  await until(
    'the files are there',
    () => existsSync(fileOf(server, series - 1)) && hasPoint(server, series - 1, begin - 10),
  );
  await until('each file is there', () => allSeries((index) => hasPoint(server, index, begin - 10)));
  // Made before the clock runs: what is measured is who takes them in.
  const parts = Array.from({ length: Math.ceil(seconds / 25) }, (_, part) =>
    lines(begin + part * 25, Math.min(25, seconds - part * 25)),
  );
  const before = cpuSeconds(server.pid);
  const startedMs = performance.now();
  await send(server.port, parts);
  const last = begin + seconds - 1;
  await until('the last point is there', () => hasPoint(server, series - 1, last));
  await until('each last point is there', () => allSeries((index) => hasPoint(server, index, last)));
  const tookMs = performance.now() - startedMs;
  const cpu = cpuSeconds(server.pid) - before;
  await confirm(server, last, seconds);
  const points = series * seconds;
  return { pointsPerSecond: points / (tookMs / 1000), cpuPerMillion: cpu / (points / 1e6) };
}

function lines(from: number, seconds: number): Buffer {
  const text: string[] = [];
  for (let second = from; second < from + seconds; second += 1)
    for (let index = 0; index < series; index += 1)
      text.push(`${nameOf(index)} ${index}.${second % 100} ${second}\n`);
  return Buffer.from(text.join(''));
}

async function send(port: number, parts: Buffer[]): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  for (const part of parts) if (!socket.write(part)) await once(socket, 'drain');
  socket.end();
  socket.resume();
  await once(socket, 'close');
}

function allSeries(test: (index: number) => boolean): boolean {
  for (let index = 0; index < series; index += 1) if (!test(index)) return false;
  return true;
}

function fileOf({ folder }: Peer, index: number): string {
  return join(folder, `${nameOf(index).replaceAll('.', '/')}.wsp`);
}

function hasPoint(server: Peer, index: number, time: number): boolean {
  let fd: number;
  try {
    fd = openSync(fileOf(server, index), 'r');
  } catch {
    return false;
  }
  try {
    const layout = layoutOf(fd);
    const found = layout && fetchPoints(fd, layout, time - 1, time, Math.floor(Date.now() / 1000));
    return found !== undefined && !Number.isNaN(found.values[0]);
  } finally {
    closeSync(fd);
  }
}

/** Reads one series with the peer's own program: every point must be there. */
async function confirm(server: Peer, last: number, seconds: number): Promise<void> {
  const range = [`--from=${last - seconds}`, `--until=${last}`];
  const { stdout } = await promisify(execFile)('whisper-fetch', [...range, fileOf(server, series - 1)]);
  const found = stdout.split('\n').filter((line) => /\d\t[\d.]+$/.test(line)).length;
  if (found !== seconds) throw new Error(`whisper-fetch reads ${found} of ${seconds} points`);
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + waitMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited too long until ${what}`);
    await pause(20);
  }
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function startOurs(place: string): Promise<Peer> {
  mkdirSync(place, { recursive: true });
  const child = fork(new URL('./graphite-server-peer.js', import.meta.url), ['{}', place]);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return {
    pid: child.pid!,
    port,
    folder: join(place, 'metrics/whisper'),
    async close() {
      child.send('stop');
      await once(child, 'exit');
    },
  };
}

async function startCarbon(place: string): Promise<Peer> {
  const [whisper, logs, config] = [join(place, 'whisper'), join(place, 'log'), join(place, 'carbon.conf')];
  for (const folder of [whisper, logs]) mkdirSync(folder, { recursive: true });
  const ports = [await freePort(), await freePort(), await freePort()];
  writeFileSync(
    config,
    ['[cache]', `STORAGE_DIR = ${place}`, `CONF_DIR = ${place}`, `LOG_DIR = ${logs}`, `PID_DIR = ${place}`]
      .concat(
        `LOCAL_DATA_DIR = ${whisper}`,
        `WHITELISTS_DIR = ${place}`,
        'USER =',
        'ENABLE_LOGROTATION = False',
      )
      .concat('MAX_CACHE_SIZE = inf', 'MAX_UPDATES_PER_SECOND = inf', 'MAX_CREATES_PER_MINUTE = inf')
      .concat(
        'LINE_RECEIVER_INTERFACE = 127.0.0.1',
        `LINE_RECEIVER_PORT = ${ports[0]}`,
        'ENABLE_UDP_LISTENER = False',
      )
      .concat(`PICKLE_RECEIVER_PORT = ${ports[1]}`, `CACHE_QUERY_PORT = ${ports[2]}`, 'LOG_UPDATES = False')
      .concat('LOG_CREATES = False', 'WHISPER_SPARSE_CREATE = True', 'ENABLE_TAGS = False', '')
      .join('\n'),
  );
  writeFileSync(join(place, 'storage-schemas.conf'), '[all]\npattern = .*\nretentions = 1s:6h\n');
  const flags = [
    `--config=${config}`,
    `--logdir=${logs}`,
    `--pidfile=${join(place, 'pid')}`,
    '--nodaemon',
    'start',
  ];
  const child = spawn('carbon-cache', flags, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const end = performance.now() + waitMs;
  while (!(await isListening(ports[0]!))) {
    if (performance.now() > end || child.exitCode !== null) throw new Error('carbon-cache does not start');
    await pause(100);
  }
  return {
    pid: child.pid!,
    port: ports[0]!,
    folder: whisper,
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
