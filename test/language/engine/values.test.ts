import type { Json, JsonObject } from 'opsbro/sdk';
import { afterAll, describe, expect, test } from 'vitest';
import { compileCheck, compileDetector, compileValue } from '../../../language/compile.ts';
import type { Outcome, Program, Scope } from '../../../language/program.ts';
import { evaluated, factsOf, outcomes, scopeOf, startEngine } from './fixture.ts';

const engine = startEngine();
afterAll(() => engine.stop());

const scope = scopeOf({
  parameters: { a: { b: 3 }, list: [1, 2], text: 'p', 'with.dot': 5 },
  configuration: { thresholds: { cpu: 9 } },
  collectors: new Set(['c', 'diskusage']),
});
const facts = factsOf({
  c: {
    x: 4,
    text: 'abc',
    none: null,
    yes: true,
    list: [1, 'two'],
    tree: { k: 'v', n: { m: 1 } },
    'queue.active': 8,
  },
  diskusage: { '/': { pct_used: 40 }, '/var/lib': { pct_used: 50 } },
});

async function run(program: Program | undefined, given = facts): Promise<Outcome> {
  engine.put([program as Program]);
  return (await engine.evaluate([(program as Program).id], given))[0] as Outcome;
}

describe('placeholders', () => {
  test.each<[string, Json]>([
    ['{{collector.c.x}}', 4],
    ['{collector.c.x} + 1', 5],
    ['{{ collector.c.x }}', 4],
    ['{{collector.C.x}}', 4],
    ['{{collector.diskusage./.pct_used}}', 40],
    ['{{collector.diskusage./var/lib.pct_used}}', 50],
    ['{{collector.c.queue.active}}', 8],
    ['{{collector.c.list.1}}', 'two'],
    ["{{collector.c.tree}}['n']['m']", 1],
    ["{{collector.c.tree}}.get('zz', 'no')", 'no'],
    ['{{collector.c.tree}} == {"k": "v", "n": {"m": 1}}', true],
    ['{{collector.c.none}} is None', true],
    ['{{collector.c.none||7}} is None', true],
    ['{{collector.c.nope||7}}', 7],
    ['{{collector.c.nope|7}}', 7],
    ['{{collector.c.nope|| -1.5 }}', -1.5],
    ['{{collector.c.nope||[]}}', []],
    ['{{collector.c.nope||{}}}', {}],
    ["{{collector.c.nope||'q'}}", 'q'],
    ['{{collector.c.nope||not given}}', 'not given'],
    ['{{collector.c.nope||}}', ''],
    ['{{parameters.a.b}}', 3],
    ['{{parameters.zz|a.b}}', 3],
    ['{{parameters.zz|parameters.a.b}}', 3],
    ['{{parameters.zz||9}}', 9],
    ['{{parameters.list}}[0]', 1],
    ['{{parameters.with.dot}}', 5],
    ['{{configuration.thresholds.cpu}}', 9],
    ['{configuration.thresholds.cpu}', 9],
    ["'x={{collector.c.x}} {parameters.text} {{configuration.thresholds.cpu}}%'", 'x=4 p 9%'],
    ["'{{collector.c.list}}'", "[1, 'two']"],
    ["f'{ {{collector.c.x}} :03d}'", '004'],
    ["{'a': {'b': 1}}['a']['b']", 1],
    ["'{0} {{}} {x}'.format(1, x=2)", '1 {} 2'],
    ["'a\nb'", 'a\nb'],
    ['1 +\n 1 # two', 2],
    ["'''it's'''", "it's"],
    ["'a' \"b\" f'{1}'", 'ab1'],
    ["r'\\d'", '\\d'],
    ["'\\t\\x41\\u00e9\\101'", '\tAéA'],
    ["f'{1+1=}'", '1+1=2'],
    ["f'{1:=+4}'", '+  1'],
  ])('%s gives %j', async (text, expected) => {
    expect(await evaluated(engine, text, facts, scope)).toEqual(expected);
  });
});

