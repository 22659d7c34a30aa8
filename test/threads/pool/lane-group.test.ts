import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { JobPool } from '../../../threads/pool/job-pool.ts';
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
    let most = 0;
    const { pool } = openPool({
      onThreadChange: ({ penalty }) => {
        most = Math.max(most, penalty);
      },
    });
    const plugins = ['a/1', 'a/2', 'a/3', 'a/4'];
    const hang = (): Promise<unknown>[] =>
      plugins.map((plugin) => pool.run(jobOf('never-returns', { ...short, plugin })));
    await Promise.all(hang());
    expect(pool.penalised().toSorted()).toEqual(plugins);
    expect(most).toBe(0);
    await Promise.all(hang());
    expect(most).toBe(2);
  });
});

describe('the threads', () => {
  it('are one while one is enough', async () => {
    const { pool } = openPool();
    for (let run = 0; run < 20; run += 1) await pool.run(jobOf('healthy'));
    // A second one where the machine stood still for 50 ms.
    expect(pool.size().job).toBeLessThanOrEqual(2);
    expect(pool.size().penalty).toBe(0);
  });

  it('let healthy plugins pass sixteen that hang at once, half of them blocking', async () => {
    const names = ['never-returns', 'blocks'];
    const { pool } = openPool();
    await pool.run(jobOf('healthy'));
    let ended = 0;
    const hanging = Array.from({ length: 16 }, (__, index) =>
      pool
        .run(jobOf(names[index % names.length]!, { plugin: `hang/${index}`, timeoutMs: 200_000 }))
        .finally(() => {
          ended += 1;
        }),
    );
    // A name for each run: on a busy machine one that took long would count as slow, and wait for those that hang.
    for (let run = 0; run < 5; run += 1) {
      const result = await pool.run(jobOf('healthy', { plugin: `healthy/${run}`, timeoutMs: 100_000 }));
      expect(result.status).toBe('done');
    }
    expect(ended).toBe(0);
    expect(pool.size().job).toBeLessThanOrEqual(18);
    await pool.close(0);
    expect(await Promise.allSettled(hanging)).toHaveLength(16);
  });

  it('give way to the agent, and more so for plugins that had to be terminated', async () => {
    const { pool } = openPool();
    await pool.run(jobOf('healthy'));
    const own = getPriority();
    expect(niceOfThreads()).toContain(own);
    expect(niceOfThreads()).toContain(Math.min(19, own + 2));
    await pool.run(jobOf('never-returns', short));
    void pool.run(jobOf('never-returns', { timeoutMs: 100_000 }));
    await expect.poll(niceOfThreads).toContain(Math.min(19, own + 10));
  });

  it('have the lowest priority while they hog a processor, so that others start in time', async () => {
    const { pool } = openPool();
    const hog = pool.run(jobOf('blocks', { timeoutMs: 30_000 }));
    await expect.poll(niceOfThreads, { interval: 10 }).toContain(19);
    expect(await pool.run(jobOf('healthy'))).toMatchObject({ status: 'done' });
    for (const { lane, plugin } of pool.running())
      if (plugin === 'collector/blocks')
        pool.kill(lane, { code: 'OPSBRO_PLUGIN_TIMEOUT', message: 'enough' });
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
