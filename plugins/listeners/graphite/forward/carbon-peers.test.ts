import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { seriesPoints } from '../whisper/sample-points.ts';
import { Forwarder } from './forwarder.ts';
import { parseDestination } from './hash-ring.ts';

const isHere =
  process.env.OPSBRO_TEST_REQUIRE === 'all' ||
  spawnSync('carbon-cache', ['--version'], { stdio: 'ignore' }).error === undefined;

let place: string;
const children: ChildProcess[] = [];
const servers: Server[] = [];
const forwarders: Forwarder[] = [];
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'opsbro-carbon-'));
});
afterEach(async () => {
  await Promise.all(forwarders.splice(0).map((forwarder) => forwarder.close()));
  await Promise.all(children.splice(0).map(end));
  for (const server of servers.splice(0)) server.close();
  rmSync(place, { recursive: true, force: true });
});

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isThere = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isThere;
}

/** Starts Debian's `carbon-cache` or `carbon-relay` in a folder of its own, and waits until it listens at `port`. */
async function startCarbon(
  program: 'cache' | 'relay',
  name: string,
  settings: string[],
  port: number,
): Promise<void> {
  const own = join(place, name);
  mkdirSync(join(own, 'whisper'), { recursive: true });
  const config = join(own, 'carbon.conf');
  const folders = ['STORAGE_DIR', 'CONF_DIR', 'LOG_DIR', 'PID_DIR', 'WHITELISTS_DIR'];
  const lines = [
    ...folders.map((folder) => `${folder} = ${own}`),
    `LOCAL_DATA_DIR = ${own}/whisper`,
    'USER =',
  ];
  writeFileSync(config, [`[${program}]`, ...lines, ...settings, ''].join('\n'));
  writeFileSync(join(own, 'storage-schemas.conf'), '[all]\npattern = .*\nretentions = 1s:1h\n');
  const flags = [`--config=${config}`, `--logdir=${own}`, `--pidfile=${join(own, 'pid')}`];
  children.push(spawn(`carbon-${program}`, [...flags, '--nodaemon', 'start'], { stdio: 'ignore' }));
  await expect.poll(() => answers(port), { timeout: 60_000 }).toBe(true);
}

/** A cache, whose files are below `<name>/whisper`. */
async function startCache(name: string, linePort: number, picklePort: number): Promise<void> {
  const ports = [`LINE_RECEIVER_PORT = ${linePort}`, `PICKLE_RECEIVER_PORT = ${picklePort}`];
  const rest = [
    `CACHE_QUERY_PORT = ${await freePort()}`,
    'ENABLE_UDP_LISTENER = False',
    'ENABLE_TAGS = False',
  ];
  const limits = [
    'MAX_CREATES_PER_MINUTE = inf',
    'MAX_UPDATES_PER_SECOND = inf',
    'WHISPER_SPARSE_CREATE = True',
  ];
  const faces = ['LINE', 'PICKLE'].map((kind) => `${kind}_RECEIVER_INTERFACE = 127.0.0.1`);
  await startCarbon('cache', name, [...ports, ...rest, ...limits, ...faces], picklePort);
}

async function openForwarder(to: string[], isPickle: boolean, told: string[]): Promise<Forwarder> {
  const forwarder = new Forwarder({
    folder: join(place, 'queue'),
    destinations: to.map((text) => parseDestination(text)!),
    ...{ isPickle, copies: 1, maxBytes: 2 ** 26 },
    tell: (topic) => void told.push(topic),
    note: () => undefined,
  });
  forwarders.push(forwarder);
  await forwarder.open();
  return forwarder;
}

const names = Array.from({ length: 60 }, (_, index) => `fwd.host${index % 7}.metric${index}`);
const seconds = 5;
const begin = Math.floor(Date.now() / 1000) - 60;

function takeAll(forwarder: Forwarder): void {
  for (let second = 0; second < seconds; second += 1)
    names.forEach((name, index) => {
      const bytes = Buffer.from(name);
      forwarder.take(bytes, 0, bytes.length, begin + second, index + second / 8);
    });
  forwarder.settle();
}