describe('a missing value', () => {
  const missing = '{{collector.c.nope}}';
  const other = '{{collector.none.y}}';

  test.each<[string, string[] | Json]>([
    [missing, ['collector.c.nope']],
    [`${missing} + 1`, ['collector.c.nope']],
    [`1 + ${missing}`, ['collector.c.nope']],
    [`${missing} + ${other}`, ['collector.c.nope']],
    [`-${missing}`, ['collector.c.nope']],
    [`not ${missing}`, ['collector.c.nope']],
    [`${missing} == 3`, ['collector.c.nope']],
    [`3 != ${missing}`, ['collector.c.nope']],
    [`${missing} == ${missing}`, ['collector.c.nope']],
    [`1 < ${missing} < 3`, ['collector.c.nope']],
    [`${missing} in [1]`, ['collector.c.nope']],
    [`1 in ${missing}`, ['collector.c.nope']],
    [`1 in [2, ${missing}]`, ['collector.c.nope']],
    [`[1, ${missing}] == [1, 2]`, ['collector.c.nope']],
    [`len(${missing})`, ['collector.c.nope']],
    [`max([1, ${missing}])`, ['collector.c.nope']],
    [`sum([1, ${missing}])`, ['collector.c.nope']],
    [`${missing}.upper()`, ['collector.c.nope']],
    [`'a'.replace('a', ${missing})`, ['collector.c.nope']],
    [`','.join(['a', ${missing}])`, ['collector.c.nope']],
    [`${missing}['k']`, ['collector.c.nope']],
    [`'abc'[${missing}]`, ['collector.c.nope']],
    [`'abc'[${missing}:]`, ['collector.c.nope']],
    [`[x for x in ${missing}]`, ['collector.c.nope']],
    [`[x for x in [1] if ${missing}]`, ['collector.c.nope']],
    [`file_exists(${missing})`, ['collector.c.nope']],
    [`'%s' % ${missing}`, ['collector.c.nope']],
    [`'%s %s' % (1, ${missing})`, ['collector.c.nope']],
    [`f'{${missing}}'`, ['collector.c.nope']],
    [`'{}'.format(${missing})`, ['collector.c.nope']],
    [`'x ${missing}'`, ['collector.c.nope']],
    [`${missing} and True`, ['collector.c.nope']],
    [`${missing} or True`, ['collector.c.nope']],
    [`1 if ${missing} else 2`, ['collector.c.nope']],
    ['{{parameters.zz}} > 1', ['parameters.zz']],
    ['{{configuration.zz}} > 1', ['configuration.zz']],
    [`${missing} is None`, false],
    [`${missing} is not None`, true],
    [`False and ${missing}`, false],
    [`True or ${missing}`, true],
    [`1 if True else ${missing}`, 1],
    [`[1, ${missing}][0]`, 1],
  ])('in %s gives %j', async (text, expected) => {
    const [outcome] = await outcomes(engine, [text], facts, scope);
    expect(outcome?.kind).toBe('value');
    if (outcome?.kind !== 'value') return;
    if (Array.isArray(expected)) expect([outcome.missing, outcome.text]).toEqual([expected, '?']);
    else expect([outcome.missing, outcome.value]).toEqual([undefined, expected]);
  });

  const check = (fields: Parameters<typeof compileCheck>[1], given: Scope = scope): Promise<Outcome> =>
    run(compileCheck('check', fields, given, 'opsbro').program);

  test('makes a condition unknown, naming the key', async () => {
    expect(await check({ critical_if: `${missing} > 3`, ok_output: "'fine'" })).toEqual({
      kind: 'verdict',
      state: 'unknown',
      output: 'critical_if: collector.c.nope is missing',
      missing: ['collector.c.nope'],
    });
    expect(await check({ critical_if: 'False', warning_if: `'%s' % ${missing} == 'x'` })).toMatchObject({
      state: 'unknown',
    });
  });

  test.each([
    [`'a %s b' % ${missing}`, 'a ? b'],
    [`'a %5.1f|' % ${missing}`, 'a     ?|'],
    [`'%s%% of %s' % (100 - ${missing}, ${other})`, '?% of ?'],
    [`'%s and %s' % (${missing}, {{collector.c.x}})`, '? and 4'],
    [`f'a {${missing}:.2f} b'`, 'a ? b'],
    [`'a {} b'.format(${missing})`, 'a ? b'],
    [`'a ${missing} b'`, 'a ? b'],
    [missing, '?'],
    [`len(${missing})`, '?'],
  ])('prints as ? in the output %s, and changes no state', async (output, expected) => {
    const outcome = await check({ critical_if: 'True', critical_output: output });
    expect(outcome).toMatchObject({ kind: 'verdict', state: 'critical', output: expected });
    expect(outcome.kind === 'verdict' && outcome.missing?.[0]).toMatch(/^collector\./);
  });

  test('is no match of a detector, and no group', async () => {
    const detector = (apply_if: string): Program | undefined =>
      compileDetector('d', { apply_if, add_groups: ['a', `b-${missing}`, 'c,d , e'] }, scope, 'opsbro')
        .program;
    expect(await run(detector(`${missing} > 1`))).toEqual({
      kind: 'groups',
      matched: false,
      groups: [],
      missing: ['collector.c.nope'],
    });
    expect(await run(detector('True'))).toEqual({
      kind: 'groups',
      matched: true,
      groups: ['a', 'c', 'd', 'e'],
      missing: ['collector.c.nope'],
    });
    expect(await run(detector('False'))).toEqual({ kind: 'groups', matched: false, groups: [] });
  });
});

