import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from 'opsbro/sdk';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { retentionRules, Schemas } from '../schemas/schemas.ts';
import { chunkPoints } from './point-ring.ts';
import { MetricStore } from './store.ts';

const now = 1_700_000_000;

let folder: string;
let seconds: number;
let told: { topic: string; data: JsonObject }[];
const open: MetricStore[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-disk-limit-'));
  seconds = now;
  told = [];
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A store that may take so many bytes, at the time `seconds`. */
async function opened(diskBytes: number): Promise<MetricStore> {
  const store = new MetricStore({
    folder,
    schemas: new Schemas(retentionRules([{ pattern: '', retentions: '1s:1h,10s:1d' }]), []),
    limits: { perSource: 100, inAll: 150, diskBytes },
    waitingPoints: 2 * chunkPoints,
    flushMs: 3_600_000,
    clock: { now: () => seconds * 1000, monotonic: () => performance.now() },
    seed: 42,
    tell: (topic, _, data) => void told.push({ topic, data }),
  });
  open.push(store);
  await store.open();
  return store;
}

/** Writes a point of that age into the file of a series. */
function write(store: MetricStore, name: string, age = 0): void {
  store.takeNamed(name, seconds - age, 1, 'test');
  store.fetch(name, seconds - 1, seconds, seconds);
}

it('takes files away that were not written for longest, when a new one has no room', async () => {
  const store = await opened(6 * 8192 + 4096);
  for (let index = 0; index < 6; index += 1) {
    seconds += 1;
    write(store, `a.${index}`);
  }
  expect(store.figures().allocatedBytes).toBe(6 * 8192 + 4096);
  expect(store.takeNamed('a.new', seconds, 1, 'test')).toBe(false);
  seconds += 3600;
  write(store, 'a.5');
  await expect.poll(() => store.takeNamed('a.new', seconds, 1, 'test')).toBe(true);
  const left = store.find('a.*').map(({ path }) => path);
  expect(left).toContain('a.5');
  expect(left).not.toContain('a.0');
  store.takeNamed('a.0', seconds, 5, 'test');
  expect(store.fetch('a.0', seconds - 1, seconds, seconds)?.values[0]).toBe(5);
  expect(store.find('a.0')).toEqual([{ path: 'a.0', isLeaf: true }]);
});

it('says which files it cannot remove, and removes the next ones instead', async () => {
  const store = await opened(6 * 8192 + 4096);
  for (let index = 0; index < 6; index += 1) {
    seconds += 1;
    write(store, `a.${index}`);
  }
  // What no `unlink` takes away, not even one of root.
  const stuck = join(folder, 'whisper/a/0.wsp');
  rmSync(stuck);
  mkdirSync(stuck);
  seconds += 3600;
  expect(store.takeNamed('a.new', seconds, 1, 'test')).toBe(false);
  await expect.poll(() => store.takeNamed('a.new', seconds, 1, 'test')).toBe(true);
  expect(store.find('a.*').map(({ path }) => path)).toEqual(expect.arrayContaining(['a.0', 'a.new']));
  expect(store.find('a.1')).toEqual([]);
  const left = told.filter(({ topic }) => topic === 'files-left');
  expect(left).toEqual([{ topic: 'files-left', data: { files: 1, code: 'ERR_FS_EISDIR' } }]);
});

it('stays below the limit though files that are in use grow, and lets the youngest go', async () => {
  const diskBytes = 40 * 4096;
  const store = await opened(diskBytes);
  write(store, 'kept.a');
  seconds += 10;
  const younger = ['deep.er.and.deeper.b', 'c', 'd'];
  for (const name of younger) write(store, name);
  for (let age = 0; age < 86_400; age += 3400)
    for (const name of ['kept.a', ...younger]) write(store, name, age);
  await expect.poll(() => store.figures().allocatedBytes).toBeLessThanOrEqual(diskBytes);
  expect(told.map(({ topic }) => topic)).toContain('files-in-use-removed');
  expect(store.find('*')).toEqual([{ path: 'kept', isLeaf: false }]);
  expect(readdirSync(join(folder, 'whisper'), { recursive: true }).sort()).toEqual(['kept', 'kept/a.wsp']);
});

it('counts folders, and removes those that are empty', async () => {
  const diskBytes = 19 * 4096 + 8192;
  const store = await opened(diskBytes);
  const deep = Array.from({ length: 20 }, (_, index) => `s${index}`).join('.');
  write(store, deep);
  expect(store.figures().allocatedBytes).toBe(diskBytes);
  seconds += 3600;
  expect(store.takeNamed('a', seconds, 1, 'test')).toBe(false);
  await expect.poll(() => store.takeNamed('a', seconds, 1, 'test')).toBe(true);
  expect(readdirSync(join(folder, 'whisper'))).toEqual([]);
  expect(store.figures().allocatedBytes).toBe(0);
  write(store, 'a');
  await store.close();
  // Else what is in it would come back.
  rmSync(join(folder, 'log'), { recursive: true });
  expect((await opened(diskBytes)).figures().allocatedBytes).toBe(8192);
});
