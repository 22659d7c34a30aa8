import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PickleBuffer, PickleRoom } from '../listener/pickle-buffer.ts';
import { noLines } from '../listener/point-sink.ts';
import { type Destination, HashRing, parseDestination } from './hash-ring.ts';
import { pickleOfLines } from './pickle-writer.ts';
import { ForwardQueue } from './queue.ts';

const python = '/usr/bin/python3';

function isCarbonHere(): boolean {
  if (process.env.OPSBRO_TEST_REQUIRE === 'all') return true;
  try {
    execFileSync(python, ['-c', 'import carbon.hashing'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

it.each<[string, Destination | undefined]>([
  ['graphite:2003', { host: 'graphite', port: 2003, instance: null }],
  ['10.0.0.1:2004:a', { host: '10.0.0.1', port: 2004, instance: 'a' }],
  ['[::1]:2003', { host: '::1', port: 2003, instance: null }],
  ['graphite', undefined],
  ['graphite:0', undefined],
  ['graphite:70000', undefined],
  [':2003', undefined],
])('reads the destination %s', (text, expected) => {
  expect(parseDestination(text)).toEqual(expected);
});

it.skipIf(!isCarbonHere())("sends names where Debian's carbon sends them", () => {
  const destinations: Destination[] = [
    { host: '10.0.0.1', port: 2003, instance: null },
    { host: '10.0.0.1', port: 2103, instance: 'b' },
    { host: 'graphite.example.org', port: 2003, instance: 'a' },
  ];
  const names = Array.from({ length: 500 }, (_, index) => `web${index % 17}.collector.metric${index}`);
  const script = `
import json, sys
from carbon.hashing import ConsistentHashRing
nodes, names = json.load(sys.stdin)
nodes = [tuple(node) for node in nodes]
ring = ConsistentHashRing(nodes)
print(json.dumps([[nodes.index(node) for node in ring.get_nodes(name)] for name in names]))`;
  const input = JSON.stringify([destinations.map(({ host, instance }) => [host, instance]), names]);
  const expected = JSON.parse(execFileSync(python, ['-c', script], { input }).toString()) as number[][];
  const ring = new HashRing(destinations);
  expect(names.map((name) => ring.ownersOf(name, 3))).toEqual(expected);
  expect(names.map((name) => ring.ownersOf(name, 1)[0])).toEqual(expected.map(([first]) => first));
});

it('writes pickles that its own reader takes', () => {
  const taken: unknown[] = [];
  const sink = {
    seed: 1,
    take(bytes: Buffer, from: number, to: number, _hash: number, time: number, value: number): boolean {
      taken.push([bytes.toString('utf8', from, to), value, time]);
      return true;
    },
  };
  const pickle = pickleOfLines(Buffer.from('a.b 1.5 1700000000\nä;x=y -2e+30 4294967295\n'));
  new PickleBuffer(sink, noLines(), () => 0, 'test', new PickleRoom(0)).push(pickle);
  expect(taken).toEqual([
    ['a.b', 1.5, 1_700_000_000],
    ['ä;x=y', -2e30, 4_294_967_295],
  ]);
});

describe('a queue', () => {
  let folder: string;
  const told: string[] = [];
  const queueOf = async (maxBytes: number): Promise<ForwardQueue> => {
    const queue = new ForwardQueue({
      folder,
      maxBytes,
      grown: () => undefined,
      tell: (topic) => void told.push(topic),
    });
    await queue.open();
    return queue;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'opsbro-queue-'));
    told.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('gives its lines back in order, over a restart, from where it was', async () => {
    const first = await queueOf(2 ** 20);
    first.push(Buffer.from('a\nb\n'));
    expect(await first.flush()).toBe(true);
    const one = (await first.read(first.done, 3))!;
    expect(one.bytes.toString()).toBe('a\n');
    await first.advance(one.next);
    first.push(Buffer.from('c\n'));
    await first.close();
    const second = await queueOf(2 ** 20);
    second.push(Buffer.from('d\n'));
    await second.flush();
    expect(second.bytes).toBe(6);
    let [text, cursor] = ['', second.done];
    for (
      let found = await second.read(cursor, 100);
      found !== undefined;
      found = await second.read(cursor, 100)
    ) {
      text += found.bytes.toString();
      cursor = found.next;
    }
    expect(text).toBe('b\nc\nd\n');
    await second.advance(cursor);
    expect(second.bytes).toBe(0);
    await second.close();
  });

  it('drops the oldest when it takes too much, and says how much', async () => {
    const queue = await queueOf(2 ** 24);
    const piece = Buffer.alloc(2 ** 20, 'x');
    piece[piece.length - 1] = 10;
    for (let index = 0; index < 40; index += 1) {
      queue.push(piece);
      await queue.flush();
    }
    expect(queue.bytes).toBeLessThanOrEqual(2 ** 24 + 2 ** 24);
    expect(queue.droppedBytes).toBe(40 * 2 ** 20 - queue.bytes);
    expect(queue.droppedBytes).toBeGreaterThan(0);
    expect(told).toContain('forward-dropped');
    await expect.poll(() => readdirSync(folder).length).toBeLessThanOrEqual(3);
    await queue.close();
  });
});
