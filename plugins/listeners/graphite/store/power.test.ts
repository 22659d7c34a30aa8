import { cpSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { retentionRules, Schemas } from '../schemas/schemas.ts';
import { chunkPoints } from './point-ring.ts';
import { MetricStore } from './store.ts';

const now = 1_700_000_000;

let folder: string;
/** What was synced, and in which order. */
let synced: string[];
let handles: FileHandle;
/** How far the clock was moved, milliseconds. */
let later: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-power-'));
  synced = [];
  later = 0;
  const probe = await open(folder);
  handles = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function watchSyncs(): void {
  for (const how of ['sync', 'datasync'] as const) {
    const real = handles[how];
    vi.spyOn(handles, how).mockImplementation(async function (this: FileHandle) {
      const path = readlinkSync(`/proc/self/fd/${this.fd}`);
      await real.call(this);
      synced.push(path);
    });
  }
}

function makeStore(at: string, flushMs: number): MetricStore {
  return new MetricStore({
    folder: at,
    schemas: new Schemas(retentionRules([{ pattern: '', retentions: '1s:1h' }]), []),
    limits: { perSource: 100, inAll: 150, diskBytes: 2 ** 30 },
    waitingPoints: chunkPoints,
    flushMs,
    clock: { now: () => now * 1000, monotonic: () => performance.now() + later },
    seed: 42,
    tell: () => undefined,
  });
}

it('syncs the names that a killed process has made before it lets go of the log that could make them again', async () => {
  const [first, second] = [join(folder, 'first'), join(folder, 'second')];
  const store = makeStore(first, 3_600_000);
  await store.open();
  store.takeNamed('web.load', now, 1, 'test');
  expect(await store.synced(store.position)).toBe(true);
  // Its file is made, and the process is killed before anybody has synced the folder.
  store.fetch('web.load', now - 1, now, now);
  cpSync(first, second, { recursive: true });
  await store.close();
  expect(readdirSync(join(second, 'whisper/web'))).toEqual(['load.wsp']);

  watchSyncs();
  const next = makeStore(second, 1);
  await next.open();
  await expect.poll(() => readdirSync(join(second, 'log'))).toEqual([]);
  const names = ['whisper/web/load.wsp', 'whisper/web', 'whisper'].map((path) => join(second, path));
  expect(synced).toEqual(expect.arrayContaining([...names, second, folder, dirname(folder)]));
  await next.close();
});

it('syncs a log and its name before it says that a point is kept', async () => {
  watchSyncs();
  const store = makeStore(folder, 1);
  await store.open();
  store.takeNamed('web.load', now, 1, 'test');
  expect(await store.synced(store.position)).toBe(true);
  const log = join(folder, 'log');
  expect(synced.slice(-2)).toEqual([log, join(log, '0000000001.log')]);
  await store.close();
  expect(readdirSync(log)).toEqual(['0000000001.log']);
});

it('never syncs a file of the log twice at a time, not even as it ends that file', async () => {
  const store = makeStore(folder, 3_600_000);
  await store.open();
  const take = (value: number): Promise<boolean> => {
    store.takeNamed('web.load', now - value, value, 'test');
    return store.synced(store.position);
  };
  expect(await take(1)).toBe(true);
  let [active, most] = [0, 0];
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const sync = handles.datasync;
  vi.spyOn(handles, 'datasync').mockImplementation(async function (this: FileHandle) {
    active += 1;
    most = Math.max(most, active);
    await held;
    await sync.call(this);
    active -= 1;
  });
  const writes = vi.spyOn(handles, 'writev');
  const written = (): number => writes.mock.settledResults.filter(({ type }) => type === 'fulfilled').length;
  const kept = [take(2)];
  await expect.poll(() => [active, written()]).toEqual([1, 1]);
  // What the next sync is for is there already when that one ends, and so is what comes into the next file.
  kept.push(take(3));
  await expect.poll(written).toBe(2);
  later = 300_000;
  kept.push(take(4));
  release();
  expect(await Promise.all(kept)).toEqual([true, true, true]);
  expect([most, store.figures().segments]).toEqual([1, 2]);
  await store.close();
});
