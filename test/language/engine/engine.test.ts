import { Worker } from 'node:worker_threads';
import type { JsonObject } from 'opsbro/sdk';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../core/clock.ts';
import { compileCheck, compileValue } from '../../../language/compile.ts';
import { ExpressionEngine } from '../../../language/engine/engine.ts';
import {
  defaultExpressionLimits,
  type ExpressionLimits,
  type FunctionCaller,
  type Outcome,
  type Program,
} from '../../../language/program.ts';
import { factsOf, scopeOf, startEngine } from './fixture.ts';

const engines: ExpressionEngine[] = [];
const start = (limits?: Partial<ExpressionLimits>, caller?: FunctionCaller): ExpressionEngine => {
  const engine = startEngine(limits, caller);
  engines.push(engine);
  return engine;
};
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
});

function check(
  id: string,
  fields: Parameters<typeof compileCheck>[1],
  language: Program['language'] = 'opsbro',
): Program {
  const { program, findings } = compileCheck(id, fields, scopeOf({ configuration: { limit: 5 } }), language);
  if (program === undefined) throw new Error(JSON.stringify(findings));
  return program;
}

const plain = (id: string): Program =>
  check(id, {
    critical_if: '{{collector.c.x}} > {{configuration.limit}}',
    critical_output: "'too high: %s' % {{collector.c.x}}",
    ok_output: "'fine: %s' % {{collector.c.x}}",
  });

const verdict = (outcome: Outcome | undefined): string =>
  outcome?.kind === 'verdict' ? `${outcome.state}: ${outcome.output}` : JSON.stringify(outcome);
const codeOf = (outcome: Outcome | undefined): string | undefined =>
  outcome?.kind === 'verdict' || outcome?.kind === 'error' ? outcome.error?.code : undefined;

describe('a check', () => {
  test.each<[JsonObject, string]>([
    [{ x: 7 }, 'critical: too high: 7'],
    [{ x: 3 }, 'warning: not quite'],
    [{ x: 1.5 }, 'ok: fine: 1.5'],
  ])('over %j is %s', async (sample, expected) => {
    const engine = start();
    engine.put([
      check('a', {
        critical_if: '{{collector.c.x}} > {{configuration.limit}}',
        critical_output: "'too high: %s' % {{collector.c.x}}",
        warning_if: '{{collector.c.x}} > 2',
        warning_output: "'not quite'",
        ok_output: "'fine: %s' % {{collector.c.x}}",
      }),
    ]);
    expect((await engine.evaluate(['a'], factsOf({ c: sample }))).map(verdict)).toEqual([expected]);
  });

  test('costs the same among very many whatever the order they come in', async () => {
    const engine = start();
    const ids = Array.from({ length: 3000 }, (_, index) => `a${index}`);
    engine.put(ids.map((id) => check(id, { ok_output: "'%d' % {{collector.c.x}}" })));
    const tookMs: number[] = [];
    for (const order of [ids, ids, ids.toReversed()]) {
      const began = performance.now();
      const found = await engine.evaluate(order, factsOf({ c: { x: 7 } }));
      tookMs.push(performance.now() - began);
      expect(new Set(found.map(verdict))).toEqual(new Set(['ok: 7']));
    }
    expect(tookMs[2]).toBeLessThan(500 + 10 * (tookMs[1] as number));
  });

  test('sees each tick its own values, and the kept ones while they do not change', async () => {
    const engine = start();
    engine.put([plain('a')]);
    const sample = { x: 1 };
    const seen: string[] = [];
    for (const tree of [sample, sample, { x: 2 }, { x: 2 }, {}, { x: 9 }]) {
      seen.push(...(await engine.evaluate(['a'], factsOf({ c: tree as JsonObject }))).map(verdict));
    }
    expect(seen).toEqual([
      'ok: fine: 1',
      'ok: fine: 1',
      'ok: fine: 2',
      'ok: fine: 2',
      'unknown: critical_if: collector.c.x is missing',
      'critical: too high: 9',
    ]);
  });

  test('names the field of an error and stays unknown', async () => {
    const engine = start();
    engine.put([check('a', { critical_if: 'False', warning_if: '1 / (1 - 1) > 1', ok_output: "'x'" })]);
    const [outcome] = await engine.evaluate(['a'], factsOf());
    expect(verdict(outcome)).toBe('unknown: OPSBRO_EXPRESSION_VALUE: warning_if: division by zero');
    expect(codeOf(outcome)).toBe('OPSBRO_EXPRESSION_VALUE');
  });

  test('evaluates a variable once, strictly, and only when needed', async () => {
    const engine = start();
    const variables = { used: 'random() + {{variables.other}}', other: '1', broken: '1 / 0' };
    engine.put([
      check('a', {
        variables,
        critical_if: '{{variables.used}} != {{variables.used}}',
        ok_output: "'%s' % ({{variables.used}} >= 1)",
      }),
      check('b', {
        variables: { x: "'%s' % {{collector.c.none}}" },
        ok_output: "'<' + {{variables.x}} + '>'",
      }),
    ]);
    const outcomes = await engine.evaluate(['a', 'b'], factsOf());
    expect(outcomes.map(verdict)).toEqual(['ok: True', 'ok: ?']);
  });
});

