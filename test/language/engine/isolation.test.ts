import { afterEach, describe, expect, it } from 'vitest';
import { compileCheck } from '../../../language/compile.ts';
import type { ExpressionEngine } from '../../../language/engine/engine.ts';
import type { FunctionCaller, Outcome, Program } from '../../../language/program.ts';
import { factsOf, scopeOf, startEngine } from './fixture.ts';

const engines: ExpressionEngine[] = [];
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
});

const start = (call?: FunctionCaller): ExpressionEngine => {
  const engine = startEngine({}, call);
  engines.push(engine);
  return engine;
};

const check = (
  id: string,
  fields: Parameters<typeof compileCheck>[1],
  language: Program['language'] = 'opsbro',
): Program => {
  const { program, findings } = compileCheck(id, fields, scopeOf(), language);
  if (program === undefined) throw new Error(JSON.stringify(findings));
  return program;
};

const shown = (outcome: Outcome | undefined): string =>
  outcome?.kind === 'verdict' ? `${outcome.state}: ${outcome.output}` : JSON.stringify(outcome);

const victim = check(
  'victim',
  {
    critical_if: '{{collector.c.x}} > 5 || [1, 2].map((n) => n).length !== 2',
    ok_output: "'x is ' + {{collector.c.x}} + ' of ' + Object.keys(collector.c).join()",
  },
  'javascript',
);

describe('a JavaScript expression cannot change what another one gives', () => {
  it.each([
    ['the values it reads', '(() => { V[0] = 99; V.length = 0; })()'],
    ['the operations of the runtime', '(() => { py.js = py.txt = py.val = () => 99; })()'],
    ['the classes of values', "(() => { gone('x').constructor.prototype.key = 9; })()"],
    ['its own constants', '(() => { C.length = 0; R[0] = 7; })()'],
    ['array iterators', '(() => { [][Symbol.iterator]().__proto__.next = () => ({ done: true }); })()'],
    ['map iterators', '(() => { new Map().values().__proto__.next = () => ({ done: true }); })()'],
    ['functions', '(() => { Function.prototype.call = Function.prototype.apply = () => 99; })()'],
    ['generators', '(() => { (function* () {})().__proto__.__proto__.__proto__.next = () => 9; })()'],
    ['prototypes', '(() => { Array.prototype.map = () => []; Object.prototype.x = 99; })()'],
    ['globals', '(() => { JSON.stringify = () => "99"; globalThis.Object = null; })()'],
    ['what its error says', '(() => { throw { get message() { throw 1; } }; })()'],
  ])('through %s', async (_, text) => {
    const engine = start();
    engine.put([victim, check('evil', { critical_if: `${text} === 1`, ok_output: "'x'" }, 'javascript')]);
    for (const x of [1, 2]) {
      const outcomes = await engine.evaluate(['evil', 'victim'], factsOf({ c: { x } }));
      expect(shown(outcomes[1])).toBe(`ok: x is ${x} of x`);
    }
    expect(engine.figures().restarts).toBe(0);
  });
});

it.each([
  ['a comment ends with its line', '1 // one\n > 5', false],
  ['a # inside a regular expression is kept', "/a#b/.test('a#b')", true],
  ['a newline in a template is kept', '`a\nb`.length === 3', true],
])('reads JavaScript as JavaScript: %s', async (_, text, critical) => {
  const engine = start();
  engine.put([check('a', { critical_if: text, critical_output: "'yes'", ok_output: "'no'" }, 'javascript')]);
  expect(shown((await engine.evaluate(['a'], factsOf()))[0])).toBe(critical ? 'critical: yes' : 'ok: no');
});

it('leaves nothing of an interrupted evaluation to the next one', async () => {
  const engine = start();
  const endless = 'len([1 for a in range(9999) for b in range(9999)])';
  engine.put([
    check('bad', {
      variables: { v: `'%s' % {{collector.c.gone}} == '' or ${endless}` },
      ok_output: `'{{collector.c.bad}} ' + str({{variables.v}} or ${endless})`,
    }),
    check('lenient', { ok_output: "'x is {{collector.c.none}}'" }),
    check('plain', { ok_output: "'fine'" }),
  ]);
  const outcomes = await engine.evaluate(['bad', 'lenient', 'plain'], factsOf({ c: {} }));
  expect(outcomes.slice(1)).toEqual([
    { kind: 'verdict', state: 'ok', output: 'x is ?', missing: ['collector.c.none'] },
    { kind: 'verdict', state: 'ok', output: 'fine' },
  ]);
});

it('evaluates what it was asked for, though it is replaced and dropped while the host answers', async () => {
  let answer = (): void => {};
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let called = (): void => {};
  const calling = new Promise<void>((resolve) => {
    called = resolve;
  });
  const engine = start(async () => {
    called();
    await asked;
    return { ok: true, value: 'v' };
  });
  const asks = { critical_if: "get_env('x') == 'v'", critical_output: "'old'" };
  engine.put([check('a', asks), check('b', asks)]);
  const running = engine.evaluate(['a', 'b'], factsOf());
  await calling;
  engine.put([check('a', { ok_output: "'new'" })]);
  engine.delete(['b']);
  engine.put([check('c', { ok_output: "'other'" })]);
  expect((await engine.evaluate(['a', 'c'], factsOf())).map(shown)).toEqual(['ok: new', 'ok: other']);
  answer();
  expect((await running).map(shown)).toEqual(['critical: old', 'critical: old']);
});
