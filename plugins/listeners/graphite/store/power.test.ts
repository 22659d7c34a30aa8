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

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-power-'));
  synced = [];
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
    clock: { now: () => now * 1000, monotonic: () => performance.now() },
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
  const later = makeStore(second, 1);
  await later.open();
  await expect.poll(() => readdirSync(join(second, 'log'))).toEqual([]);
  const names = ['whisper/web/load.wsp', 'whisper/web', 'whisper'].map((path) => join(second, path));
  expect(synced).toEqual(expect.arrayContaining([...names, second, folder, dirname(folder)]));
  await later.close();
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