test('evaluates 2,000 checks that share one source, each with its own constants', async () => {
  const engine = start();
  const programs = Array.from({ length: 2_000 }, (_, number) => {
    const scope = scopeOf({ configuration: { limit: number } });
    const { program } = compileCheck(
      `check-${number}`,
      { critical_if: '{{collector.c.x}} < {{configuration.limit}}', ok_output: "'ok'" },
      scope,
      'opsbro',
    );
    return program as Program;
  });
  expect(new Set(programs.map(({ source }) => source)).size).toBe(1);
  engine.put(programs);
  const outcomes = await engine.evaluate(
    programs.map(({ id }) => id).reverse(),
    factsOf({ c: { x: 1_000 } }),
  );
  const critical = outcomes.filter((outcome) => outcome.kind === 'verdict' && outcome.state === 'critical');
  expect(critical.length).toBe(999);
  expect(verdict(outcomes[0])).toBe('critical: ');
  expect(verdict(outcomes.at(-1))).toBe('ok: ok');
});

test('replaces and forgets programs, and says so of an id it does not have', async () => {
  const engine = start();
  engine.put([plain('a'), plain('b')]);
  await engine.evaluate(['a', 'b'], factsOf({ c: { x: 1 } }));
  engine.put([check('a', { ok_output: "'new'" })]);
  engine.delete(['b', 'never']);
  engine.put([check('d', { ok_output: "'fresh'" })]);
  const outcomes = await engine.evaluate(['a', 'b', 'd'], factsOf({ c: { x: 1 } }));
  expect(outcomes.map(verdict)).toEqual([
    'ok: new',
    expect.stringContaining("no expression is loaded under 'b'"),
    'ok: fresh',
  ]);
});

describe('host functions', () => {
  const asks = (id: string, text: string): Program =>
    check(id, { critical_if: text, critical_output: "'yes'", ok_output: "'no'" });

  test('run outside, once for equal calls of one tick, and again in the next', async () => {
    const calls: string[] = [];
    const engine = start({}, async (name, args) => {
      calls.push(`${name}(${JSON.stringify(args)})`);
      return { ok: true, value: args[0] === '/yes' };
    });
    engine.put([
      asks('a', "file_exists('/no') or file_exists('/yes')"),
      asks('b', "file_exists('/no')"),
      asks('c', "True or file_exists('/never')"),
    ]);
    for (let tick = 0; tick < 2; tick += 1) {
      const outcomes = await engine.evaluate(['a', 'b', 'c'], factsOf());
      expect(outcomes.map(verdict)).toEqual(['critical: yes', 'ok: no', 'critical: yes']);
    }
    const once = ['file_exists(["/no"])', 'file_exists(["/yes"])'];
    expect(calls).toEqual([...once, ...once]);
  });

  test('that fail make only their check unknown', async () => {
    const engine = start({}, async (_, args) => {
      if (args[0] === 'throw') throw new Error('boom');
      return { ok: false, error: { code: 'OPSBRO_PLUGIN_TIMEOUT', message: 'took too long' } };
    });
    engine.put([asks('a', "file_exists('x')"), asks('b', "file_exists('throw')"), asks('c', 'True')]);
    const outcomes = await engine.evaluate(['a', 'b', 'c'], factsOf());
    expect(outcomes.map(codeOf)).toEqual([
      'OPSBRO_EXPRESSION_FUNCTION',
      'OPSBRO_EXPRESSION_FUNCTION',
      undefined,
    ]);
    expect(verdict(outcomes[0])).toContain('took too long');
    expect(verdict(outcomes[2])).toBe('critical: yes');
  });

  test('that are many in one expression are asked for together after some rounds', async () => {
    const calls: unknown[] = [];
    const engine = start({}, async (_, args) => {
      calls.push(args[0]);
      return { ok: true, value: args[0] === '/29' };
    });
    const text = (count: number): string =>
      Array.from({ length: count }, (_, number) => `file_exists('/${number}')`).join(' or ');
    engine.put([asks('few', text(3)), asks('many', text(30))]);
    const outcomes = await engine.evaluate(['few', 'many'], factsOf());
    expect(outcomes.map(verdict)).toEqual(['ok: no', 'critical: yes']);
    expect(calls.length).toBe(30);
  });

  test('are given up after eight rounds', async () => {
    const engine = start({}, async (_, args) => ({ ok: true, value: `${args[0]}x` }));
    const nested = (depth: number): string => (depth === 0 ? "'/'" : `path_or(${nested(depth - 1)})`);
    const text = (depth: number): string => nested(depth).replaceAll('path_or', 'get_env');
    engine.put([asks('a', `${text(9)} == ''`), asks('b', `${text(7)} == '/xxxxxxx'`)]);
    const outcomes = await engine.evaluate(['a', 'b'], factsOf());
    expect(codeOf(outcomes[0])).toBe('OPSBRO_EXPRESSION_ROUNDS');
    expect(verdict(outcomes[1])).toBe('critical: yes');
  });
});

