import { isDeepStrictEqual } from 'node:util';
import type { Json, JsonObject } from 'opsbro/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileCheck, compileDetector } from '../../language/compile.ts';
import type { ExpressionEngine } from '../../language/engine/engine.ts';
import type { Compiled, Outcome, Program, Reference, Scope } from '../../language/program.ts';
import { factsOf, loadShipped, manifests, rulesOf, startEngine } from './shipped-config.ts';

const canary = 'the value of another collector';
/** Texts that would change an expression, a format or a path if a value were ever pasted into text. */
const hostile: { [name: string]: string } = {
  'an end of literal and a statement': "'; import os",
  'an operator between quotes': '"+"',
  'a placeholder': '{{collector.canary.value}}',
  'a placeholder in single braces': '{collector.canary.value}',
  'a call': "' + str(file_exists('/canary')) + '",
  'a call of an import': "__import__('os').system('touch /canary')",
  'a format': '%s%n%(x)s%99999999d',
  'a format method': '{0.__class__.__init__.__globals__}',
  'a NUL': 'before\0after',
  'line ends': 'a\nb\r\nc\u2028d',
  'a backslash at the end': 'x\\',
  JavaScript: `$\{globalThis.constructor.constructor("return process")()}`,
  'half a surrogate pair': 'x\ud800y',
  'a private-use character': '\ue0000\ue001',
  'an expression as text': 'True or 1',
};
const long = 'A'.repeat(100_000);
const harmless: readonly string[] = [
  'OPSBRO_EXPRESSION_TYPE',
  'OPSBRO_EXPRESSION_VALUE',
  'OPSBRO_EXPRESSION_LIMIT',
];

const rules = rulesOf(loadShipped().plan);
const calls: Json[][] = [];
let engine: ExpressionEngine;

beforeAll(() => {
  engine = startEngine(async (_name, args) => {
    calls.push(args);
    return { ok: true, value: false };
  });
});

afterAll(() => engine.stop());

/** Evaluates one program over trees in which `value` stands at every reference that `at` picks, and 1 at the others. */
async function evaluate(
  program: Program,
  at: (reference: Reference) => boolean,
  value: Json,
): Promise<Outcome> {
  const trees: JsonObject = { canary: { value: canary } };
  for (const reference of program.references) place(trees, reference, at(reference) ? value : 1);
  const [outcome] = await engine.evaluate([program.id], factsOf(trees));
  if (outcome === undefined) throw new Error('no outcome');
  return outcome;
}

function place(trees: JsonObject, { collector, path }: Reference, value: Json): void {
  const steps = [collector, ...path];
  let tree = trees;
  for (const step of steps.slice(0, -1)) {
    const next = Object.hasOwn(tree, step) && typeof tree[step] === 'object' ? tree[step] : {};
    tree[step] = next as JsonObject;
    tree = next as JsonObject;
  }
  tree[steps.at(-1) ?? ''] = value;
}

/** A value may fail an operation by its type; it may never become code, reach another value, or take the thread down. */
function expectData(outcome: Outcome): void {
  const text = JSON.stringify(outcome);
  expect(text).not.toContain(canary);
  expect(outcome.kind === 'verdict' || outcome.kind === 'groups', text).toBe(true);
  if (outcome.kind !== 'value' && outcome.error !== undefined)
    expect(harmless, text).toContain(outcome.error.code);
}

describe('every shipped check and detector that reads collectors', () => {
  const reading = rules.flatMap(({ id, program }): [string, Program][] =>
    program === undefined || program.references.length === 0 ? [] : [[id, program]],
  );

  it.each(reading)('%s takes hostile texts at every key it reads for data', async (_, program) => {
    engine.put([program]);
    calls.length = 0;
    for (const value of [...Object.values(hostile), long]) {
      for (const reference of program.references) {
        const here = (other: Reference) => isDeepStrictEqual(other, reference);
        expectData(await evaluate(program, here, value));
        expectData(await evaluate(program, here, [value]));
        expectData(await evaluate(program, here, { [value]: { [value]: value } }));
      }
      expectData(await evaluate(program, () => true, value));
    }
    expect(JSON.stringify(calls)).not.toContain('/canary');
  });

  it('prints hostile names of things as they are', async () => {
    const disks = reading.find(([id]) => id === 'linux/check/disks')?.[1];
    if (disks === undefined) throw new Error('the check linux/check/disks is not shipped');
    engine.put([disks]);
    for (const mount of Object.values(hostile)) {
      const row = { pct_used: 95, read_only: false };
      const [outcome] = await engine.evaluate([disks.id], factsOf({ diskusage: { [mount]: row } }));
      expect(outcome).toMatchObject({ kind: 'verdict', state: 'warning', output: `${mount} is 95% full` });
    }
  });

  it('loses no thread to them', () => {
    expect(engine.figures()).toMatchObject({ kills: 0, restarts: 0 });
  });
});

describe('every documented key of every collector', () => {
  const keys = manifests('collectors').flatMap(({ manifest }) =>
    Object.keys(manifest.output ?? {}).map((path) => `${manifest.name}.${path.replaceAll('*', 'x')}`),
  );
  const scope: Scope = {
    parameters: {},
    configuration: {},
    functions: new Map(),
    collectors: new Set(keys.map((key) => key.split('.', 1)[0] ?? '')),
  };
  const programOf = ({ program, findings }: Compiled): Program => {
    expect(findings).toEqual([]);
    if (program === undefined) throw new Error('no program');
    return program;
  };

  it.each(keys)('%s prints hostile texts as they are and compares them as texts', async (key) => {
    const placeholder = `{{collector.${key}}}`;
    const texts = {
      critical_if: `${placeholder} == 1`,
      ok_output: `'<%s|' % ${placeholder} + '${placeholder}>'`,
    };
    const check = programOf(compileCheck(`check ${key}`, texts, scope, 'opsbro'));
    const groups = { apply_if: `${placeholder} != 1`, add_groups: [`x-${placeholder}`] };
    const detector = programOf(compileDetector(`detector ${key}`, groups, scope, 'opsbro'));
    engine.put([check, detector]);
    for (const value of Object.values(hostile)) {
      const verdict = await evaluate(check, () => true, value);
      expect(verdict).toMatchObject({ kind: 'verdict', state: 'ok', output: `<${value}|${value}>` });
      expectGroup(await evaluate(detector, () => true, value), value);
    }
    engine.delete([check.id, detector.id]);
  });

  function expectGroup(outcome: Outcome, value: string): void {
    expectData(outcome);
    if (outcome.kind === 'groups' && outcome.matched)
      expect(outcome.groups.join(',')).toContain(value.split(',')[0]);
  }
});
