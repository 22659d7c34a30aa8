import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { JobPool } from '../../../core/threads/job-pool.ts';
import type { Job } from '../../../core/threads/protocol.ts';
import { jobOf, openPool as open } from './plugin-fixtures.ts';

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
    const file = join(mkdtempSync(join(tmpdir(), 'opsbro-pool-')), 'pid');
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
    await expect.poll(() => threadOf(pool)).toBe(before);
    await expect.poll(() => late.length).toBeGreaterThan(0);
    expect(late[0]).toEqual({
      plugin: `collector/${name}`,
      error: { code, message: expect.stringContaining(message) },
    });
    expect(await threadOf(pool)).toBe(before);
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

describe('the penalty group', () => {
  it('takes a plugin that was terminated until three clean runs', async () => {
    const { pool } = openPool();
    const plugin = 'collector/reformed';
    const job = { plugin };
    await pool.run(jobOf('blocks', { ...short, ...job }));
    expect(pool.penalised()).toEqual([plugin]);
    const ordinary = await threadOf(pool);
    const penalty = await threadOf(pool, plugin);
    expect(penalty).not.toBe(ordinary);
    expect(pool.size().penalty).toBe(1);
    await pool.run(jobOf('throws', job));
    expect(await threadOf(pool, plugin)).toBe(penalty);
    expect(pool.penalised()).toEqual([plugin]);
    expect(await threadOf(pool, plugin)).toBe(penalty);
    expect(pool.penalised()).toEqual([]);
    expect(await threadOf(pool, plugin)).not.toBe(penalty);
  });

  it('has two threads', async () => {
    const { pool } = openPool();
    const plugins = ['a/1', 'a/2', 'a/3', 'a/4'];
    const hang = (): Promise<unknown>[] =>
      plugins.map((plugin) => pool.run(jobOf('never-returns', { ...short, plugin })));
    await Promise.all(hang());
    expect(pool.penalised().toSorted()).toEqual(plugins);
    let most = 0;
    const second = Promise.all(hang());
    const ended = second.then(() => true);
    while (!(await Promise.race([ended, pool.run(jobOf('healthy')).then(() => false)]))) {
      most = Math.max(most, pool.size().penalty);
    }
    expect(most).toBe(2);
  });
});

describe('the threads', () => {
  it('are one while one is enough', async () => {
    const { pool } = openPool();
    for (let run = 0; run < 20; run += 1) await pool.run(jobOf('healthy'));
    expect(pool.size()).toEqual({ job: 1, penalty: 0 });
  });

  it('let healthy plugins pass sixteen that hang at once, half of them blocking', async () => {
    const names = ['never-returns', 'blocks'];
    const { pool } = openPool();
    await pool.run(jobOf('healthy'));
    const order: string[] = [];
    const hanging = Array.from({ length: 16 }, (__, index) =>
      pool
        .run(jobOf(names[index % names.length]!, { plugin: `hang/${index}`, timeoutMs: 2500 }))
        .then((result) => {
          order.push('hanging');
          return result;
        }),
    );
    for (let run = 0; run < 5; run += 1) {
      expect(await pool.run(jobOf('healthy', { plugin: 'collector/healthy' }))).toMatchObject({
        status: 'done',
      });
      order.push('healthy');
    }
    const results = await Promise.all(hanging);
    expect(order.slice(0, 5)).toEqual(new Array(5).fill('healthy'));
    for (const result of results) expect(result).toMatchObject({ error: { code: 'OPSBRO_PLUGIN_TIMEOUT' } });
    expect(pool.size().job).toBeLessThanOrEqual(18);
  });

  it('have the lowest priority while they hog a processor, so that others start in time', async () => {
    const { pool } = openPool();
    const hog = pool.run(jobOf('blocks', { timeoutMs: 1000 }));
    await expect.poll(niceOfThreads, { interval: 10 }).toContain(19);
    expect(await pool.run(jobOf('healthy'))).toMatchObject({ status: 'done' });
    await hog;
    await expect.poll(niceOfThreads).not.toContain(19);
  });

  it('are replaced when their heap is too full', async () => {
    const { pool } = openPool();
    const first = await pool.run(jobOf('heavy'));
    const second = await pool.run(jobOf('heavy'));
    const values = [first, second].map((result) => result.status === 'done' && result.value);
    expect(values).toMatchObject([{ kept: 1 }, { kept: 1 }]);
    expect(values[0]).not.toEqual(values[1]);
  });

  it('load changed code anew, and forgive what the old did', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'opsbro-reload-'));
    symlinkSync(
      fileURLToPath(new URL('../../../node_modules', import.meta.url)),
      join(folder, 'node_modules'),
    );
    const module = join(folder, 'index.mjs');
    writeFileSync(module, 'export default { collect: () => ({ version: 1 }) };');
    const { pool } = openPool();
    const job = jobOf('changing', { module });
    expect(await pool.run(job)).toMatchObject({ value: { version: 1 } });
    await pool.run(jobOf('never-returns', { ...short, plugin: job.plugin }));
    expect(await pool.run(job)).toMatchObject({ value: { version: 1 } });
    writeFileSync(module, 'export default { collect: () => ({ version: 2 }) };');
    expect(await pool.run(job)).toMatchObject({ value: { version: 1 } });
    pool.invalidate(job.plugin);
    expect(pool.penalised()).toEqual([]);
    expect(await pool.run(job)).toMatchObject({ value: { version: 2 } });
    rmSync(folder, { recursive: true });
  });

  it('finish their job before changed code takes their place', async () => {
    const { pool } = openPool();
    const running = pool.run(jobOf('works-a-little'));
    const others = [pool.run(jobOf('works-a-little')), pool.run(jobOf('healthy'))];
    pool.invalidate('collector/works-a-little');
    expect((await Promise.all([running, ...others])).map(({ status }) => status)).toEqual([
      'done',
      'done',
      'done',
    ]);
  });
});