describe('limits', () => {
  const script = (id: string, text: string): Program =>
    check(id, { critical_if: text, ok_output: "'x'" }, 'javascript');

  test.each<[string, Program, RegExp]>([
    ['an endless loop in JavaScript', script('bad', '(() => { for (;;); })()'), /TIMEOUT/],
    ['an exponential regular expression', script('bad', "/^(a+)+$/.test('a'.repeat(40) + 'b')"), /TIMEOUT/],
    [
      'a native loop that polls no interrupt',
      script('bad', "new Array(1e9).join('')"),
      /KILLED|MEMORY|TIMEOUT/,
    ],
    ['a string of one gigabyte', script('bad', "'x'.repeat(1e9).length > 1"), /MEMORY|LIMIT|VALUE/],
    [
      'memory without end',
      script('bad', '(() => { const a = []; for (;;) a.push({ a: 1, b: [2] }); })()'),
      /MEMORY|TIMEOUT/,
    ],
    ['deep recursion', script('bad', '(function f(n) { return f(n + 1) + 1; })(0)'), /LIMIT/],
    [
      'endless comprehensions',
      check('bad', { critical_if: 'len([1 for a in range(9999) for b in range(9999)]) > 1' }),
      /TIMEOUT|MEMORY/,
    ],
    ['a huge repetition', check('bad', { critical_if: "len('x' * 1000000000) > 1" }), /LIMIT/],
    ['a huge power', check('bad', { critical_if: '9 ** 9 ** 9 > 1' }), /LIMIT/],
    ['a huge padding', check('bad', { critical_if: "'%1000000000d' % 1 == ''" }), /LIMIT/],
    [
      'a huge join',
      check('bad', {
        critical_if: "('x' * 1000).join(range_texts) == ''".replace(
          'range_texts',
          '[str(x) for x in range(5000)]',
        ),
      }),
      // Whichever comes first.
      /LIMIT|TIMEOUT/,
    ],
    ['division by zero', check('bad', { critical_if: '1 % 0 == 1' }), /VALUE/],
  ])('%s costs its own check only', async (_, bad, code) => {
    const engine = start();
    engine.put([plain('first'), bad, plain('last')]);
    const outcomes = await engine.evaluate(['first', 'bad', 'last'], factsOf({ c: { x: 1 } }));
    expect(codeOf(outcomes[1])).toMatch(code);
    expect(outcomes[1]).toMatchObject({ kind: 'verdict', state: 'unknown' });
    expect([verdict(outcomes[0]), verdict(outcomes[2])]).toEqual(['ok: fine: 1', 'ok: fine: 1']);
    expect((await engine.evaluate(['first'], factsOf({ c: { x: 2 } }))).map(verdict)).toEqual([
      'ok: fine: 2',
    ]);
  });

  test('a killed thread costs its culprit only, and the others of its language are evaluated by a fresh one', async () => {
    const engine = start();
    const good = (id: string): Program =>
      check(
        id,
        { critical_if: '{{collector.c.x}} > 5', ok_output: "'ok ' + {{collector.c.x}}" },
        'javascript',
      );
    engine.put([good('a'), script('bad', "new Array(1e9).join('')"), good('b')]);
    const facts = factsOf({ c: { x: 1 } });
    for (let tick = 1; tick <= 2; tick += 1) {
      const outcomes = await engine.evaluate(['a', 'bad', 'b'], facts);
      expect(codeOf(outcomes[1])).toBe('OPSBRO_EXPRESSION_KILLED');
      expect([verdict(outcomes[0]), verdict(outcomes[2])]).toEqual(['ok: ok 1', 'ok: ok 1']);
      expect(engine.figures().kills).toBe(tick);
    }
  });

  test('names the expression that was interrupted, or those a killed thread may have been at', async () => {
    const engine = start();
    const endless = 'len([1 for a in range(9999) for b in range(9999)]) > 1';
    const fine = { critical_if: '{{collector.c.x}} > 5', ok_output: "'x'" };
    engine.put([
      check('a', { ...fine, critical_if: endless }),
      check('b', { ...fine, warning_if: endless }),
      check('c', { ...fine, ok_output: endless }),
      check('d', { ...fine, variables: { slow: endless }, critical_if: '{{variables.slow}}' }),
      check('e', { critical_if: "new Array(1e9).join('')", variables: { y: '1' } }, 'javascript'),
    ]);
    const outcomes = await engine.evaluate(['a', 'b', 'c', 'd', 'e'], factsOf({ c: { x: 1 } }));
    const timeout = 'OPSBRO_EXPRESSION_TIMEOUT';
    expect(outcomes.map(verdict)).toEqual([
      `unknown: ${timeout}: critical_if: the evaluation used up its CPU time`,
      `unknown: ${timeout}: warning_if: the evaluation used up its CPU time`,
      `unknown: ${timeout}: ok_output: the evaluation used up its CPU time`,
      `unknown: ${timeout}: variables.slow: the evaluation used up its CPU time`,
      'unknown: OPSBRO_EXPRESSION_KILLED: one of critical_if, variables.y: the evaluation did not end and its thread was terminated',
    ]);
  });

  test('outputs and results are cut or refused, and never pass for another', async () => {
    const engine = start();
    engine.put([
      check('long', { ok_output: "'x' * 100000" }),
      check('separators', { ok_output: "'a\\x1eb\\x1e.'" }),
      check('nul', { ok_output: "'a\\x00b'" }),
      check('surrogate', { ok_output: "'\\ud800|'" }),
      check('last', { ok_output: "'end'" }),
    ]);
    const outcomes = await engine.evaluate(['long', 'separators', 'nul', 'surrogate', 'last'], factsOf());
    const texts = outcomes.map((outcome) => (outcome.kind === 'verdict' ? outcome.output : ''));
    expect(texts[0]?.length).toBeGreaterThan(10_000);
    expect(texts[0]?.length).toBeLessThan(17_000);
    expect(texts.slice(1)).toEqual(['a\x1eb\x1e.', 'a\0b', '\ud800|', 'end']);
  });
});

