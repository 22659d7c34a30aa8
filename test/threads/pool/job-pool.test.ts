import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { JobPool } from '../../../threads/pool/job-pool.ts';
import type { Job } from '../../../threads/protocol.ts';
import { scratchDirectory } from '../../scratch.ts';
import { jobOf, openPool as open } from '../plugin-fixtures.ts';

const pools: JobPool[] = [];
const short = { timeoutMs: 200 };

function openPool(...given: Parameters<typeof open>): ReturnType<typeof open> {
  const opened = open(...given);
  pools.push(opened.pool);
  return opened;
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close(0)));
});

async function threadOf(pool: JobPool, plugin = 'collector/works-a-little'): Promise<number> {
  const result = await pool.run(jobOf('works-a-little', { plugin }));
  expect(result.status).toBe('done');
  return result.status === 'done' ? (result.value as { thread: number }).thread : -1;
}

describe('a run', () => {
  it('gives the value, the changed state, figures and how long it waited', async () => {
    const { pool } = openPool();
    const result = await pool.run(jobOf('healthy', { state: { runs: 4 } }));
    expect(result).toMatchObject({
      status: 'done',
      value: { up: 1, runs: 5, answer: { text: 'fine', list: [1, 2, 3] } },
      state: { runs: 5 },
      logs: [],
      logsDropped: 0,
    });
    expect(result.heapLimitBytes).toBeGreaterThan(result.heapUsedBytes);
    expect(result.waitedMs).toBeGreaterThan(0);
  });

  it('gives null for a state that did not change', async () => {
    const { pool } = openPool();
    expect(await pool.run(jobOf('works-a-little', { state: { a: 1 } }))).toMatchObject({ state: null });
  });

  it('calls functions with their arguments, and verbs with theirs', async () => {
    const { pool } = openPool();
    const call = (object: string, args: Job['args']): Promise<unknown> =>
      pool.run(jobOf('functions', { type: 'call', object, args, timeoutMs: 200 }));
    expect(await call('add', [40, 2])).toMatchObject({ status: 'done', value: 42 });
    expect(await call('read', ['/nowhere'])).toMatchObject({ error: { code: 'OPSBRO_HOST_NOT_FOUND' } });
    expect(await call('toString', [])).toMatchObject({ error: { code: 'OPSBRO_PLUGIN_NO_VERB' } });
    const event = { key: 'k', type: 'test' as const, at: 0, node: 'n', summary: 'told', data: {} };
    expect(await pool.run(jobOf('acts', { type: 'handle', event }))).toMatchObject({
      status: 'done',
      value: null,
      logs: [{ level: 'info', message: 'told' }],
    });
    expect(await pool.run(jobOf('acts', { type: 'export', facts: { a: 1 } }))).toMatchObject({
      value: { a: 1 },
    });
  });

  it('tells what the plugin emitted, also when it failed, and counts what it could not keep', async () => {
    const { pool } = openPool();
    const last = { topic: 'counted', data: { index: 0 } };
    const few = await pool.run(jobOf('emits', { options: { fails: true } }));
    expect(few).toMatchObject({ status: 'failed', emits: { kept: [last], dropped: 3 } });
    const { status, emits } = await pool.run(jobOf('emits', { options: { count: 104 } }));
    expect([status, emits?.kept.length, emits?.dropped]).toEqual(['done', 100, 7]);
    expect(await pool.run(jobOf('works-a-little'))).not.toHaveProperty('emits');
  });

  it('ends as not eligible when the plugin says so', async () => {
    const { pool } = openPool();
    expect(await pool.run(jobOf('not-eligible'))).toMatchObject({
      status: 'not-eligible',
      reason: 'no such hardware',
    });
  });
});