describe('hostile values', () => {
  const hostile: Json[] = [
    "'; import os; os.system('id')",
    '"+"',
    "' + {{collector.c.x}} + '",
    '{{collector.c.x}}',
    '%s %d %(x)s %',
    '{0} {x!r} {',
    '\\',
    '\\u0027',
    '\'\'\'"""',
    '`$' + '{1}`',
    '</script>',
    '\0',
    'a\0b',
    '\ud800',
    'x\udfffy',
    '\u2028\u2029',
    '\x1e.',
    '\ue000',
    '\ue0000\ue001',
    '😀'.repeat(2_000),
    'x'.repeat(4_096),
    '__proto__',
    ['a', { __proto__: null, constructor: 'x' } as unknown as Json],
    { constructor: 1, ['__proto__']: 2, toString: 3, hasOwnProperty: 4 },
  ];

  test.each(hostile.map((value, index) => [index, value] as const))(
    'number %d stays data',
    async (_, value) => {
      const sample = factsOf({ c: { x: 1, v: value } as JsonObject });
      const [own, same, text] = await outcomes(
        engine,
        ['{{collector.c.v}}', '{{collector.c.v}} == {{collector.c.v}}', "'<{{collector.c.v}}>'"],
        sample,
      );
      expect(own).toMatchObject({ kind: 'value', value });
      expect(same).toMatchObject({ kind: 'value', value: true });
      if (typeof value === 'string') expect(text).toMatchObject({ kind: 'value', text: `<${value}>` });
    },
  );

  test.each(hostile.map((value, index) => [index, value] as const))(
    'number %d stays data as parameter, configuration and JavaScript value',
    async (_, value) => {
      const given = scopeOf({ parameters: { v: value }, configuration: { v: value } });
      const bound = await outcomes(engine, ['{{parameters.v}}', '{{configuration.v}}'], factsOf(), given);
      expect(bound).toMatchObject([{ value }, { value }]);
      const js = compileValue('js', '[{{parameters.v}}, collector.c.v]', given, 'javascript');
      const sample = factsOf({ c: { v: value } as JsonObject });
      expect(await run(js.program, sample)).toMatchObject({ kind: 'value', value: [value, value] });
    },
  );

  test.each<[string, Json, string]>([
    ['a text over 4 KiB', 'x'.repeat(4_097), 'a text over 4096 characters'],
    ['a deep tree', JSON.parse('['.repeat(50) + ']'.repeat(50)) as Json, 'nested deeper than 32'],
    ['a huge tree', Array.from({ length: 30_000 }, () => 1), 'over 20000 values'],
  ])('%s is not let in: it is missing, and says why', async (_, value, why) => {
    const [outcome] = await outcomes(engine, ['{{collector.c.v}} == 1'], factsOf({ c: { v: value } }));
    expect(outcome).toMatchObject({ kind: 'value', missing: [`collector.c.v (${why})`] });
  });
});

describe('language: javascript', () => {
  const js = async (text: string): Promise<Outcome> => {
    const { program, findings } = compileValue('js', text, scope, 'javascript');
    if (program === undefined) throw new Error(findings[0]?.message);
    return run(program);
  };

  test.each<[string, Json]>([
    ['1 + 1', 2],
    ['{{collector.c.x}} * 2', 8],
    ['collector.c.tree.n.m + parameters.a.b + configuration.thresholds.cpu', 13],
    ['`$' + '{collector["c"].text}!`', 'abc!'],
    ['{{collector.c.nope||5}} + 1', 6],
    ['collector.c.nope === undefined && collector.none === undefined', true],
    ['[3, 1, 2].sort().map((n) => n * 2)', [2, 4, 6]],
    [
      'typeof process + typeof require + typeof fetch + typeof opsbro',
      'undefinedundefinedundefinedundefined',
    ],
    ['Object.isFrozen(Array.prototype) && Object.isFrozen(globalThis)', true],
  ])('%s gives %j', async (text, expected) => {
    expect(await js(text)).toMatchObject({ kind: 'value', value: expected });
  });

  test.each([
    ['(() => { throw new Error("own") })()', 'OPSBRO_EXPRESSION_VALUE', 'own'],
    ['undefined', 'OPSBRO_EXPRESSION_VALUE', 'undefined'],
    ['() => 1', 'OPSBRO_EXPRESSION_TYPE', 'function'],
    ['(() => { const a = {}; a.a = a; return a })()', 'OPSBRO_EXPRESSION_VALUE', 'circular'],
  ])('%s ends with %s', async (text, code, message) => {
    const outcome = await js(text);
    expect(outcome).toMatchObject({ kind: 'error', error: { code } });
    expect(outcome.kind === 'error' && outcome.error.message).toContain(message);
  });

  test('a missing placeholder makes a condition unknown and prints as ? in an output', async () => {
    const fields = { critical_if: 'collector.c.x > 3', critical_output: '"x " + {{collector.c.nope}}' };
    expect(await run(compileCheck('js', fields, scope, 'javascript').program)).toEqual({
      kind: 'verdict',
      state: 'critical',
      output: 'x ?',
      missing: ['collector.c.nope'],
    });
    const unknown = compileCheck('js', { critical_if: '{{collector.c.nope}} > 3' }, scope, 'javascript');
    expect(await run(unknown.program)).toMatchObject({ state: 'unknown', missing: ['collector.c.nope'] });
  });
});
