import { isDeepStrictEqual } from 'node:util';
import type { Json, Manifest } from 'opsbro/sdk';
import type { ComplianceTest } from 'opsbro/sdk/testing';
import { systemClock } from '../core/clock.ts';
import { compileCheck, compileValue } from '../language/compile.ts';
import { ExpressionEngine } from '../language/engine/engine.ts';
import {
  defaultExpressionLimits,
  type Facts,
  type FunctionCaller,
  type Scope,
  type ScopeFunction,
} from '../language/program.ts';

/** The functions of expressions by every name: those that ship with OpsBro. */
export type KnownFunctions = ReadonlyMap<string, ScopeFunction>;

interface Example {
  /** Of the function. */
  name: string;
  expression: string;
  result?: Json;
}

/** What is wrong with the examples of a manifest's functions, as far as that is known without a run: they compile, and call their function. */
export function exampleFaults(
  manifest: Manifest,
  known: KnownFunctions,
): { name: string; message: string }[] {
  const scope = scopeOf(manifest, known);
  return examplesOf(manifest).flatMap(({ name, expression }) => {
    // As of a check: there a function that does not exist is an error, in a value only once it is reached.
    const { program, findings } = compileCheck('example', { critical_if: expression }, scope, 'opsbro');
    const error = findings.find(({ severity }) => severity === 'error');
    if (error !== undefined) return [{ name, message: error.message }];
    if (program?.functions.includes(name) !== true)
      return [{ name, message: `'${expression}' does not call ${name}` }];
    return [];
  });
}

/** One test for each example: it comes to what the manifest says, in the expression thread. `call` calls the plugin's functions. */
export function exampleTests(
  manifest: Manifest,
  known: KnownFunctions,
  call: FunctionCaller,
): ComplianceTest[] {
  const scope = scopeOf(manifest, known);
  const callOwn: FunctionCaller = async (name, args) => {
    if (Object.hasOwn(manifest.functions ?? {}, name)) return await call(name, args);
    const message = `an example calls the plugin's own functions and those without a host, not '${name}'`;
    return { ok: false, error: { code: 'OPSBRO_EXPRESSION_FUNCTION', message } };
  };
  return examplesOf(manifest).map((example) => ({
    name: `gives what the example of ${example.name} says`,
    run: () => runExample(example, scope, callOwn),
  }));
}

async function runExample(example: Example, scope: Scope, call: FunctionCaller): Promise<void> {
  const { expression, result } = example;
  const { program, findings } = compileValue('example', expression, scope, 'opsbro');
  if (program === undefined) throw new Error(`${expression}: ${findings[0]?.message ?? 'does not compile'}`);
  const engine = new ExpressionEngine({
    limits: defaultExpressionLimits,
    callFunction: call,
    clock: systemClock,
  });
  try {
    engine.put([program]);
    const [outcome] = await engine.evaluate([program.id], factsOf());
    if (outcome?.kind === 'error') throw new Error(`${expression}: ${outcome.error.message}`);
    const value = outcome?.kind === 'value' ? outcome.value : null;
    if (result !== undefined && !isDeepStrictEqual(value, result))
      throw new Error(
        `${expression} is ${JSON.stringify(value)}, its manifest says ${JSON.stringify(result)}`,
      );
  } finally {
    engine.stop();
  }
}

function examplesOf({ functions = {} }: Manifest): Example[] {
  return Object.entries(functions).flatMap(([name, { example }]) =>
    example === undefined ? [] : [{ name, ...example }],
  );
}

function scopeOf(manifest: Manifest, known: KnownFunctions): Scope {
  const functions = new Map(known);
  for (const [name, signature] of Object.entries(manifest.functions ?? {}))
    for (const spelling of [name, ...(signature.aliases ?? [])])
      functions.set(spelling, { name, plugin: `functions/${manifest.name}`, runs: 'job', signature });
  return { parameters: {}, configuration: {}, functions, collectors: new Set() };
}

function factsOf(): Facts {
  return {
    sample: () => undefined,
    groups: [],
    staticGroups: [],
    now: Date.now(),
    seed: 1,
    node: { name: 'test', uuid: '0'.repeat(40), zone: 'internet' },
  };
}
