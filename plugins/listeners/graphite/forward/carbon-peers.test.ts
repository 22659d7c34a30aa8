import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort } from '../../../../test/free-port.ts';
import {
  cacheSettings,
  endCarbon,
  isCarbonHere,
  startCarbon,
} from '../../../../test/graphite/carbon-server.ts';
import { seriesPoints } from '../whisper/sample-points.ts';
import { Forwarder } from './forwarder.ts';
import { parseDestination } from './hash-ring.ts';

let place: string;
const children: ChildProcess[] = [];
const servers: Server[] = [];
const forwarders: Forwarder[] = [];
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'opsbro-carbon-'));
});
afterEach(async () => {
  await Promise.all(forwarders.splice(0).map((forwarder) => forwarder.close()));
  await Promise.all(children.splice(0).map(endCarbon));
  for (const server of servers.splice(0)) server.close();
  rmSync(place, { recursive: true, force: true });
});

/** A cache, whose files are below `<name>/whisper`. */
async function startCache(name: string, linePort: number, picklePort: number): Promise<void> {
  const settings = await cacheSettings(linePort, picklePort);
  children.push(
    await startCarbon({ program: 'cache', folder: join(place, name), settings, port: picklePort }),
  );
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
  const settings = [
    ...['LINE_RECEIVER_INTERFACE = 127.0.0.1', `LINE_RECEIVER_PORT = ${port}`],
    ...['PICKLE_RECEIVER_INTERFACE = 127.0.0.1', `PICKLE_RECEIVER_PORT = ${await freePort()}`],
    ...['RELAY_METHOD = consistent-hashing', 'REPLICATION_FACTOR = 1', 'DESTINATION_PROTOCOL = line'],
    `DESTINATIONS = ${to.join(', ')}`,
  ];
  children.push(await startCarbon({ program: 'relay', folder: join(place, 'relay'), settings, port }));
  const socket = connect(port, '127.0.0.1');
  socket.write(names.map((name) => `${name} 1 ${begin}\n`).join(''));
  const ours = (lines: string[]): string[] => names.filter((name) => lines.includes(name));
  await expect.poll(() => got.flatMap(ours).length, { timeout: 60_000 }).toBe(names.length);
  socket.destroy();
  return got.map(ours);
}

it.skipIf(!isCarbonHere)(
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

it.skipIf(!isCarbonHere)(
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
