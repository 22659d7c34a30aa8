import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from 'opsbro/sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { retentionRules, Schemas } from '../schemas/schemas.ts';
import { orderPoints } from './order.ts';
import { chunkPoints, PointRing } from './point-ring.ts';
import { nameAt, normalName, pathOf } from './series-path.ts';
import { MetricStore, type StoreParts } from './store.ts';

const now = 1_700_000_000;

let folder: string;
let told: { topic: string; message: string; data: JsonObject }[];
const open: MetricStore[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-store-'));
  told = [];
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function makeStore(given: Partial<StoreParts> = {}): MetricStore {
  const store = new MetricStore({
    folder,
    schemas: new Schemas(retentionRules([{ pattern: '', retentions: '1s:1h,10s:1d' }]), []),
    limits: { perSource: 100, inAll: 150, diskBytes: 2 ** 30 },
    waitingPoints: 2 * chunkPoints,
    flushMs: 3_600_000,
    clock: { now: () => now * 1000, monotonic: () => performance.now() },
    seed: 42,
    tell: (topic, message, data) => void told.push({ topic, message, data }),
    ...given,
  });
  open.push(store);
  return store;
}

async function opened(given: Partial<StoreParts> = {}): Promise<MetricStore> {
  const store = makeStore(given);
  await store.open();
  return store;
}

/** The last points of a series, `undefined` where none is known. */
function lastOf(store: MetricStore, name: string, seconds: number): (number | undefined)[] | undefined {
  const found = store.fetch(name, now - seconds, now, now);
  return found && [...found.values].map((value) => (Number.isNaN(value) ? undefined : value));
}

describe('names', () => {
  it.each([
    ['a.b-c.d_e', 'a.b-c.d_e'],
    ['a;z=1;b=2', 'a;b=2;z=1'],
    ['a;b=1;b=2', 'a;b=2'],
  ])('%s is kept as %s', (text, expected) => {
    expect(normalName(text)).toBe(expected);
  });

  it.each([
    '',
    '.a',
    'a..b',
    'a.',
    'a/b',
    '../../etc/passwd',
    'a\\b',
    'a b',
    'a\u0000',
    'a\u009b31m',
    'a;',
    'a;b',
    'a;=c',
    'a;b=',
    'a;b=~c',
    '_tagged.a',
    'x'.repeat(256),
    `a;b=${'.'.repeat(80)}`,
  ])('%j is none', (text) => {
    expect(normalName(text)).toBeUndefined();
  });

  it('lie where carbon lays them', () => {
    const hash = createHash('sha256').update('disk.used;host=web.1').digest('hex');
    const path = `_tagged/${hash.slice(0, 3)}/${hash.slice(3, 6)}/disk_DOT_used;host=web_DOT_1.wsp`;
    expect(pathOf('disk.used;host=web.1')).toBe(path);
    expect(nameAt(path)).toBe('disk.used;host=web.1');
    expect(pathOf('a.b')).toBe('a/b.wsp');
    expect(nameAt('a/b.wsp')).toBe('a.b');
    expect(nameAt('a/b.wsp.damaged')).toBeUndefined();
  });
});

it('orders points, and of one second keeps the last that came', () => {
  const [times, values] = [Float64Array.of(3, 1, 2, 1), Float64Array.of(30, 10, 20, 11)];
  expect(orderPoints(times, values, 4)).toBe(3);
  expect([[...times.subarray(0, 3)], [...values.subarray(0, 3)]]).toEqual([
    [1, 2, 3],
    [11, 20, 30],
  ]);
});

describe('the ring', () => {
  it('never holds more than it may, nor mixes up series, whatever comes and goes', () => {
    const ring = new PointRing(4 * chunkPoints);
    const expected = new Map<number, number[]>();
    let [pushed, refused, state] = [0, 0, 7];
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    ring.admit(50);
    const [times, values] = [new Float64Array(4 * chunkPoints), new Float64Array(4 * chunkPoints)];
    for (let round = 0; round < 60; round += 1) {
      for (let index = 0; index < 20_000; index += 1) {
        const series = random(50);
        if (ring.push(series, pushed % 2 ** 31, pushed)) {
          const list = expected.get(series) ?? [];
          expected.set(series, list);
          list.push(pushed);
          pushed += 1;
        } else refused += 1;
      }
      for (let series = 0; series < 50; series += 1) {
        if (round % 5 < 4 && random(3) === 0) continue;
        const count = ring.read(series, times, values);
        const list = expected.get(series) ?? [];
        expect(list.length === count && list.every((value, index) => value === values[index])).toBe(true);
        ring.take(series);
        expected.delete(series);
      }
      ring.release(ring.tail);
    }
    expect(pushed).toBeGreaterThan(500_000);
    expect(ring.used).toBeLessThanOrEqual(ring.capacity);
    expect(ring.chunks).toBeLessThanOrEqual(5);
    expect(refused).toBe(0);
  });

  it('says when it is full, and drops the oldest when told to', () => {
    const ring = new PointRing(2 * chunkPoints);
    let count = 0;
    while (ring.push(count % 3, count, count)) count += 1;
    expect(count).toBe(2 * chunkPoints);
    let lost = 0;
    for (let index = 0; index < chunkPoints; index += 1) if (ring.drop()) lost += 1;
    expect(lost).toBe(chunkPoints);
    expect(ring.push(0, count, count)).toBe(true);
    expect(ring.waiting).toBe(chunkPoints + 1);
    const [times, values] = [new Float64Array(chunkPoints), new Float64Array(chunkPoints)];
    const read = ring.read(0, times, values);
    expect([values[0]! >= chunkPoints, values[read - 1]]).toEqual([true, count]);
  });
});

describe('a store', () => {
  it('reads what was taken in, before and after it is in its file', async () => {
    const store = await opened();
    for (let age = 5; age >= 0; age -= 1) store.takeNamed('web.load', now - age, 10 - age, 'test');
    expect(store.takeNamed('web.load', now - 2, 99, 'test')).toBe(true);
    store.settle();
    expect(lastOf(store, 'web.load', 6)).toEqual([5, 6, 7, 99, 9, 10]);
    expect(lastOf(store, 'web.none', 6)).toBeUndefined();
    expect(store.find('*').map(({ path, isLeaf }) => [path, isLeaf])).toEqual([['web', false]]);
    expect(store.find('web.*').map(({ path, isLeaf }) => [path, isLeaf])).toEqual([['web.load', true]]);
    await store.close();
    const later = await opened();
    expect(lastOf(later, 'web.load', 6)).toEqual([5, 6, 7, 99, 9, 10]);
    expect(later.figures()).toMatchObject({ names: 1, waiting: 0 });
  });

  it('writes points before their time when there are many of each series, and when nothing more comes', async () => {
    let monotonic = 0;
    const clock = { now: () => now * 1000, monotonic: () => monotonic };
    const flushMs = 2000;
    const store = await opened({ clock, flushMs });
    for (let age = 3000; age > 0; age -= 1)
      for (let index = 0; index < 10; index += 1) store.takeNamed(`busy.${index}`, now - age, age, 'test');
    store.settle();
    await expect.poll(() => store.counts().written).toBe(30_000);
    for (let age = 5; age > 0; age -= 1) store.takeNamed('few', now - age, age, 'test');
    store.settle();
    await expect.poll(() => store.figures().unsafe_ms.now).toBe(0);
    expect(store.counts().written).toBe(30_000);
    const passed = (): number => {
      monotonic += 20;
      return store.counts().written;
    };
    await expect.poll(passed, { timeout: 10_000 }).toBe(30_005);
    expect(monotonic).toBeLessThan(flushMs);
  });

  it('knows tagged series by any order of their tags', async () => {
    const store = await opened();
    store.takeNamed('disk.used;host=a;dc=x', now - 1, 1, 'test');
    store.takeNamed('disk.used;dc=x;host=a', now, 2, 'test');
    expect(store.taggedNames()).toEqual(['disk.used;dc=x;host=a']);
    expect(lastOf(store, 'disk.used;dc=x;host=a', 2)).toEqual([1, 2]);
    expect(store.find('*')).toEqual([]);
  });

  it('brings back from its log what had no file yet when it was killed', async () => {
    const store = await opened();
    for (let age = 99; age >= 0; age -= 1) store.takeNamed(`web.${age % 7}`, now - age, age, 'test');
    expect(await store.synced(store.position)).toBe(true);
    const copy = mkdtempSync(join(tmpdir(), 'opsbro-killed-'));
    cpSync(folder, copy, { recursive: true });
    expect(existsSync(join(copy, 'whisper/web/0.wsp'))).toBe(false);
    const later = makeStore({ folder: copy });
    expect(await later.open()).toMatchObject({ replayed: 100, torn: 0 });
    expect(lastOf(later, 'web.0', 8)).toEqual([
      7,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      0,
    ]);
    expect(later.figures().names).toBe(7);
    await later.close();
    rmSync(copy, { recursive: true });
  });

  it('writes to its log again what a sync that failed was to cover, though it is in its file already', async () => {
    const probe = await openFile(import.meta.filename);
    const handles = Object.getPrototypeOf(probe) as { datasync(): Promise<void> };
    await probe.close();
    let fail = (): void => undefined;
    const syncs = vi.spyOn(handles, 'datasync').mockImplementationOnce(
      () =>
        new Promise((_, reject) => {
          fail = () => reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
        }),
    );
    const store = await opened({ flushMs: 1 });
    store.takeNamed('a.b', now, 1, 'test');
    store.settle();
    const kept = store.synced(store.position);
    await expect.poll(() => [syncs.mock.calls.length, store.counts().written]).toEqual([1, 1]);
    fail();
    await expect.poll(() => told.map(({ topic }) => topic)).toEqual(['disk-failed']);
    expect(await kept).toBe(true);
    syncs.mockRestore();
    // What a power cut leaves: of the first file, and of those of the series, nobody synced anything.
    const copy = mkdtempSync(join(tmpdir(), 'opsbro-eio-'));
    const last = readdirSync(join(folder, 'log')).sort().at(-1)!;
    cpSync(join(folder, 'log', last), join(copy, 'log', last));
    const later = makeStore({ folder: copy });
    expect(await later.open()).toMatchObject({ replayed: 1 });
    await later.close();
    rmSync(copy, { recursive: true });
  });

  it('reads on as soon as the disk has what is in files already', async () => {
    const store = await opened();
    for (let index = 0; index < 1.6 * chunkPoints; index += 1)
      store.takeNamed('a.b', now - (index % 3000), index, 'test');
    let isRelieved = false;
    store.onRelief(() => {
      isRelieved = true;
    });
    store.fetch('a.b', now - 1, now, now);
    expect(store.isPressed).toBe(true);
    expect(await store.synced(store.position)).toBe(true);
    expect([store.isPressed, isRelieved]).toEqual([false, true]);
  });

  it('syncs while points keep coming', async () => {
    const store = await opened();
    let isOver = false;
    let sent = 0;
    const keepSending = (): void => {
      for (let index = 0; index < 100; index += 1)
        store.takeNamed(`busy.${index % 50}`, now - sent, sent, 'test');
      sent += 1;
      store.settle();
      if (!isOver) setImmediate(keepSending);
    };
    keepSending();
    expect(await store.synced(store.position)).toBe(true);
    isOver = true;
  });

  it('leaves out what is torn at the end of a log, and nothing before', async () => {
    const store = await opened();
    store.takeNamed('a.b', now - 1, 1, 'test');
    await store.synced(store.position);
    store.takeNamed('a.b', now, 2, 'test');
    await store.synced(store.position);
    const copy = mkdtempSync(join(tmpdir(), 'opsbro-torn-'));
    cpSync(folder, copy, { recursive: true });
    const [name] = readdirSync(join(copy, 'log'));
    const path = join(copy, 'log', name!);
    truncateSync(path, statSync(path).size - 3);
    const later = makeStore({ folder: copy });
    expect(await later.open()).toMatchObject({ replayed: 1, torn: 33 });
    expect(lastOf(later, 'a.b', 2)).toEqual([1, undefined]);
    await later.close();
    rmSync(copy, { recursive: true });
  });

  it.each(['', 'OPSBRO met', 'OPSBRO metrics 1\n', 'something else entirely'])(
    'opens over a log that a power cut left as %j',
    async (text) => {
      mkdirSync(join(folder, 'log'));
      writeFileSync(join(folder, 'log/0000000001.log'), text);
      const store = await opened();
      store.takeNamed('a.b', now, 1, 'test');
      expect(await store.synced(store.position)).toBe(true);
      expect(lastOf(store, 'a.b', 1)).toEqual([1]);
    },
  );

  it('lets go of the log when all is in files that are synced', async () => {
    const store = await opened({ flushMs: 1 });
    store.takeNamed('a.b', now, 1, 'test');
    store.settle();
    await expect.poll(() => store.counts().written).toBe(1);
    await store.close();
    const later = await opened({ flushMs: 1 });
    await expect.poll(() => readdirSync(join(folder, 'log'))).toEqual([]);
    expect(lastOf(later, 'a.b', 1)).toEqual([1]);
  });

  it('refuses names beyond its limits, and says whose they were', async () => {
    const store = await opened();
    for (let index = 0; index < 120; index += 1) store.takeNamed(`flood.${index}`, now, 1, '10.0.0.1');
    for (let index = 0; index < 120; index += 1) store.takeNamed(`other.${index}`, now, 1, '10.0.0.2');
    expect(store.counts()).toMatchObject({ points: 150, refused: 90 });
    expect(told.map(({ topic, data }) => [topic, data.source])).toEqual([
      ['names-refused', '10.0.0.1'],
      ['names-refused', '10.0.0.2'],
    ]);
    expect(store.takeNamed('flood.3', now, 2, '10.0.0.9')).toBe(true);
  });

  it('says that files keep what they were made with when other retentions are configured', async () => {
    const first = await opened();
    for (const name of ['a.b', 'a.c']) first.takeNamed(name, now, 1, 'test');
    await first.close();
    const schemas = new Schemas(retentionRules([{ pattern: '', retentions: '10s:6h,1m:7d' }]), []);
    const store = await opened({ schemas });
    for (const name of ['a.b', 'a.c', 'a.new']) store.takeNamed(name, now, 2, 'test');
    for (const name of ['a.b', 'a.c', 'a.new', 'a.b']) expect(lastOf(store, name, 1)).toBeDefined();
    expect(store.figures()).toMatchObject({ names: 3, unlike_files: 2 });
    expect(told.map(({ topic }) => topic)).toEqual(['files-unlike']);
    expect(told[0]?.message).toContain(
      'whisper/a/b.wsp keeps what it was made with, 1s:1h,10s:1d by average, xFilesFactor 0, and not the configured 10s:6h,1m:7d by average',
    );
  });

  it('sets a file aside that is none of Whisper, and goes on with a new one', async () => {
    const first = await opened();
    first.takeNamed('a.b', now, 1, 'test');
    await first.close();
    writeFileSync(join(folder, 'whisper/a/b.wsp'), 'ruined');
    const store = await opened();
    store.takeNamed('a.b', now, 2, 'test');
    expect(lastOf(store, 'a.b', 1)).toEqual([2]);
    expect(readdirSync(join(folder, 'whisper/a')).sort()).toEqual(['b.wsp', 'b.wsp.damaged']);
  });

  it('keeps what comes while files cannot be made, as far as memory reaches, and says so', async () => {
    const store = await opened({ waitingPoints: chunkPoints });
    rmSync(join(folder, 'whisper'), { recursive: true });
    writeFileSync(join(folder, 'whisper'), 'in the way');
    store.takeNamed('a.b', now, 1, 'test');
    expect(lastOf(store, 'a.b', 1)).toBeUndefined();
    expect(told.map(({ topic }) => topic)).toContain('disk-failed');
    rmSync(join(folder, 'whisper'));
    expect(lastOf(store, 'a.b', 1)).toEqual([1]);
  });
});