describe('the queue', () => {
  it('refuses a job beyond a thousand that wait', async () => {
    const { pool } = openPool({ maxThreads: 1 });
    const results = await Promise.all(Array.from({ length: 1010 }, () => pool.run(jobOf('healthy'))));
    const refused = results.filter((result) => result.status === 'failed');
    expect(refused).toHaveLength(10);
    expect(refused[0]).toMatchObject({ error: { code: 'OPSBRO_AGENT_BUSY' } });
  });

  it('is empty after close, which waits for what runs up to its deadline', async () => {
    const { pool } = openPool();
    await pool.run(jobOf('healthy'));
    const ends = pool.run(jobOf('works-a-little'));
    const hangs = pool.run(jobOf('never-returns'));
    await pool.close(300);
    expect(await ends).toMatchObject({ status: 'done' });
    expect(await hangs).toMatchObject({
      error: { code: 'OPSBRO_PLUGIN_EXITED', message: expect.stringContaining('agent stopped') },
    });
    expect(await pool.run(jobOf('healthy'))).toMatchObject({ error: { code: 'OPSBRO_AGENT_BUSY' } });
    expect(pool.size()).toEqual({ job: 0, penalty: 0 });
  });
});

describe('a guard', () => {
  it('sees what runs and what it holds, and can end it', async () => {
    const { pool } = openPool();
    const result = pool.run(jobOf('exhausts-buffers', { options: { megabytes: 64 } }));
    await expect.poll(() => pool.running()[0]?.externalBytes ?? 0).toBeGreaterThan(60 * 1024 * 1024);
    const [running] = pool.running();
    expect(running).toMatchObject({
      plugin: 'collector/exhausts-buffers',
      object: 'local/collector/exhausts-buffers',
    });
    pool.kill(running!.lane, { code: 'OPSBRO_PLUGIN_MEMORY', message: 'too much' });
    expect(await result).toMatchObject({
      status: 'failed',
      error: { code: 'OPSBRO_PLUGIN_MEMORY', message: 'too much' },
    });
    expect(pool.running()).toEqual([]);
  });
});

/** The priorities of all threads of this process. */
function niceOfThreads(): number[] {
  return readdirSync('/proc/self/task').flatMap((thread) => {
    try {
      const text = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
      return [Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[16])];
    } catch {
      return [];
    }
  });
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
