import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../core/clock.ts';
import { outcome, Sandboxes } from './sandboxes.ts';

let sandboxes: Sandboxes;
beforeAll(() => {
  sandboxes = new Sandboxes();
});
afterAll(() => sandboxes.close());

const event = { key: 'k', type: 'test', at: 1, node: 'n', summary: 's', data: {} } as const;

describe('a sandbox pool', () => {
  it('ends a run at its timeout, tells it first, and keeps what a handler had told', async () => {
    const code = `{ async handle(ctx) {
      if (ctx.name === 'first') return;
      ctx.state.told = 1;
      ctx.signal.addEventListener('abort', () => { ctx.state.heard = ctx.signal.reason.code; });
      await ctx.readText('/never');
    } }`;
    const job = sandboxes.job(code, { type: 'handle', event, timeoutMs: 100, plugin: 'handler/slow' });
    // Starts thread and instance, however long that takes here.
    await sandboxes.pool.run({ ...job, name: 'first', timeoutMs: 20_000 });
    expect(await sandboxes.pool.run(job)).toMatchObject({
      status: 'failed',
      error: {
        code: 'OPSBRO_PLUGIN_TIMEOUT',
        message: expect.stringMatching(/^did not end within 100 ms: it awaits ctx\.readText/),
      },
      state: { told: 1 },
    });
  });

  it('ends a promise that never settles at the timeout, also between others of its plugin', async () => {
    const code =
      '{ async collect(ctx) { if (ctx.name === "a") await new Promise(() => {}); return { is: ctx.name }; } }';
    const job = sandboxes.job(code, { plugin: 'collector/waits', timeoutMs: 500 });
    const first = sandboxes.pool.run({ ...job, name: 'a' });
    expect(outcome(await sandboxes.pool.run({ ...job, name: 'b', timeoutMs: 20_000 }))).toEqual({ is: 'b' });
    expect(await first).toMatchObject({
      error: {
        code: 'OPSBRO_PLUGIN_TIMEOUT',
        message: 'did not end within 500 ms: it awaits a promise that nothing settles',
      },
    });
  });

  it('refuses and counts what a run calls after its end', async () => {
    const code = `{ async collect(ctx) {
      if (ctx.name === 'first') { this.later = () => ctx.readText('/text').then(() => 'answered', (e) => e.code); return { a: 1 }; }
      return { got: await this.later() };
    }, later: null }`;
    const job = sandboxes.job(code, { plugin: 'collector/late' });
    await sandboxes.pool.run({ ...job, name: 'first' });
    expect(outcome(await sandboxes.pool.run(job))).toEqual({ got: 'OPSBRO_PLUGIN_LATE' });
    expect(sandboxes.pool.figures('collector/late')).toMatchObject({ late_calls: 1, host_calls: 0 });
  });

  it('runs new code with the next run, while a run of the old code ends in it', async () => {
    const code = (version: number): string =>
      `{ async collect(ctx) { if (ctx.name === 'slow') await ctx.readText('/errand', 'k'); return { version: ${version} }; } }`;
    let answer = (): void => undefined;
    sandboxes.answerErrands(() => new Promise((resolve) => (answer = () => resolve(null))));
    const plugin = 'collector/changes';
    const slow = sandboxes.pool.run(sandboxes.job(code(1), { plugin, name: 'slow' }));
    await expect.poll(() => sandboxes.errands.length).toBeGreaterThan(0);
    sandboxes.pool.invalidate(plugin);
    expect(outcome(await sandboxes.pool.run(sandboxes.job(code(2), { plugin })))).toEqual({ version: 2 });
    answer();
    expect(outcome(await slow)).toEqual({ version: 1 });
  });

  it('ends what a run asked of the main thread with the run', async () => {
    let reason: unknown;
    sandboxes.answerErrands(
      (_, __, signal) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            reason = 'aborted';
            reject(new Error('aborted'));
          }),
        ),
    );
    const result = await sandboxes.yields('await ctx.readText("/errand", "k");', {
      timeoutMs: 200,
      plugin: 'collector/asks',
    });
    expect(result).toBe('OPSBRO_PLUGIN_TIMEOUT');
    await expect.poll(() => reason).toBe('aborted');
  });

  it('refuses what is not the code that was approved', async () => {
    const job = sandboxes.job('{ collect: () => ({ a: 1 }) }');
    const sandbox = { ...(job.sandbox as NonNullable<typeof job.sandbox>), digest: '0'.repeat(64) };
    expect(outcome(await sandboxes.pool.run({ ...job, plugin: 'collector/changed', sandbox }))).toBe(
      'OPSBRO_PLUGIN_IMPORT',
    );
  });

  it('replaces an instance whose memory has grown near its maximum', async () => {
    const plugin = 'collector/grows';
    const code = `{ kept: [], collect() { for (let i = 0; i < 80; i += 1) this.kept.push('x'.repeat(2e5) + this.kept.length); return { kept: this.kept.length }; } }`;
    const job = sandboxes.job(code, { plugin, limits: { memoryBytes: 24 * 2 ** 20, cpuMs: 5000 } });
    expect(outcome(await sandboxes.pool.run(job))).toEqual({ kept: 80 });
    expect(outcome(await sandboxes.pool.run(job))).toEqual({ kept: 80 });
  });

  it('makes no second instance beside one that is nearly full and in use', async () => {
    const plugin = 'collector/full';
    let release: (answer: null) => void = () => undefined;
    const grown = new Promise<void>((resolve) => {
      sandboxes.answerErrands(() => {
        resolve();
        return new Promise((answer) => {
          release = answer;
        });
      });
    });
    const code = `{ kept: [], async collect(ctx) {
      if (ctx.name === 'grows') {
        for (let i = 0; i < 80; i += 1) this.kept.push('x'.repeat(2e5) + i);
        await ctx.readText('/errand', 'grown');
      }
      return { kept: this.kept.length };
    } }`;
    const limits = { memoryBytes: 24 * 2 ** 20, cpuMs: 5000 };
    const count = (name: string): Promise<unknown> =>
      sandboxes.pool.run(sandboxes.job(code, { plugin, limits, name })).then(outcome);
    const first = count('grows');
    await grown;
    expect(await count('one')).toEqual({ kept: 80 });
    release(null);
    expect(await first).toEqual({ kept: 80 });
    expect(await count('one')).toEqual({ kept: 0 });
  });

  it('leaves nothing of a plugin in a thread that it moves out of, and takes threads that nobody is in', async () => {
    const pool = new Sandboxes();
    const script =
      '//script\nlet n = 0; var opsbroPlugin = { async collect(ctx) { if (ctx.name === "slow") await ctx.readText("/never"); n += 1; return { n }; } };';
    const job = (cpuMs: number, name = 'one') => pool.job(script, { name, limits: { cpuMs } });
    const count = async (cpuMs: number): Promise<unknown> => outcome(await pool.pool.run(job(cpuMs)));
    expect(await count(500)).toEqual({ n: 1 });
    expect(await count(500)).toEqual({ n: 2 });
    const slow = pool.pool.run(job(2000, 'slow'));
    expect(await count(2000)).toEqual({ n: 1 });
    expect(await count(500)).toEqual({ n: 1 });
    expect(await count(2000)).toEqual({ n: 1 });
    expect(pool.pool.size).toBe(2);
    await pool.close();
    await slow;
  });

  it('quarantines a plugin that goes over its limits five times in a row', async () => {
    const change = { plugin: 'collector/over', limits: { metrics: 1 } };
    for (let run = 0; run < 5; run += 1) await sandboxes.collect('return { a: 1, b: 2 };', change);
    expect(sandboxes.quarantined).toContainEqual([
      'collector/over',
      'went over its limits 5 times in a row, the last: metrics',
    ]);
  });

  it('accuses the plugin that was alone in a thread that ended by itself', async () => {
    const alone = new Sandboxes();
    const change = { plugin: 'collector/takes-down' };
    for (let run = 0; run < 3; run += 1)
      expect(await alone.yields('await ctx.readText("/crash");', change)).toBe('OPSBRO_PLUGIN_EXITED');
    expect(alone.quarantined).toEqual([
      ['collector/takes-down', 'took its thread down 3 times within ten minutes'],
    ]);
    await alone.close();
  });

  it('accuses nobody whose thread gets no processor', async () => {
    let aheadMs = 0;
    let jumpMs = 0;
    // Each look at the thread finds that far more time has passed than it can have used.
    const starved = new Sandboxes({
      now: systemClock.now,
      monotonic: () => systemClock.monotonic() + aheadMs,
      after: (delayMs, wake) =>
        systemClock.after(delayMs, () => {
          aheadMs += jumpMs;
          wake();
        }),
    });
    const change = { plugin: 'collector/starved', timeoutMs: 600_000, limits: { cpuMs: 1000 } };
    expect(await starved.yields('return { a: 1 };', change)).toEqual({ a: 1 });
    jumpMs = 900;
    for (let run = 0; run < 3; run += 1)
      expect(await starved.collect('for (;;);', change)).toMatchObject({
        error: {
          code: 'OPSBRO_AGENT_BUSY',
          message: expect.stringMatching(/got a processor for \d+ of \d+ ms/),
        },
      });
    expect(starved.quarantined).toEqual([]);
    expect(starved.pool.figures('collector/starved')).toMatchObject({ kills: 0, breaches: {} });
    await starved.close();
  });

  it('keeps a plugin that may use much of a thread out of those that are shared', async () => {
    const change = (name: string, cpuPerMinuteMs: number) => ({
      plugin: `collector/${name}`,
      limits: { cpuPerMinuteMs },
    });
    const apart = new Sandboxes();
    for (const [name, ms] of [
      ['a', 15_000],
      ['b', 15_000],
      ['c', 15_000],
      ['d', 15_001],
    ] as const)
      await apart.yields('return { a: 1 };', change(name, ms));
    expect(apart.pool.size).toBe(3);
    await apart.close();
  });

  it('gives back what it cannot run once it closes', async () => {
    const pool = new Sandboxes();
    const waits = pool.collect('await ctx.readText("/never");', { plugin: 'collector/waits' });
    await pool.close();
    expect(outcome(await waits)).toBe('OPSBRO_PLUGIN_COLLATERAL');
    const { sandbox, ...job } = sandboxes.job('{ collect: () => ({ a: 1 }) }');
    expect(outcome(await pool.pool.run({ ...job, sandbox: sandbox as NonNullable<typeof sandbox> }))).toBe(
      'OPSBRO_AGENT_BUSY',
    );
  });
});
