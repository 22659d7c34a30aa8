import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import type { PlainError } from '../../core/errors.ts';
import { endAfter } from '../../threads/deadline/deadline.ts';
import { startThread } from '../../threads/deadline/kernel-thread.ts';
import { isHog, moreMs, type ThreadTimes, timesSince } from '../../threads/deadline/starvation.ts';
import type { JobLane, LaneOutcome } from '../../threads/pool/job-lane.ts';
import { LaneGroup } from '../../threads/pool/lane-group.ts';
import type { JobResult } from '../../threads/protocol.ts';
import { threadTimes } from '../../threads/quickjs/thread-time.ts';
import { HandClock } from '../core/schedule/test-clock.ts';
import { jobOf, openPool } from './plugin-fixtures.ts';

describe('the time of a run', () => {
  it.each([
    ['is its timeout when it had a processor', 1000, 1000, 0, 0],
    ['is as much longer as it waited for one', 1000, 1000, 700, 700],
    ['ends when it has had its timeout', 1000, 1700, 700, 0],
    ['goes on while it waits again', 1000, 1700, 1100, 400],
    ['is at most three times its timeout', 1000, 1000, 60_000, 2000],
    ['ends there, however long it waited', 1000, 3000, 60_000, 0],
    ['takes no step of less than a millisecond', 1000, 1000, 0.4, 0],
  ] as const)('%s', (_, timeoutMs, ranMs, waitedMs, more) => {
    expect(moreMs(timeoutMs, ranMs, waitedMs)).toBe(more);
  });

  it('holds no waiting that the kernel does not tell of', () => {
    const times = { usedMs: 5, waitedMs: 7 };
    expect(timesSince(undefined, times)).toEqual({ usedMs: 0, waitedMs: 0 });
    expect(timesSince(times, undefined)).toEqual({ usedMs: 0, waitedMs: 0 });
    expect(timesSince(times, { usedMs: 6, waitedMs: 17 })).toEqual({ usedMs: 1, waitedMs: 10 });
  });
});

describe('a process that stood still', () => {
  const times = { usedMs: 1, waitedMs: 1 };

  it('gives what ran in it its time anew, three times at most', () => {
    const clock = new HandClock();
    let ends = 0;
    endAfter(
      2000,
      clock,
      () => times,
      () => {
        ends += 1;
      },
    );
    clock.advance(1500);
    for (let standstill = 0; standstill < 3; standstill += 1) {
      clock.freeze(180_000);
      clock.advance(0);
      clock.advance(1900);
      expect(ends).toBe(0);
    }
    clock.freeze(180_000);
    clock.advance(0);
    clock.advance(1);
    expect(ends).toBe(1);
  });

  it('counts for a newborn thread what it waited since', () => {
    const clock = new HandClock();
    let ends = 0;
    const starved = { usedMs: 0, waitedMs: 0 };
    endAfter(
      2000,
      clock,
      () => (starved.waitedMs === 0 ? undefined : starved),
      () => {
        ends += 1;
      },
      true,
    );
    starved.waitedMs = 1500;
    clock.advance(3400);
    expect(ends).toBe(0);
    clock.advance(200);
    expect(ends).toBe(1);
  });
});

it('knows by the kernel’s number a thread that has not run yet', async () => {
  const { started, number } = startThread(() => new Worker('setInterval(() => {}, 1000)', { eval: true }));
  expect(statSync(`/proc/self/task/${number}`).isDirectory()).toBe(true);
  await once(started, 'online');
  expect(threadTimes(`/proc/self/task/${number}`)?.usedMs).toBeGreaterThan(0);
  await started.terminate();
  expect(() => statSync(`/proc/self/task/${number}`)).toThrow();
});

describe('a thread whose loop stands still', () => {
  it.each([
    ['is no hog before a tenth of a second', 99, 0, 99, false],
    ['is one when it used a processor', 100, 10, 35, true],
    ['is none when it got no processor', 5000, 10, 34, false],
  ] as const)('%s', (_, stoodMs, before, now, hog) => {
    const at = (usedMs: number): ThreadTimes => ({ usedMs, waitedMs: 0 });
    expect(isHog(stoodMs, at(before), () => at(now))).toBe(hog);
  });

  it('is a hog where the kernel does not tell', () => {
    expect(isHog(100, undefined, () => ({ usedMs: 0, waitedMs: 0 }))).toBe(true);
    expect(isHog(100, { usedMs: 0, waitedMs: 0 }, () => undefined)).toBe(true);
  });
});