test('refuses evaluations when too many wait', async () => {
  const engine = start();
  engine.put([plain('a')]);
  const all = Array.from({ length: 300 }, () => engine.evaluate(['a'], factsOf({ c: { x: 1 } })));
  const outcomes = (await Promise.all(all)).flat();
  const busy = outcomes.filter((outcome) => codeOf(outcome) === 'OPSBRO_AGENT_BUSY');
  expect([busy.length, outcomes.length - busy.length]).toEqual([44, 256]);
  expect((await engine.evaluate(['a'], factsOf({ c: { x: 2 } }))).map(verdict)).toEqual(['ok: fine: 2']);
});

test('gives up a thread that cannot be started, without waiting for ever', async () => {
  const engine = new ExpressionEngine({
    limits: defaultExpressionLimits,
    callFunction: async () => ({ ok: true, value: null }),
    clock: systemClock,
    spawn: () => new Worker('throw new Error("no")', { eval: true }),
  });
  engines.push(engine);
  engine.put([plain('a')]);
  expect(codeOf((await engine.evaluate(['a'], factsOf()))[0])).toBe('OPSBRO_EXPRESSION_KILLED');
});

test('never rejects, also when it is stopped in the middle, and can be stopped twice', async () => {
  const engine = start();
  engine.put([plain('a')]);
  const running = engine.evaluate(['a'], factsOf({ c: { x: 1 } }));
  await Promise.all([engine.stop(), engine.stop()]);
  expect(await running).toHaveLength(1);
  expect(codeOf((await engine.evaluate(['a'], factsOf()))[0])).toBe('OPSBRO_EXPRESSION_KILLED');
});

describe('explain', () => {
  let engine: ExpressionEngine;
  afterAll(() => engine?.stop());

  test('gives the value of each node that was reached', async () => {
    engine = startEngine();
    const text = "{{collector.c.x}} * 2 > 5 or file_exists('/x')";
    const { program } = compileValue('explain', text, scopeOf(), 'opsbro');
    const { outcome, tree } = await engine.explain(program as Program, factsOf({ c: { x: 3 } }));
    expect(outcome).toEqual({ kind: 'value', value: true, text: 'True' });
    expect(tree).toMatchObject({
      node: 'or',
      source: text,
      value: 'True',
      children: [
        {
          node: 'compare',
          value: 'True',
          children: [
            {
              node: 'binary',
              source: '{{collector.c.x}} * 2',
              value: '6',
              children: [{ source: '{{collector.c.x}}', value: '3' }, { value: '2' }],
            },
            { value: '5' },
          ],
        },
        { node: 'call', source: "file_exists('/x')", value: null },
      ],
    });
  });
});