/** Names whose files a cache has, those that hold every point. */
function fullNames(name: string): string[] {
  const folder = join(place, name, 'whisper');
  return names.filter((each, index) => {
    const values = seriesPoints(join(folder, `${each.replaceAll('.', '/')}.wsp`), begin, seconds);
    return values?.every((value, second) => value === index + second / 8) ?? false;
  });
}

/** What carbon-relay sends to each of two destinations of the same names. */
async function relayed(instances: string[]): Promise<string[][]> {
  const got: string[][] = instances.map(() => []);
  const ports = await Promise.all(
    got.map(async (lines) => {
      const server = createServer((socket) => {
        let rest = '';
        socket.on('data', (bytes) => {
          const [...parts] = (rest + bytes.toString()).split('\n');
          rest = parts.pop() ?? '';
          lines.push(...parts.map((line) => line.split(' ')[0]!));
        });
      }).listen(0, '127.0.0.1');
      servers.push(server);
      await once(server, 'listening');
      return (server.address() as { port: number }).port;
    }),
  );
  const port = await freePort();
  const to = instances.map((instance, index) => `127.0.0.1:${ports[index]}:${instance}`);
  await startCarbon(
    'relay',
    'relay',
    [
      ...['LINE_RECEIVER_INTERFACE = 127.0.0.1', `LINE_RECEIVER_PORT = ${port}`],
      ...['PICKLE_RECEIVER_INTERFACE = 127.0.0.1', `PICKLE_RECEIVER_PORT = ${await freePort()}`],
      ...['RELAY_METHOD = consistent-hashing', 'REPLICATION_FACTOR = 1', 'DESTINATION_PROTOCOL = line'],
      `DESTINATIONS = ${to.join(', ')}`,
    ],
    port,
  );
  const socket = connect(port, '127.0.0.1');
  socket.write(names.map((name) => `${name} 1 ${begin}\n`).join(''));
  const ours = (lines: string[]): string[] => names.filter((name) => lines.includes(name));
  await expect.poll(() => got.flatMap(ours).length, { timeout: 60_000 }).toBe(names.length);
  socket.destroy();
  return got.map(ours);
}

it.skipIf(!isHere)(
  'sends two carbons by lines what carbon-relay would send each',
  async () => {
    const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    await startCache('a', ports[0]!, ports[1]!);
    await startCache('b', ports[2]!, ports[3]!);
    const to = [`127.0.0.1:${ports[0]}:one`, `127.0.0.1:${ports[2]}:two`];
    takeAll(await openForwarder(to, false, []));
    await expect
      .poll(() => fullNames('a').length + fullNames('b').length, { timeout: 60_000 })
      .toBe(names.length);
    const [one, two] = await relayed(['one', 'two']);
    expect([fullNames('a'), fullNames('b')]).toEqual([one, two]);
    expect(Math.min(one!.length, two!.length)).toBeGreaterThan(5);
  },
  180_000,
);

it.skipIf(!isHere)(
  'brings a carbon by pickles, that was down for a while, everything from its queue',
  async () => {
    const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    await startCache('a', ports[0]!, ports[1]!);
    const to = [`127.0.0.1:${ports[1]}:one`, `127.0.0.1:${ports[3]}:two`];
    const told: string[] = [];
    const first = await openForwarder(to, true, told);
    takeAll(first);
    expect(await first.kept()).toBe(true);
    await expect.poll(() => fullNames('a').length, { timeout: 60_000 }).toBeGreaterThan(5);
    await expect.poll(() => told).toContain('forward-down');
    await first.close();
    const second = await openForwarder(to, true, told);
    await startCache('b', ports[2]!, ports[3]!);
    await expect
      .poll(() => fullNames('a').length + fullNames('b').length, { timeout: 90_000 })
      .toBe(names.length);
    await expect
      .poll(() => second.figures(), { timeout: 30_000 })
      .toMatchObject([
        { connected: true, queued_bytes: 0, dropped_bytes: 0 },
        { connected: true, queued_bytes: 0, dropped_bytes: 0 },
      ]);
  },
  240_000,
);
