import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcome, Sandboxes } from './sandboxes.ts';

let sandboxes: Sandboxes;
beforeAll(() => {
  sandboxes = new Sandboxes();
});
afterAll(() => sandboxes.close());

describe('a sandboxed run', () => {
  it('yields what its verb returns', async () => {
    expect(await sandboxes.yields('return { up: 1, text: "é\\0\\ud800" };')).toEqual({
      up: 1,
      text: 'é\0\ud800',
    });
  });

  it('gives a verb its options, name, facts and state, and keeps what it changes of the state', async () => {
    const body = 'ctx.state.runs = (ctx.state.runs ?? 0) + 1; return { ...ctx.options, name: ctx.name };';
    const change = { options: { a: [1] }, facts: { node: 'x' }, state: { runs: 1 } };
    const result = await sandboxes.collect(body, change);
    expect(result).toMatchObject({
      status: 'done',
      value: { a: [1], facts: { node: 'x' }, name: 'one' },
      state: { runs: 2 },
    });
    expect(await sandboxes.collect('return { a: 1 }')).toMatchObject({ state: null });
  });

  it.each([
    ['an answer', 'return { text: await ctx.readText("/text") };', { text: 'some text' }],
    ['nothing where there is none', 'return { is: (await ctx.stat("/none")) === undefined };', { is: true }],
    [
      'data as it is',
      'return await ctx.readText("/echo", { ["__proto__"]: { a: 1 } });',
      { ['__proto__']: { a: 1 } },
    ],
    [
      'an error',
      'return { code: await ctx.readText("/broken").catch((e) => e.code + e.message) };',
      { code: 'OPSBRO_HOST_IOit broke' },
    ],
    ['a denial', 'await ctx.readText("/etc/shadow");', 'OPSBRO_PLUGIN_DENIED'],
    ['the main thread’s word', 'return { got: await ctx.readText("/errand", "a/b") };', { got: 'an answer' }],
    [
      'a granted variable',
      'return { home: ctx.env("SHOWN_HOME"), none: ctx.env("SHOWN_X") === undefined };',
      { home: '/srv', none: true },
    ],
    ['no other variable', 'return { home: ctx.env("SECRET") };', 'OPSBRO_PLUGIN_DENIED'],
  ])('gets %s from the host', async (_, body, expected) => {
    expect(await sandboxes.yields(body, { env: ['SHOWN_*'] })).toEqual(expected);
  });

  it.each([
    ['done', 'return { a: 1 };', 20_000],
    ['failed', 'throw new Error("no");', 20_000],
    ['failed', 'await new Promise(() => undefined);', 100],
  ])('tells what it emitted when it is %s: %s', async (status, end, timeoutMs) => {
    const body = `ctx.emit("seen", { ["__proto__"]: 1 }); ctx.emit("no name", 1); ctx.emit("code", () => 1); ${end}`;
    const result = await sandboxes.collect(body, { timeoutMs });
    expect(result.status).toBe(status);
    expect(JSON.stringify(result.emits)).toBe(
      '{"kept":[{"topic":"seen","data":{"__proto__":1}}],"dropped":2}',
    );
  });

  it('keeps as many events as its output leaves room for, and never fails for them', async () => {
    const limits = { outputBytes: 10_000 };
    const body =
      'for (let i = 0; i < 1e4; i += 1) ctx.emit("n", "x".repeat(998)); return { a: "y".repeat(7000) };';
    const { status, emits } = await sandboxes.collect(body, { limits });
    expect([status, emits?.kept.length, emits?.dropped]).toEqual(['done', 2, 9998]);
  });

  it('gives functions no emit', async () => {
    const plugin = '{ functions: { what: (ctx) => typeof ctx.emit } }';
    const change = { type: 'call', object: 'what', args: [] } as const;
    expect(outcome(await sandboxes.pool.run(sandboxes.job(plugin, { ...change, args: [] })))).toBe(
      'undefined',
    );
  });

  it('logs at every level, bounded', async () => {
    const { logs } = await sandboxes.collect(
      'ctx.log.warn("x".repeat(5000), { a: 1 }); ctx.log.info(7); return { a: 1 };',
    );
    expect(logs).toEqual([
      { level: 'warn', message: `${'x'.repeat(2048)}…`, fields: { a: 1 } },
      { level: 'info', message: '(not a text)' },
    ]);
  });

  it('says that it has nothing to do here', async () => {
    expect(await sandboxes.yields('ctx.notEligible("no such thing")')).toBe('not eligible: no such thing');
  });

  it('handles events and keeps a handler’s state though it fails', async () => {
    const code =
      '{ async handle(ctx, event) { ctx.state.told = event.key; throw Object.assign(new Error("no"), { retryAfterMs: 5 }); } }';
    const event = { key: 'k', type: 'test', at: 1, node: 'n', summary: 's', data: {} } as const;
    const result = await sandboxes.pool.run(sandboxes.job(code, { type: 'handle', event }));
    expect(result).toMatchObject({
      status: 'failed',
      error: { code: 'OPSBRO_PLUGIN_FAILED', data: { retryAfterMs: 5 } },
      state: { told: 'k' },
    });
  });

  it.each([
    ['OPSBRO_HOST_NOT_FOUND', 'OPSBRO_HOST_NOT_FOUND'],
    [['OPSBRO', 'HOST', 'WITCHED'].join('_'), 'OPSBRO_PLUGIN_FAILED'],
    ['OPSBRO_PLUGIN_BUDGET', 'OPSBRO_PLUGIN_FAILED'],
  ])('that fails with the code %s has failed with %s', async (code, expected) => {
    expect(await sandboxes.yields(`throw Object.assign(new Error("no"), { code: "${code}" });`)).toBe(
      expected,
    );
  });

  it('calls a function with its arguments', async () => {
    const code = '{ functions: { add: (ctx, a, b) => ({ sum: a + b, hasOptions: "options" in ctx }) } }';
    const job = sandboxes.job(code, { type: 'call', object: 'add', args: [1, 2] });
    expect(outcome(await sandboxes.pool.run(job))).toEqual({ sum: 3, hasOptions: false });
    expect(outcome(await sandboxes.pool.run({ ...job, object: 'toString' }))).toBe('OPSBRO_PLUGIN_NO_VERB');
  });

  it('names the author’s file and line of an error', async () => {
    // One segment: line 1, column 0 of the script is line 3, column 2 of index.ts.
    const map = JSON.stringify({ version: 3, sources: ['index.ts'], names: [], mappings: 'AAEE' });
    const job = sandboxes.job('{ collect() { throw new Error("bad thing"); } }', {}, map);
    expect(await sandboxes.pool.run(job)).toMatchObject({
      error: {
        code: 'OPSBRO_PLUGIN_FAILED',
        message: 'bad thing (at index.ts:3:3)',
        data: { stack: ['collect (index.ts:3:3)'] },
      },
    });
  });

  it.each([
    ['a call that is denied', '{ async collect(ctx) { await ctx.readText("/etc/shadow"); } }', /shadow.*/],
    ['code that cannot be loaded', '(() => { throw new Error("at once"); })()', /: at once/],
    [
      'what the sandbox leaves out',
      '{ collect() { new Uint8Array(1); } }',
      /'Uint8Array' is not defined: the sandbox leaves it out, .*/,
    ],
    ['a loop without end', '{ collect() { for (;;); } }', /used more than 200 ms of processor time; .*/],
    ['one in an async verb', '{ async collect() { for (;;); } }', /used more than 200 ms .*/],
    [
      'one behind a call of the host',
      '{ async collect(ctx) { await ctx.readText("/text"); for (;;); } }',
      /used more than 200 ms .*/,
    ],
    [
      'one that catches its interruption',
      '{ async collect(ctx) { for (;;) try { for (;;); } catch {} finally { continue; } } }',
      /used more than 200 ms .*/,
    ],
    [
      'one in a pattern',
      '{ collect(ctx) { /^(a+)+$/.test("a".repeat(50) + "b"); } }',
      /used more than 200 ms .*/,
    ],
    ['one in its script', '(() => { for (;;); })()', /used more than 200 ms .*/],
  ])('names the author’s line of %s', async (_, code, text) => {
    const map = JSON.stringify({ version: 3, sources: ['index.ts'], names: [], mappings: 'AAEE' });
    const result = await sandboxes.pool.run(sandboxes.job(code, {}, map));
    expect(result).toMatchObject({
      error: { message: expect.stringMatching(new RegExp(`${text.source} \\(at index\\.ts:3:3\\)$`)) },
    });
  });

  it('shows none of its secrets in its log, its error and its reason', async () => {
    const schema = { type: 'object', properties: { token: { format: 'secret' } } };
    const change = { schema, options: { token: 'a-token-nobody-may-read' } };
    const log = 'const { token } = ctx.options; ctx.log.warn("with " + token, { [token]: token });';
    const line = { level: 'warn', message: 'with ********', fields: { '********': '********' } };
    expect(await sandboxes.collect(`${log} throw new Error("no " + token);`, change)).toMatchObject({
      error: { message: 'no ********' },
      logs: [line],
    });
    expect(await sandboxes.collect(`${log} return ctx.notEligible("not " + token);`, change)).toMatchObject({
      reason: 'not ********',
      logs: [line],
    });
  });

  it.each([
    ['what cannot be parsed', '//script\nvar opsbroPlugin = {'],
    ['no plugin', '//script\nvar other = 1;'],
    ['a throw', '//script\nthrow new Error("at once");'],
  ])('fails when its code is %s', async (_, code) => {
    expect(outcome(await sandboxes.pool.run(sandboxes.job(code)))).toBe('OPSBRO_PLUGIN_IMPORT');
  });

  it('is over its budget when its code does not come to an end', async () => {
    const job = sandboxes.job('(() => { for (;;); })()', { plugin: 'collector/loads-for-ever' });
    expect(outcome(await sandboxes.pool.run(job))).toBe('OPSBRO_PLUGIN_BUDGET');
  });

  it('runs beside other runs of its plugin while they wait for the host', async () => {
    const code =
      '{ async collect(ctx) { if (ctx.name === "a") await ctx.readText("/never"); return { name: ctx.name }; } }';
    const job = sandboxes.job(code, { timeoutMs: 2000 });
    const slow = sandboxes.pool.run({ ...job, name: 'a' });
    expect(outcome(await sandboxes.pool.run({ ...job, name: 'b' }))).toEqual({ name: 'b' });
    expect(outcome(await slow)).toBe('OPSBRO_PLUGIN_TIMEOUT');
  });
});

