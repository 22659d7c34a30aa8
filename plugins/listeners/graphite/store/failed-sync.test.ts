import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open as openFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { aggregationRules, retentionRules, Schemas } from '../schemas/schemas.ts';
import { chunkPoints } from './point-ring.ts';
import { SeriesFiles } from './series-files.ts';
import { MetricStore, type StoreParts } from './store.ts';

const now = 1_700_000_000;
const ioError = (): Error => Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });

let folder: string;
let told: { topic: string; message: string }[];
/** How far the clock was moved, milliseconds. */
let later: number;
/** What the disk has of each file. */
let disk: Map<string, Buffer>;
/** Files that it takes no more, and how often it will refuse them still. */
let refused: Map<string, number>;

/**
 * A disk that refuses some files. The system then forgets what it could not write, and what a program reads is what the disk has: that is how some
 * file systems do it, and what a power cut leaves of all of them.
 */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-failed-sync-'));
  [told, later, disk, refused] = [[], 0, new Map(), new Map()];
  const probe = await openFile(folder);
  const handles = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const sync = handles.datasync;
  vi.spyOn(handles, 'datasync').mockImplementation(async function (this: FileHandle) {
    const path = readlinkSync(`/proc/self/fd/${this.fd}`);
    if (!path.endsWith('.wsp')) return sync.call(this);
    const left = refused.get(path.slice(folder.length + 1)) ?? 0;
    const known = disk.get(path);
    if (left > 0) {
      refused.set(path.slice(folder.length + 1), left - 1);
      writeFileSync(path, known ?? Buffer.alloc(readFileSync(path).length));
      throw ioError();
    }
    disk.set(path, readFileSync(path));
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

async function opened(given: Partial<StoreParts> = {}): Promise<MetricStore> {
  const store = new MetricStore({
    folder,
    schemas: new Schemas(retentionRules([{ pattern: '', retentions: '1s:1h,60s:1d' }]), []),
    limits: { perSource: 100, inAll: 150, diskBytes: 2 ** 30 },
    waitingPoints: chunkPoints,
    flushMs: 1,
    clock: { now: () => now * 1000, monotonic: () => performance.now() + later },
    seed: 42,
    // The clock that is moved makes it late.
    tell: (topic, message) => void (topic === 'disk-late' || told.push({ topic, message })),
    ...given,
  });
  await store.open();
  return store;
}

/** The points of the last seconds, as the disk has them. */
function onDisk(store: MetricStore, name: string, seconds: number): (number | undefined)[] {
  const path = join(folder, 'whisper', `${name.replaceAll('.', '/')}.wsp`);
  writeFileSync(path, disk.get(path) ?? '');
  const { values } = store.fetch(name, now - seconds, now, now)!;
  return [...values].map((value) => (Number.isNaN(value) ? undefined : value));
}

/** Brings all to its files, and ends the file of the log that is written, so that those are synced. */
async function nextSegment(store: MetricStore, marker: number): Promise<void> {
  await expect.poll(() => store.counts().written).toBe(store.counts().points);
  // Else it is the first of the next file.
  expect(await store.synced(store.position)).toBe(true);
  later += 300_000;
  store.takeNamed('other.marker', now, marker, 'test');
  store.settle();
  expect(await store.synced(store.position)).toBe(true);
  await expect.poll(() => store.counts().written).toBe(store.counts().points);
}

const segments = (): string[] => readdirSync(join(folder, 'log')).sort();

it('writes a file again, head and roll-up too, from its log, when the disk did not take it', async () => {
  refused.set('whisper/web/load.wsp', 1);
  const store = await opened();
  for (let age = 2; age >= 0; age -= 1) store.takeNamed('web.load', now - age, 10 + age, 'test');
  store.takeNamed('web.load', now - 1, 99, 'test');
  store.takeNamed('web.fine', now, 1, 'test');
  store.settle();
  await nextSegment(store, 1);
  await expect.poll(() => told.map(({ topic }) => topic)).toEqual(['disk-failed']);
  expect(told[0]?.message).toMatch(/web\/load\.wsp: EIO: i\/o error, fdatasync$/);
  expect(segments()).toEqual(['0000000001.log', '0000000002.log']);
  // What comes meanwhile is not lost either, and comes after what is written again.
  store.takeNamed('web.load', now - 2, 77, 'test');
  store.settle();
  later += 1000;
  await expect.poll(segments).toEqual(['0000000002.log']);
  await expect.poll(() => told.map(({ topic }) => topic)).toEqual(['disk-failed', 'disk-recovered']);
  await nextSegment(store, 2);
  await expect.poll(segments).toEqual(['0000000003.log']);
  await store.close();
  expect(onDisk(store, 'web.load', 3)).toEqual([77, 99, 10]);
  const { step, values } = store.fetch('web.load', now - 7200, now, now)!;
  expect([step, values.at(-1)]).toEqual([60, (77 + 99 + 10) / 3]);
  expect(onDisk(store, 'web.fine', 1)).toEqual([1]);
});

it('writes what a killed process left again, too, though nothing more comes', async () => {
  const killed = await opened();
  killed.takeNamed('web.load', now, 1, 'test');
  expect(await killed.synced(killed.position)).toBe(true);
  await killed.close();
  disk.clear();
  refused.set('whisper/web/load.wsp', 1);
  const store = await opened();
  const left = (): string[] => {
    later += 1000;
    return segments();
  };
  await expect.poll(left).toEqual([]);
  await store.close();
  expect(onDisk(store, 'web.load', 1)).toEqual([1]);
});

it('joins what it writes again as it was joined, however long the log had gone on', async () => {
  refused.set('whisper/web/hits.wsp', 1);
  let seconds = now;
  const store = await opened({
    schemas: new Schemas(
      retentionRules([{ pattern: '', retentions: '1s:2m,10s:1h' }]),
      aggregationRules([{ pattern: '', method: 'sum' }]),
    ),
    clock: { now: () => seconds * 1000, monotonic: () => performance.now() + later },
  });
  for (; seconds < now + 300; seconds += 1) {
    store.takeNamed('web.hits', seconds, 2, 'test');
    if (seconds % 20 === 0) expect(await store.synced(store.position)).toBe(true);
  }
  store.settle();
  await nextSegment(store, 1);
  await expect.poll(() => told.map(({ topic }) => topic)).toEqual(['disk-failed']);
  later += 1000;
  await expect.poll(() => told.map(({ topic }) => topic)).toEqual(['disk-failed', 'disk-recovered']);
  await store.close();
  const { step, values } = store.fetch('web.hits', now - 1, now + 299, seconds)!;
  expect([step, ...values]).toEqual([10, ...Array(30).fill(20)]);
});

it('keeps only what came since the last sync for a file that the disk refuses later', async () => {
  const store = await opened();
  store.takeNamed('web.load', now - 2, 1, 'test');
  store.settle();
  await nextSegment(store, 1);
  await expect.poll(segments).toEqual(['0000000002.log']);
  refused.set('whisper/web/load.wsp', 2);
  store.takeNamed('web.load', now, 3, 'test');
  store.settle();
  await nextSegment(store, 2);
  for (let tries = 0; tries < 2; tries += 1) {
    await expect.poll(() => refused.get('whisper/web/load.wsp')).toBe(1 - tries);
    later += 2000;
  }
  await expect.poll(segments).toEqual(['0000000003.log']);
  await store.close();
  expect(onDisk(store, 'web.load', 3)).toEqual([1, undefined, 3]);
});

it('gives up what the log has of one file that the disk never takes, says so, and keeps the others', async () => {
  refused.set('whisper/web/bad.wsp', Number.POSITIVE_INFINITY);
  const store = await opened();
  store.takeNamed('web.bad', now - 1, 1, 'test');
  store.takeNamed('web.bad', now, 2, 'test');
  store.takeNamed('web.fine', now, 3, 'test');
  store.settle();
  await nextSegment(store, 1);
  const retried = (): string[] => {
    later += 60_000;
    return segments();
  };
  await expect.poll(retried).toHaveLength(1);
  expect(told.map(({ topic }) => topic)).toEqual(['disk-failed', 'file-failed']);
  expect(told[1]?.message).toMatch(/web\/bad\.wsp cannot be written: EIO.*; 2 points of it are lost$/);
  expect(store.counts()).toMatchObject({ failed: 2, dropped: 0 });
  await store.close();
  expect(onDisk(store, 'web.fine', 1)).toEqual([3]);
});

it('writes the others on while one file cannot be written, and that one from the log as soon as it can', async () => {
  const write = SeriesFiles.prototype.write;
  let failures = 0;
  vi.spyOn(SeriesFiles.prototype, 'write').mockImplementation(function (
    this: SeriesFiles,
    series,
    ...points
  ) {
    if (series.name === 'web.bad' && failures < 2) {
      failures += 1;
      throw ioError();
    }
    write.call(this, series, ...points);
  });
  const store = await opened();
  for (let age = 2; age >= 0; age -= 1) {
    store.takeNamed('web.bad', now - age, age, 'test');
    store.takeNamed('web.fine', now - age, age, 'test');
    store.settle();
    await expect.poll(() => store.counts().written).toBe(store.counts().points);
  }
  const mended = (): string[] => {
    later += 1000;
    return told.map(({ topic }) => topic);
  };
  await expect.poll(mended).toEqual(['disk-failed', 'disk-recovered']);
  expect([failures, store.counts().failed]).toEqual([2, 0]);
  await store.close();
  for (const name of ['web.bad', 'web.fine'])
    expect([...store.fetch(name, now - 3, now, now)!.values]).toEqual([2, 1, 0]);
});
