import { fileURLToPath } from 'node:url';
import { systemClock } from '../../core/clock.ts';
import type { PlainError } from '../../core/errors.ts';
import { createJobPool, type JobPool, type JobPoolParts } from '../../threads/pool/job-pool.ts';
import type { Job, ThreadData } from '../../threads/protocol.ts';

/** What the threads of tests look at: this machine. */
export const threadData: ThreadData = {
  hostProc: '/proc',
  hostSys: '/sys',
  hostRoot: '/',
  environment: { OPSBRO_TEST: 'yes' },
};

/** Absolute path of a fixture's code. */
export function fixtureModule(name: string): string {
  return fileURLToPath(new URL(`../fixtures/plugins/${name}/index.js`, import.meta.url));
}

/** A job that runs a fixture of `test/fixtures/plugins`; its timeout is generous unless given. */
export function jobOf(name: string, changes: Partial<Job> = {}): Job {
  return {
    type: 'collect',
    plugin: `collector/${name}`,
    module: fixtureModule(name),
    object: `local/collector/${name}`,
    name,
    options: {},
    state: {},
    timeoutMs: 20_000,
    ...changes,
  };
}

/** A pool on real threads, with what it reported. */
export function openPool(changes: Partial<JobPoolParts> = {}): {
  pool: JobPool;
  late: { plugin: string; error: PlainError }[];
} {
  const late: { plugin: string; error: PlainError }[] = [];
  const pool = createJobPool({
    threadData,
    clock: systemClock,
    onLateError: (plugin, error) => late.push({ plugin, error }),
    ...changes,
  });
  return { pool, late };
}