describe('a guest', () => {
  it('has the language and nothing else', async () => {
    const names = await sandboxes.yields('return { names: Object.getOwnPropertyNames(globalThis).sort() };');
    expect(names).toMatchSnapshot();
  });

  it.each([
    'typeof process + typeof require + typeof module + typeof fetch + typeof console + typeof setTimeout',
    'String(Function("return this")().constructor.constructor("return typeof process")())',
    'eval("typeof process")',
  ])('finds nothing of Node by %s', async (expression) => {
    const { found } = (await sandboxes.yields(`return { found: ${expression} };`)) as { found: string };
    expect(found.replaceAll('undefined', '')).toBe('');
  });

  it.each([
    'Object.prototype.polluted = 1',
    'Array.prototype.push = () => 1',
    'JSON.stringify = () => "{}"',
    'globalThis.left = 1',
    'Array = 1',
    '(async () => {}).constructor.prototype.x = 1',
    'Promise.prototype.then = 1',
    'Object.getPrototypeOf(ctx.signal).x = 1',
  ])('cannot change for the next run: %s', async (change) => {
    expect(await sandboxes.yields(`"use strict"; ${change}; return { done: 1 };`)).toBe(
      'OPSBRO_PLUGIN_FAILED',
    );
  });

  it('may set on its own objects what frozen ones have', async () => {
    const body = `class Own extends Error { constructor() { super('m'); this.name = 'Own'; this.message = 'own'; } }
      const plain = {}; plain.toString = () => 'mine';
      return { name: new Own().name, text: String(plain), message: new Own().message };`;
    expect(await sandboxes.yields(body)).toEqual({ name: 'Own', text: 'mine', message: 'own' });
  });
});