/** A group with one thread whose times are set by hand; it never ends a job unless told. */
async function openGroup(): Promise<{
  group: LaneGroup;
  clock: HandClock;
  times: ThreadTimes;
  killed: PlainError[];
  demoted: string[];
  end(): Promise<void>;
}> {
  const clock = new HandClock();
  const times = { usedMs: 1, waitedMs: 1 };
  const [killed, demoted]: [PlainError[], string[]] = [[], []];
  let settle: (outcome: LaneOutcome) => void = () => undefined;
  const ended = new Promise<LaneOutcome>((resolve) => {
    settle = resolve;
  });
  const lane: Partial<JobLane> = {
    ...{ id: 1, alive: true, beat: 0, plugins: new Set(), ready: Promise.resolve(true) },
    run: () => ended,
    kill: (error) => void killed.push(error),
    prioritise: (priority) => {
      demoted.push(priority);
      return true;
    },
  };
  Object.defineProperty(lane, 'times', { get: () => ({ ...times }) });
  const group = new LaneGroup(
    { min: 1, max: 1, starting: 1, processors: 1, elastic: false },
    {
      openLane: () => lane as JobLane,
      paceOf: () => 'unproven',
      slow: () => undefined,
      room: () => 1,
      started: () => undefined,
      changed: () => undefined,
    },
    clock,
  );
  group.pump();
  await lane.ready;
  await Promise.resolve();
  const end = async (): Promise<void> => {
    settle({ ended: 'result', result: { heapUsedBytes: 0, heapLimitBytes: 1 } as JobResult });
    await ended;
  };
  return { group, clock, times, killed, demoted, end };
}

describe('a thread that gets no processor', () => {
  it('has as much longer as it waited, and is not demoted', async () => {
    const { group, clock, times, killed, demoted } = await openGroup();
    void group.submit(jobOf('healthy', { timeoutMs: 750 }));
    times.waitedMs += 600;
    clock.advance(1590);
    expect(killed).toEqual([]);
    clock.advance(20);
    expect(killed).toMatchObject([
      { code: 'OPSBRO_PLUGIN_TIMEOUT', message: expect.stringContaining('750 ms') },
    ]);
    expect(demoted).toEqual([]);
  });

  it('is ended at three times its time, and lets what used one be demoted', async () => {
    const { group, clock, times, killed, demoted } = await openGroup();
    void group.submit(jobOf('healthy', { timeoutMs: 750 }));
    for (let step = 0; step < 29; step += 1) {
      times.waitedMs += 95;
      times.usedMs += 5;
      clock.advance(100);
      if (step === 3) expect(demoted).toEqual([]);
    }
    expect(demoted).toEqual(['lowest']);
    expect(killed).toEqual([]);
    clock.advance(110);
    expect(killed).toHaveLength(1);
  });

  it('is heard before it is ended by a loop that was late itself', async () => {
    const { group, clock, killed, end } = await openGroup();
    const outcome = group.submit(jobOf('healthy', { timeoutMs: 750 }));
    clock.freeze(5000);
    clock.advance(0);
    await end();
    clock.advance(10);
    expect(await outcome).toMatchObject({ ended: 'result' });
    expect(killed).toEqual([]);
  });
});

const hasTaskset = spawnSync('taskset', ['--version']).status === 0;
const spinners: ChildProcess[] = [];

afterEach(() => {
  for (const child of spinners.splice(0)) child.kill('SIGKILL');
});

/** Runs for so long, whatever it gets of a processor, and lets its loop turn. */
const insistent = `import { readlinkSync } from 'node:fs';
export default {
  async collect(ctx) {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    const end = performance.now() + (ctx.options.ms ?? 0);
    while (performance.now() < end) {
      for (let stop = performance.now() + 2; performance.now() < stop; );
      await new Promise(setImmediate);
    }
    return { thread };
  },
};
`;

describe.skipIf(!hasTaskset && process.env.OPSBRO_TEST_REQUIRE !== 'all')(
  'on a processor that others hold',
  () => {
    it('a run has longer than its timeout', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'opsbro-starved-'));
      const module = join(folder, 'index.mjs');
      writeFileSync(module, insistent);
      const { pool } = openPool({ maxThreads: 1 });
      const first = await pool.run(jobOf('insists', { module }));
      const { thread } = first.status === 'done' ? (first.value as { thread: number }) : { thread: 0 };
      execFileSync('taskset', ['-p', '-c', '0', String(thread)]);
      const spin = ['-c', '0', process.execPath, '-e', 'for (;;);'];
      for (let count = 0; count < 6; count += 1) spinners.push(spawn('taskset', spin, { stdio: 'ignore' }));
      // At first the others are not there yet.
      const result = await pool.run(jobOf('insists', { module, timeoutMs: 1000, options: { ms: 2400 } }));
      expect(result).toMatchObject({ status: 'done', value: { thread } });
      await pool.close(0);
      rmSync(folder, { recursive: true });
    });
  },
);
