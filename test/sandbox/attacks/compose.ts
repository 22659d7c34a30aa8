import fc from 'fast-check';
import { type Attack, readAttacks, tables } from './attack.ts';

/** Ways to wrap statements, `{}` standing for them. */
const wrappers = [
  'try { {} } catch {}',
  'try { {} } finally { globalThis.x = 1; }',
  'await (async () => { {} })();',
  'await Promise.race([(async () => { {} })(), 0]);',
  '(async () => { {} })().catch(() => {});',
  'Promise.resolve().then(async () => { {} });',
  'for (let i = 0; i < 3; i += 1) { {} }',
  'const g{n} = (async function* () { {} })(); await g{n}.next();',
  'await { then(resolve) { (async () => { {} })().then(resolve, resolve); } };',
  '[1].sort((a, b) => 0); await Promise.all([1, 2].map(async () => { {} }));',
  'label{n}: { {} break label{n}; }',
  'queue{n} = async () => { {} }; await queue{n}();',
];

/** What the run gives at last. */
const results = [
  'return { a: 1 };',
  'return { get a() { return Math.max(...[1, 2]); } };',
  'return { [Symbol.iterator]: 1, a: [{}, [], null, undefined, NaN] };',
  "throw Object.assign(new Error('x'), { code: 1, data: { a: {} } });",
  'throw null;',
  'return Promise.reject({ then: 1 });',
  'await new Promise(() => {});',
  'ctx.state.self = ctx.state; return { a: 1 };',
  "ctx.notEligible('nothing here');",
  'return JSON.parse(\'{"__proto__": {"a": 1}}\');',
];

/** Programs made of the statements of known attacks, one beside and within the other. */
export function composedAttacks(): fc.Arbitrary<Attack> {
  const parts = tables
    .flatMap((table) => readAttacks(table))
    .map(({ body }) => `{ ${body.replaceAll(/\breturn\b/g, 'void')} }`);
  const statement = fc.constantFrom(...parts);
  const wrapped = fc
    .tuple(
      fc.array(fc.constantFrom(...wrappers), { maxLength: 3 }),
      fc.array(statement, { minLength: 1, maxLength: 3 }),
      fc.nat(1e6),
    )
    .map(([around, inner, n]) =>
      around.reduce(
        (text, wrapper) => wrapper.replaceAll('{n}', String(n)).replace('{}', () => text),
        inner.join('\n'),
      ),
    );
  return fc
    .tuple(
      fc.array(wrapped, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(...results),
      fc.constantFrom('20ms', '100ms'),
      fc.boolean(),
    )
    .map(([statements, result, cpu, isAllowed]) => ({
      name: 'composed',
      body: `${statements.join('\n')}\n${result}`,
      limits: { cpu, memory: '16MiB' },
      timeoutMs: 1000,
      ...(isAllowed && {
        permissions: { read: ['{dir}/allowed/**', '/proc/**'], env: ['*'], kv: ['mine/'] },
      }),
    }));
}
