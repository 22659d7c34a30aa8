import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { JobResult } from '../../threads/protocol.ts';
import { fixtureModule, jobOf, openPool, threadData } from './plugin-fixtures.ts';

/** Each fault of the list that a thread survives or dies of, and what its result must be. */
const faults: [fixture: string, outcome: string][] = [
  ['throws-at-import', 'OPSBRO_PLUGIN_IMPORT'],
  ['throws', 'OPSBRO_PLUGIN_FAILED'],
  ['throws-aside', 'OPSBRO_PLUGIN_FAILED'],
  ['never-returns', 'OPSBRO_PLUGIN_TIMEOUT'],
  ['blocks', 'OPSBRO_PLUGIN_TIMEOUT'],
  ['exhausts-heap', 'OPSBRO_PLUGIN_MEMORY'],
  ['returns-cycle', 'OPSBRO_PLUGIN_RESULT'],
  ['returns-function', 'OPSBRO_PLUGIN_RESULT'],
  ['returns-100-mb', 'OPSBRO_PLUGIN_RESULT'],
  ['returns-nan', 'done'],
  ['exits', 'OPSBRO_PLUGIN_EXITED'],
  ['exits-later', 'done'],
  ['changes-directory', 'OPSBRO_PLUGIN_FAILED'],
  ['sets-umask', 'OPSBRO_PLUGIN_FAILED'],
  ['takes-signals', 'done'],
  ['kills', 'OPSBRO_PLUGIN_FAILED'],
  ['throws-later', 'done'],
  ['rejects-later', 'done'],
  ['pollutes', 'OPSBRO_PLUGIN_FAILED'],
];

/** A small generator with a printed seed, so that a failure can be repeated. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function outcomeOf(result: JobResult): string {
  return result.status === 'failed' ? result.error.code : result.status;
}

describe('sixty random faults in a row', () => {
  it('each get their own outcome, and leave the pool working with few threads', async () => {
    const seed = Number(process.env.OPSBRO_TEST_SEED ?? Date.now() % 1e6);
    const random = randomFrom(seed);
    const { pool } = openPool();
    await pool.run(jobOf('healthy'));
    let most = 0;
    const wrong: string[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < 60) {
        const run = next;
        next += 1;
        const [fixture, expected] = faults[Math.floor(random() * faults.length)]!;
        const timeoutMs = expected === 'OPSBRO_PLUGIN_TIMEOUT' ? 100 : 100_000;
        // A name for each run, so that no penalty makes the next fault wait.
        const result = await pool.run(jobOf(fixture, { plugin: `fault/${run}`, timeoutMs }));
        if (outcomeOf(result) !== expected) wrong.push(`${run}: ${fixture} gave ${outcomeOf(result)}`);
        const healthy = await pool.run(jobOf('healthy'));
        if (outcomeOf(healthy) !== 'done')
          wrong.push(`${run}: healthy gave ${outcomeOf(healthy)} beside ${fixture}`);
        most = Math.max(most, pool.size().job);
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    expect({ seed, wrong }).toEqual({ seed, wrong: [] });
    expect(most).toBeLessThanOrEqual(16);
    expect(await pool.run(jobOf('healthy'))).toMatchObject({ status: 'done' });
    await pool.close(0);
    expect(pool.size()).toEqual({ job: 0, penalty: 0 });
  });
});

describe('what no thread survives', () => {
  it('takes the process down, as the supervisor and the crash journal expect', () => {
    const pool = fileURLToPath(new URL('../../dist/threads/pool/job-pool.js', import.meta.url));
    const clock = fileURLToPath(new URL('../../dist/core/clock.js', import.meta.url));
    const job = jobOf('aborts-v8', { module: fixtureModule('aborts-v8'), timeoutMs: 90_000 });
    const program = `
      const { createJobPool } = await import(${JSON.stringify(pool)});
      const { systemClock } = await import(${JSON.stringify(clock)});
      const pool = createJobPool({
        threadData: ${JSON.stringify(threadData)}, clock: systemClock, onLateError() {},
        onStart: (job) => process.stdout.write('runs ' + job.plugin),
      });
      setInterval(() => {}, 1000);
      const result = await pool.run(${JSON.stringify(job)});
      process.stdout.write(' survived: ' + JSON.stringify(result));
      process.exit(0);`;
    const ended = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      timeout: 100_000,
    });
    expect(ended.stdout).toBe('runs collector/aborts-v8');
    expect(['SIGTRAP', 'SIGABRT', 'SIGILL']).toContain(ended.signal);
  });
});
