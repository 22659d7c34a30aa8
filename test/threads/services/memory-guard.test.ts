import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../core/clock.ts';
import type { PlainError } from '../../../core/errors.ts';
import type { JobPool } from '../../../threads/pool/job-pool.ts';
import {
  chooseVictim,
  MemoryGuard,
  type MemorySuspect,
  memorySuspects,
} from '../../../threads/services/memory-guard.ts';
import { ServiceHost } from '../../../threads/services/services.ts';
import { HandClock } from '../../core/schedule/test-clock.ts';
import { jobOf, openPool, threadData } from '../plugin-fixtures.ts';

const mib = 1024 * 1024;
const limit = 300 * mib;
const quiet = { externalBytes: mib, heldMs: 5, silent: false };
const large = { externalBytes: 200 * mib, heldMs: 900, silent: false };
const silent = { externalBytes: mib, heldMs: 2000, silent: true };

describe('chooseVictim', () => {
  it.each([
    ['nobody below the limit', limit, [large, silent], -1],
    [
      'the one that reports the most',
      limit + 100 * mib,
      [quiet, large, { ...large, externalBytes: 90 * mib }],
      1,
    ],
    ['one that reports a lot before one that stands still', limit + 100 * mib, [silent, large], 1],
    [
      'the longest that stands still when reports do not explain it',
      limit + mib,
      [quiet, silent, { ...silent, heldMs: 50 }],
      1,
    ],
    ['one that stands still when reports explain too little', limit + 900 * mib, [silent, large], 0],
    ['nobody when all report little', limit + 100 * mib, [quiet, quiet], -1],
    ['nobody when there is nobody', limit + mib, [], -1],
  ])('blames %s', (_, rss, suspects, index) => {
    expect(chooseVictim(rss, limit, suspects)).toBe(index);
  });
});

describe('MemoryGuard', () => {
  const ended: [string, PlainError][] = [];
  const suspect = (id: string, changes: Partial<MemorySuspect>): MemorySuspect => ({
    id,
    plugin: `collector/${id}`,
    externalBytes: 0,
    heldMs: 0,
    beat: 0,
    end: (error) => ended.push([id, error]),
    ...changes,
  });

  afterEach(() => ended.splice(0));

  function guardOf(
    rss: () => number,
    suspects: () => MemorySuspect[],
  ): { guard: MemoryGuard; clock: HandClock } {
    const clock = new HandClock();
    return { clock, guard: new MemoryGuard({ clock, maxRssBytes: limit, rss, suspects }) };
  }

  it('ends the culprit with a message that says how much and whose limit', () => {
    const { guard } = guardOf(
      () => 400 * mib,
      () => [suspect('greedy', { externalBytes: 200 * mib, heldMs: 1 })],
    );
    expect(guard.check()).toBe('collector/greedy');
    expect(ended).toEqual([
      ['greedy', { code: 'OPSBRO_PLUGIN_MEMORY', message: expect.stringContaining('400 MiB') }],
    ]);
  });

  it('ends one at a time and lets the kernel take back what it held', () => {
    const { guard, clock } = guardOf(
      () => 900 * mib,
      () => [suspect('greedy', { externalBytes: 600 * mib, heldMs: 1 })],
    );
    expect([guard.check(), guard.check()]).toEqual(['collector/greedy', null]);
    clock.advance(1000);
    expect(guard.check()).toBe('collector/greedy');
  });

  it('needs two samples to see that a thread stands still', () => {
    let beat = 7;
    const { guard } = guardOf(
      () => 400 * mib,
      () => [suspect('turning', { heldMs: 500, beat: beat++ }), suspect('still', { heldMs: 300, beat: 3 })],
    );
    expect([guard.check(), guard.check()]).toEqual([null, 'collector/still']);
  });

  it('never takes a service for one that stands still', () => {
    const { guard } = guardOf(
      () => 400 * mib,
      () => [suspect('service', {})],
    );
    expect([guard.check(), guard.check(), guard.check()]).toEqual([null, null, null]);
  });
});

describe('a guard over real threads', () => {
  let pool: JobPool | undefined;

  afterEach(() => pool?.close(0));

  it('ends the plugin whose ArrayBuffers no limit of a thread counts', async () => {
    pool = openPool().pool;
    const services = new ServiceHost({
      threadData,
      clock: systemClock,
      load: () => ({}),
      save: () => undefined,
      emit: () => undefined,
      log: () => undefined,
      changed: () => undefined,
    });
    await pool.run(jobOf('healthy'));
    const own = pool;
    const guard = new MemoryGuard({
      clock: systemClock,
      maxRssBytes: process.memoryUsage.rss() + 100 * mib,
      rss: process.memoryUsage.rss,
      suspects: () => memorySuspects(own, services),
    });
    const result = pool.run(jobOf('exhausts-buffers'));
    await expect.poll(() => guard.check(), { interval: 20 }).toBe('collector/exhausts-buffers');
    expect(await result).toMatchObject({ status: 'failed', error: { code: 'OPSBRO_PLUGIN_MEMORY' } });
    expect(pool.penalised()).toEqual(['collector/exhausts-buffers']);
    expect(await pool.run(jobOf('healthy'))).toMatchObject({ status: 'done' });
  });
});
