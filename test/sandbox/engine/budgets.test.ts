import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcome, Sandboxes } from './sandboxes.ts';

let sandboxes: Sandboxes;
beforeAll(() => {
  sandboxes = new Sandboxes();
});
afterAll(() => sandboxes.close());

describe('a run over a limit', () => {
  it.each([
    ['cpu', 'for (;;);', { cpuMs: 50 }],
    ['cpu', 'const f = () => Promise.resolve().then(f); await f();', { cpuMs: 50 }],
    ['cpu', 'for (;;) { try { for (;;); } catch {} finally { continue; } }', { cpuMs: 50 }],
    ['cpu', 'await ctx.readText("/text"); /^(a+)+$/.test("a".repeat(50) + "b");', { cpuMs: 50 }],
    [
      'cpu',
      'await Promise.all(Array.from({ length: 1e6 }, () => ctx.readText("/text")));',
      { cpuMs: 50, hostCalls: 10_000 },
    ],
    ['cpu_per_minute', 'for (;;);', { cpuMs: 500, cpuPerMinuteMs: 60 }],
    ['memory', 'const all = []; for (;;) all.push("x".repeat(1e6) + all.length);', { cpuMs: 5000 }],
    [
      'memory',
      'return Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => ["k" + i, i]));',
      { cpuMs: 5000 },
    ],
    ['cpu', 'const f = async () => { await 0; f(); f(); }; await f();', { cpuMs: 50 }],
    ['output', 'return { text: "x".repeat(60_000) };', { outputBytes: 50_000 }],
    ['metrics', 'return { list: [1, 2, 3, 4] };', { metrics: 3 }],
    ['log_lines', 'for (let i = 0; i < 4; i += 1) ctx.log.info("x");', { logLines: 3 }],
    ['host_calls', 'for (let i = 0; i < 4; i += 1) await ctx.readText("/text");', { hostCalls: 3 }],
  ])('fails and names the limit %s: %s', async (limit, body, limits) => {
    const result = await sandboxes.collect(body, { limits });
    expect(result).toMatchObject({
      status: 'failed',
      error: {
        code: 'OPSBRO_PLUGIN_BUDGET',
        data: { limit },
        message: expect.stringContaining(`'${limit}'`),
      },
    });
    expect(await sandboxes.yields('return { up: 1 };')).toEqual({ up: 1 });
  });

  it('fails alone when its memory is so full that no answer fits in', async () => {
    sandboxes.answerErrands(async () => 'y'.repeat(12_000_000));
    const other = sandboxes.collect('await ctx.readText("/never");', {
      plugin: 'collector/beside',
      timeoutMs: 3000,
    });
    const full =
      'const all = []; try { for (;;) all.push("x".repeat(1e5) + all.length); } catch {} await ctx.readText("/errand", "k");';
    const limits = { memoryBytes: 20 * 2 ** 20, cpuMs: 5000 };
    expect(await sandboxes.collect(full, { limits, plugin: 'collector/full' })).toMatchObject({
      error: { code: 'OPSBRO_PLUGIN_BUDGET', data: { limit: 'memory' } },
    });
    expect(outcome(await other)).toBe('OPSBRO_PLUGIN_TIMEOUT');
  });

  it.each([
    [
      'one after the other',
      'for (let i = 0; i < 50; i += 1) await ctx.readText("/burn", 20); return { up: 1 };',
    ],
    [
      'at once',
      'await Promise.all(Array.from({ length: 50 }, () => ctx.readText("/burn", 20))); return { up: 1 };',
    ],
  ])('is charged for what its thread does on the spot for its calls, %s', async (_, body) => {
    const plugin = 'collector/burns';
    const result = await sandboxes.collect(body, { plugin, limits: { cpuMs: 200 } });
    expect(result).toMatchObject({ error: { code: 'OPSBRO_PLUGIN_BUDGET', data: { limit: 'cpu' } } });
    expect(sandboxes.pool.figures(plugin)?.cpu_ms).toBeLessThan(600);
  });

  it('is refused calls once those that wait hold 8 MiB, and goes on', async () => {
    const body = `const big = "x".repeat(1 << 20); const codes = [];
      for (let i = 0; i < 12; i += 1) {
        ctx.stat("/never", big).catch((error) => codes.push(error.code));
        await ctx.stat("/text");
      }
      return { codes };`;
    const limits = { cpuMs: 10_000, cpuPerMinuteMs: 60_000, memoryBytes: 64 * 2 ** 20 };
    expect(await sandboxes.yields(body, { plugin: 'collector/hoards', limits })).toEqual({
      codes: Array.from({ length: 5 }, () => 'OPSBRO_AGENT_BUSY'),
    });
  });

  it('fails for the names of its metrics over all runs of an object, and not for those that failed', async () => {
    const code = '{ collect(ctx) { return { same: 1, deep: { [ctx.name]: 1 }, list: [1] }; } }';
    const run = async (name: string, object = 'test/collector/one') =>
      outcome(
        await sandboxes.pool.run(
          sandboxes.job(code, { plugin: 'collector/names', name, object, limits: { metrics: 4 } }),
        ),
      );
    expect(await run('a')).toMatchObject({ deep: { a: 1 } });
    expect(await run('b')).toMatchObject({ deep: { b: 1 } });
    expect(await run('c')).toBe('OPSBRO_PLUGIN_BUDGET');
    expect(await run('a')).toMatchObject({ deep: { a: 1 } });
    expect(await run('c', 'test/collector/two')).toMatchObject({ deep: { c: 1 } });
  });

  it('fails for the figures of a check', async () => {
    const code = `{ check() { return { state: 'ok', output: 'x', metrics: { a: { value: 1, warn: 2 }, b: { value: 1 } } }; } }`;
    const run = (metrics: number) =>
      sandboxes.pool.run(
        sandboxes.job(code, { type: 'check', plugin: 'check/figures', limits: { metrics } }),
      );
    expect((await run(2)).status).toBe('done');
    expect(outcome(await run(1))).toBe('OPSBRO_PLUGIN_BUDGET');
  });

  it('is counted, and so are host calls and denials', async () => {
    const plugin = 'collector/counted';
    await sandboxes.collect('await ctx.readText("/text"); await ctx.readText("/etc/shadow");', { plugin });
    await sandboxes.collect('return { a: 1, b: 2 };', { plugin, limits: { metrics: 1 } });
    expect(sandboxes.pool.figures(plugin)).toMatchObject({
      host_calls: 2,
      denials: 1,
      denied: 'readText /etc/shadow',
      breaches: { metrics: 1 },
      kills: 0,
      memory_bytes: 16 * 2 ** 20,
      cpu_ms: expect.any(Number),
      cpu_p99_ms: expect.any(Number),
    });
  });
});

