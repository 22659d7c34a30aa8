import { expect, it } from 'vitest';
import { Flusher } from './flusher.ts';
import type { WriteAheadLog } from './log.ts';
import { chunkPoints, PointRing } from './point-ring.ts';
import type { Series, SeriesFiles } from './series-files.ts';

const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

it('lets the log forget what is in files that are synced while the disk has no room for the others', async () => {
  const ring = new PointRing(chunkPoints);
  ring.admit(1);
  const done: string[] = [];
  let syncs = 0;
  const files = {
    write({ name }: Series) {
      if (name === 'stuck') throw full;
      done.push(`write ${name}`);
    },
    async sync() {
      syncs += 1;
      if (syncs > 1) done.push('sync');
      return { files: new Map(), names: syncs > 1 ? undefined : full };
    },
  };
  let segments = ['1.log'];
  const log = {
    syncedTo: 2,
    obsolete: (oldest: number) => (oldest >= 1 ? segments : []),
    async forget(paths: string[]) {
      done.push(`forget ${paths.join()}`);
      segments = segments.filter((path) => !paths.includes(path));
    },
  };
  const flusher = new Flusher({
    ring,
    files: files as unknown as SeriesFiles,
    log: log as unknown as WriteAheadLog,
    clock: { now: () => 1_700_000_000_000, monotonic: () => performance.now() },
    series: ['fits', 'stuck'].map((name) => ({ name }) as Series),
    flushMs: 1,
    reachSeconds: 3600,
    health: (error) => void done.push(error === null ? 'well' : 'failed'),
    failed: () => void done.push('lost'),
    relieved: () => undefined,
  });
  ring.push(0, 1_700_000_000, 1);
  ring.push(1, 1_700_000_000, 1);
  flusher.soon();
  await expect.poll(() => segments, { timeout: 10_000 }).toEqual([]);
  await flusher.stop();
  // Once for the file that has no room, once for the sync that fails: the next is made later, and what was to go stays until then.
  expect(done).toEqual(['write fits', 'failed', 'failed', 'sync', 'forget 1.log']);
  expect([ring.waiting, syncs]).toEqual([1, 2]);
});
