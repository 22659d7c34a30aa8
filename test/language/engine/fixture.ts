import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Json, JsonObject, Manifest } from 'opsbro/sdk';
import { parse } from 'yaml';
import { systemClock } from '../../../core/clock.ts';
import { compileValue } from '../../../language/compile.ts';
import { ExpressionEngine } from '../../../language/engine/engine.ts';
import {
  defaultExpressionLimits,
  type ExpressionLimits,
  type Facts,
  type FunctionCaller,
  type Outcome,
  type Scope,
  type ScopeFunction,
} from '../../../language/program.ts';

/** Every shipped function by all its names, from the manifests. */
export const shippedFunctions: ReadonlyMap<string, ScopeFunction> = readFunctions();

function readFunctions(): Map<string, ScopeFunction> {
  const folder = new URL('../../../plugins/functions/', import.meta.url);
  const functions = new Map<string, ScopeFunction>();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const plugin = entry.name;
    const manifest = parse(readFileSync(new URL(`${plugin}/plugin.yml`, folder), 'utf8')) as Manifest;
    for (const [name, signature] of Object.entries(manifest.functions ?? {})) {
      const runs = manifest.runs === 'guest' ? 'guest' : 'job';
      for (const alias of [name, ...(signature.aliases ?? [])]) {
        functions.set(alias, { name, plugin: `functions/${plugin}`, runs, signature });
      }
    }
  }
  return functions;
}

/** A scope in which only the shipped functions exist, and what is given. */
export const scopeOf = (given: Partial<Scope> = {}): Scope => ({
  parameters: {},
  configuration: {},
  functions: shippedFunctions,
  collectors: new Set(['c']),
  ...given,
});

/** Facts of one tick over those samples. */
export const factsOf = (
  samples: { [collector: string]: JsonObject } = {},
  given: Partial<Facts> = {},
): Facts => ({
  sample: (name) => samples[name],
  groups: ['linux', 'web'],
  staticGroups: ['web'],
  now: 1_700_000_000_500,
  seed: 7,
  node: { name: 'n1', uuid: 'u1', zone: 'internet' },
  ...given,
});

/** An engine with the real thread. */
export function startEngine(
  limits: Partial<ExpressionLimits> = {},
  callFunction: FunctionCaller = async () => ({ ok: true, value: null }),
): ExpressionEngine {
  return new ExpressionEngine({
    limits: { ...defaultExpressionLimits, ...limits },
    callFunction,
    clock: systemClock,
  });
}

/** Outcomes of expressions, each compiled on its own and all evaluated in one batch. Compile errors are thrown. */
export async function outcomes(
  engine: ExpressionEngine,
  expressions: string[],
  facts: Facts = factsOf(),
  scope: Scope = scopeOf(),
): Promise<Outcome[]> {
  const programs = expressions.map((text, index) => {
    const { program, findings } = compileValue(`e${index}`, text, scope, 'opsbro');
    if (program === undefined) throw new Error(`${text}: ${findings[0]?.message}`);
    return program;
  });
  engine.put(programs);
  const ids = programs.map(({ id }) => id);
  const found = await engine.evaluate(ids, facts);
  engine.delete(ids);
  return found;
}

/** What an expression prints; null where it ends with an error. */
export const printed = (outcome: Outcome): string | null => (outcome.kind === 'value' ? outcome.text : null);

/** The value of one expression as plain data. */
export async function evaluated(
  engine: ExpressionEngine,
  text: string,
  facts?: Facts,
  scope?: Scope,
): Promise<Json> {
  const [outcome] = await outcomes(engine, [text], facts, scope);
  if (outcome?.kind !== 'value') throw new Error(`${text}: ${JSON.stringify(outcome)}`);
  return outcome.value;
}

/** Why the tests against python3 cannot run here; undefined when they can. With OPSBRO_TEST_REQUIRE=all they must. */
export const pythonAbsent: string | undefined =
  spawnSync('python3', ['--version']).status === 0 || process.env.OPSBRO_TEST_REQUIRE === 'all'
    ? undefined
    : 'python3 is not installed';

// There is one number type here: a float that is a whole number prints as one.
const script = `
import json, sys
def plain(v):
    if isinstance(v, float) and v.is_integer() and abs(v) < 2**53: return int(v)
    if isinstance(v, (list, tuple)): return type(v)(plain(x) for x in v)
    if isinstance(v, dict): return {plain(k): plain(x) for k, x in v.items()}
    return v
import builtins
same = 'abs min max sum sorted len list str int float bool round any all tuple dict repr set ord chr'
names = {name: getattr(builtins, name) for name in same.split()}
names |= {'range': lambda *a: list(range(*a)), 'enumerate': lambda *a: list(enumerate(*a)), 'zip': lambda *a: list(zip(*a)),
          'reversed': lambda a: list(reversed(a))}
for line in sys.stdin:
    try:
        v = eval(json.loads(line), {'__builtins__': names})
        if type(v) in (type({}.keys()), type({}.values()), type({}.items())): v = list(v)
        print(json.dumps(str(plain(v))))
    except Exception:
        print('null')
`;

/** What CPython prints for each expression; null where it raises. */
export function pythonResults(expressions: string[]): (string | null)[] {
  const input = expressions.map((text) => JSON.stringify(text)).join('\n');
  const done = spawnSync('python3', ['-c', script], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (done.status !== 0) throw new Error(`python3 failed: ${done.stderr}`);
  const lines = done.stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as string | null);
}

/** Expressions on which the engine and CPython differ, in words. */
export async function differences(engine: ExpressionEngine, expressions: string[]): Promise<string[]> {
  const expected = pythonResults(expressions);
  const found: string[] = [];
  const size = 500;
  for (let from = 0; from < expressions.length; from += size) {
    const some = expressions.slice(from, from + size);
    const ours = (await outcomes(engine, some)).map(printed);
    for (const [index, text] of some.entries()) {
      if (ours[index] !== expected[from + index]) {
        found.push(`${text}\n  python: ${expected[from + index]}\n  ours:   ${ours[index]}`);
      }
    }
  }
  return found;
}