describe('a slice that the engine does not interrupt', () => {
  const endless =
    'let a = []; a.length = 4294967295; Object.defineProperty(a, "length", { value: 4294967295 }); [a].flat();';

  it('ends with its thread, and other plugins’ runs are made again there', async () => {
    const other = sandboxes.collect(
      'await ctx.readText("/echo", 1); for (let i = 0; i < 1e5; i += 1); return { up: 1 };',
      {
        plugin: 'collector/other',
      },
    );
    const bad = sandboxes.collect(endless, { plugin: 'collector/bad' });
    expect(await bad).toMatchObject({ error: { code: 'OPSBRO_PLUGIN_BUDGET', data: { limit: 'cpu' } } });
    expect(outcome(await other)).toEqual({ up: 1 });
    expect(sandboxes.pool.figures('collector/bad')).toMatchObject({ kills: 1, breaches: { cpu: 1 } });
  });

  it('loses a handler that another plugin’s thread takes with it', async () => {
    const pool = new Sandboxes();
    const event = { key: 'k', type: 'test', at: 1, node: 'n', summary: 's', data: {} } as const;
    const code = '{ async handle(ctx) { await ctx.readText("/never"); } }';
    const handlers = ['handler/a', 'handler/b'].map((plugin) =>
      pool.pool.run(pool.job(code, { type: 'handle', plugin, event, timeoutMs: 60_000 })),
    );
    const bad = pool.collect(endless, { plugin: 'collector/bad' });
    const lost = await Promise.race(handlers);
    await bad;
    expect(outcome(lost)).toBe('OPSBRO_PLUGIN_COLLATERAL');
    await pool.close();
  });
});