describe('a faulty plugin', () => {
  it.each([
    ['throws at import', 'throws-at-import', 'OPSBRO_PLUGIN_IMPORT', 'this module cannot be loaded'],
    ['does not exist', 'no-such-fixture', 'OPSBRO_PLUGIN_IMPORT', 'no-such-fixture'],
    ['has no such verb', 'acts', 'OPSBRO_PLUGIN_NO_VERB', "no verb 'collect'"],
    ['throws in its verb', 'throws', 'OPSBRO_PLUGIN_FAILED', 'no luck today'],
    ['throws beside its verb', 'throws-aside', 'OPSBRO_PLUGIN_FAILED', 'beside the verb'],
    ['returns a cycle', 'returns-cycle', 'OPSBRO_PLUGIN_RESULT', "'deep.again' is a cycle"],
    ['returns a function', 'returns-function', 'OPSBRO_PLUGIN_RESULT', "'measure.cpu' is a function"],
    ['returns 100 MB', 'returns-100-mb', 'OPSBRO_PLUGIN_RESULT', "'text' is a string over 65536 bytes"],
    ['returns a getter that throws', 'returns-hostile', 'OPSBRO_PLUGIN_RESULT', "'inner'"],
    ['calls process.exit and catches everything', 'exits', 'OPSBRO_PLUGIN_EXITED', 'process.exit(7)'],
    ['calls process.chdir', 'changes-directory', 'OPSBRO_PLUGIN_FAILED', 'process.chdir'],
    ['calls process.umask', 'sets-umask', 'OPSBRO_PLUGIN_FAILED', 'process.umask'],
    ['sends a signal to the agent', 'kills', 'OPSBRO_PLUGIN_FAILED', 'would signal the agent itself'],
    ['adds to the prototype of every object', 'pollutes', 'OPSBRO_PLUGIN_FAILED', 'not extensible'],
    ['keeps a state over 256 KiB', 'bloats-state', 'OPSBRO_PLUGIN_STATE', "'text'"],
  ])('fails alone when it %s', async (_, name, code, message) => {
    const { pool } = openPool();
    const before = await threadOf(pool);
    const result = await pool.run(jobOf(name));
    expect(result).toMatchObject({
      status: 'failed',
      error: { code, message: expect.stringContaining(message) },
    });
    expect(await threadOf(pool)).toBe(before);
    expect(pool.penalised()).toEqual([]);
  });

  it('fails when its state contains itself', async () => {
    const { pool } = openPool();
    const result = await pool.run(jobOf('bloats-state', { options: { circular: true } }));
    expect(result).toMatchObject({
      error: { code: 'OPSBRO_PLUGIN_STATE', message: expect.stringContaining('cycle') },
    });
  });

  it.each([
    ['never returns', 'never-returns'],
    ['blocks its thread', 'blocks'],
    ['hangs while it is imported', 'hangs-at-import'],
  ])('loses its thread after its timeout when it %s', async (_, name) => {
    const { pool } = openPool();
    const before = await threadOf(pool);
    const result = await pool.run(jobOf(name, short));
    expect(result).toMatchObject({ status: 'failed', error: { code: 'OPSBRO_PLUGIN_TIMEOUT' } });
    expect(result.durationMs).toBeGreaterThan(400);
    expect(await threadOf(pool)).not.toBe(before);
    expect(pool.penalised()).toEqual([`collector/${name}`]);
  });

  it('keeps its thread when it obeys its signal', async () => {
    const { pool } = openPool();
    const before = await threadOf(pool);
    const result = await pool.run(jobOf('obeys-signal', short));
    expect(result).toMatchObject({ error: { code: 'OPSBRO_PLUGIN_TIMEOUT' } });
    expect(await threadOf(pool)).toBe(before);
    expect(pool.penalised()).toEqual([]);
  });

  it('loses its thread when it runs out of memory', async () => {
    const { pool } = openPool();
    expect(await pool.run(jobOf('exhausts-heap'))).toMatchObject({ error: { code: 'OPSBRO_PLUGIN_MEMORY' } });
    expect(await pool.run(jobOf('healthy'))).toMatchObject({ status: 'done' });
    expect(pool.penalised()).toEqual(['collector/exhausts-heap']);
  });

  it('has its numbers that are not finite left out, and a line says so', async () => {
    const { pool } = openPool();
    expect(await pool.run(jobOf('returns-nan'))).toMatchObject({
      status: 'done',
      value: { good: 1, worse: { list: [1, null] } },
      logs: [{ level: 'warn', message: '3 numbers that are not finite were left out' }],
    });
  });

  it('has keys such as __proto__ kept as data', async () => {
    const { pool } = openPool();
    const result = await pool.run(jobOf('returns-proto'));
    expect(result.status === 'done' && Object.keys(result.value as object)).toEqual([
      '__proto__',
      'constructor',
      'up',
    ]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('has a hundred lines of its log kept', async () => {
    const { pool } = openPool();
    const result = await pool.run(jobOf('logs-a-lot'));
    expect(result.logs).toHaveLength(100);
    expect(result.logsDropped).toBe(901);
    expect(result.logs[0]).toEqual({ level: 'info', message: 'line 0', fields: { line: 0 } });
  });

  it('takes the programs it started with it', async () => {
    const { pool } = openPool();
    const file = join(scratchDirectory(), 'pid');
    const result = await pool.run(jobOf('forks', { options: { file }, timeoutMs: 1000 }));
    expect(result).toMatchObject({ error: { code: 'OPSBRO_PLUGIN_TIMEOUT' } });
    const pid = Number(readFileSync(file, 'utf8'));
    await expect.poll(() => isRunning(pid)).toBe(false);
  });
});

describe('what comes late', () => {
  it.each([
    ['throws', 'throws-later', 'OPSBRO_PLUGIN_LATE', 'too late'],
    ['rejects', 'rejects-later', 'OPSBRO_PLUGIN_LATE', 'nobody listens'],
    ['calls process.exit', 'exits-later', 'OPSBRO_PLUGIN_EXITED', 'process.exit(7)'],
  ])('is charged to the plugin that %s, while others run in its thread', async (_, name, code, message) => {
    const { pool, late } = openPool({ maxThreads: 1 });
    const before = await threadOf(pool);
    expect(await pool.run(jobOf(name))).toMatchObject({ status: 'done' });
    // A busy host may have had a spare started, which then serves instead.
    const staysOrHasSpare = async () => (await threadOf(pool)) === before || pool.size().job > 1;
    await expect.poll(staysOrHasSpare).toBe(true);
    await expect.poll(() => late.length).toBeGreaterThan(0);
    expect(late[0]).toEqual({
      plugin: `collector/${name}`,
      error: { code, message: expect.stringContaining(message) },
    });
    await expect.poll(staysOrHasSpare).toBe(true);
  });

  it.each(['collect', 'detect', 'check', 'call'] as const)(
    'is not charged to a %s, which is run again',
    async (type) => {
      const { pool } = openPool();
      expect(await pool.run(jobOf('blocks-later'))).toMatchObject({ status: 'done' });
      const job = {
        ...short,
        type,
        plugin: 'x/innocent',
        object: type === 'call' ? 'add' : 'o',
        args: [1, 2],
      };
      const result = await pool.run(jobOf(type === 'call' ? 'functions' : 'any-verb', job));
      expect(result.status).toBe('done');
      expect(pool.penalised()).toEqual([]);
    },
  );

  it('is not charged to a run that its thread dies under, which is repeated', async () => {
    const { pool } = openPool();
    expect(await pool.run(jobOf('exhausts-heap-later'))).toMatchObject({ status: 'done' });
    const result = await pool.run(jobOf('works-a-little', { options: { ms: 1000 } }));
    expect(result.status).toBe('done');
    expect(pool.penalised()).toEqual([]);
  });

  it.each(['handle', 'export'] as const)('costs a %s its run, which is not repeated', async (type) => {
    const { pool } = openPool();
    expect(await pool.run(jobOf('blocks-later'))).toMatchObject({ status: 'done' });
    const result = await pool.run(jobOf('any-verb', { ...short, type, plugin: 'x/innocent' }));
    expect(result).toMatchObject({ status: 'failed', error: { code: 'OPSBRO_PLUGIN_COLLATERAL' } });
    expect(pool.penalised()).toEqual([]);
  });
});

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
