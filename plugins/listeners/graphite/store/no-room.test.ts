import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from 'opsbro/sdk';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { retentionRules, Schemas } from '../schemas/schemas.ts';
import { chunkPoints } from './point-ring.ts';
import { MetricStore, type StoreParts } from './store.ts';

const now = 1_700_000_000;
const series = 200;
const seconds = 3600;

let disk: string;
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'opsbro-no-room-'));
});
afterEach(() => {
  spawnSync('umount', ['--lazy', disk]);
  rmSync(disk, { recursive: true, force: true });
});

function mount(at: string, size: string): string | null {
  const done = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', at], { encoding: 'utf8' });
  return done.status === 0 ? null : (done.error?.message ?? done.stderr.trim());
}

/** Why no file system can be mounted here; null when it can. */
function mountRefused(): string | null {
  const probe = mkdtempSync(join(tmpdir(), 'opsbro-mount-'));
  const reason = mount(probe, '64k');
  if (reason === null) spawnSync('umount', [probe]);
  rmSync(probe, { recursive: true });
  if (reason !== null && process.env.OPSBRO_TEST_REQUIRE === 'all')
    throw new Error(`cannot mount a tmpfs: ${reason}`);
  return reason;
}

const refused = mountRefused();
const where = refused === null ? '' : ` (skipped: ${refused})`;

function fill(): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'ballast'), Buffer.alloc(bavail * bsize));
}

const nameOf = (index: number): string => `full.s${index % series}`;
const timeOf = (index: number): number => now - seconds + 1 + Math.floor(index / series);

function partsWith(tell: (topic: string, data: JsonObject) => void): StoreParts {
  return {
    folder: disk,
    schemas: new Schemas(retentionRules([{ pattern: '', retentions: '1s:1h' }]), []),
    limits: { perSource: 1000, inAll: 1000, diskBytes: 2 ** 30 },
    waitingPoints: 2 * chunkPoints,
    flushMs: 3_600_000,
    clock: { now: () => now * 1000, monotonic: () => performance.now() },
    seed: 42,
    tell: (topic, _, data) => tell(topic, data),
  };
}

/** Which of the first points a store has. */
function foundIn(store: MetricStore, total: number): boolean[] {
  const values = Array.from({ length: series }, (_, index) =>
    store.fetch(nameOf(index), now - seconds, now, now),
  );
  return Array.from(
    { length: total },
    (_, index) => values[index % series]?.values[timeOf(index) - (now - seconds + 1)] === index,
  );
}

it.skipIf(refused !== null)(
  `keeps what its log has and neither memory nor the disk has room for at a start, until there is room${where}`,
  async () => {
    expect(mount(disk, '24m')).toBeNull();
    const parts = partsWith(() => undefined);
    const total = 3 * chunkPoints;
    const store = new MetricStore({ ...parts, waitingPoints: 4 * chunkPoints });
    await store.open();
    for (let index = 0; index < total; index += 1)
      store.takeNamed(nameOf(index), timeOf(index), index, 'test');
    expect(await store.synced(store.position)).toBe(true);
    fill();
    await store.close();

    const full = new MetricStore({ ...parts, waitingPoints: chunkPoints });
    expect((await full.open()).replayed).toBeLessThan(total);
    rmSync(join(disk, 'ballast'));
    await full.close();

    // The first of these starts brings everything to the files, the second lets go of the log.
    for (let starts = 0; starts < 2; starts += 1) {
      const later = new MetricStore(parts);
      await later.open();
      expect(foundIn(later, total).every(Boolean)).toBe(true);
      await later.close();
    }
  },
  60_000,
);

it.skipIf(refused !== null)(
  `keeps the newest points while the disk is full, says what it drops, and goes on when there is room${where}`,
  async () => {
    expect(mount(disk, '24m')).toBeNull();
    const told: { topic: string; data: JsonObject }[] = [];
    const topics = (): string[] => told.map(({ topic }) => topic);
    const parts = partsWith((topic, data) => told.push({ topic, data }));
    const store = new MetricStore(parts);
    await store.open();
    store.takeNamed('before', now, 1, 'test');
    expect(await store.synced(store.position)).toBe(true);
    fill();
    const total = 3 * chunkPoints;
    const take = (index: number): boolean => store.takeNamed(nameOf(index), timeOf(index), index, 'test');
    for (let index = 0; index < chunkPoints; index += 1) expect(take(index)).toBe(true);
    const kept = store.synced(store.position);
    await expect.poll(topics).toContain('disk-failed');
    for (let index = chunkPoints; index < total; index += 1) take(index);
    expect(topics()).toContain('points-dropped');
    expect(await kept).toBe(false);
    expect(store.figures().waiting).toBeLessThanOrEqual(2 * chunkPoints);
    const { dropped, failed } = store.counts();
    expect([dropped > 0, failed]).toEqual([true, 0]);

    rmSync(join(disk, 'ballast'));
    store.settle();
    await expect.poll(topics, { timeout: 20_000 }).toContain('disk-recovered');
    expect(await store.synced(store.position)).toBe(true);
    await store.close();
    expect(store.counts().dropped).toBe(dropped);

    const later = new MetricStore(parts);
    await later.open();
    const found = foundIn(later, total);
    expect(found.slice(-chunkPoints).every(Boolean)).toBe(true);
    expect(found.filter((is) => !is).length).toBe(dropped);
    expect(later.fetch('before', now - 1, now, now)!.values[0]).toBe(1);
    await later.close();
  },
  60_000,
);
