import type { Json, JsonObject } from 'opsbro/sdk';
import type { CheckObject, CheckTest } from '../configuration/model.ts';
import { systemClock } from '../core/clock.ts';
import { OpsbroError } from '../core/errors.ts';
import { ExpressionEngine } from '../language/engine/engine.ts';
import {
  defaultExpressionLimits,
  type Facts,
  type FunctionCaller,
  type Outcome,
} from '../language/program.ts';
import type { CliContext } from './context.ts';
import { openConfigured } from './offline-configuration.ts';
import { diagnosticText, placeText } from './place-text.ts';

/** What one test of a check came to. */
interface TestResult {
  check: string;
  test: number;
  ok: boolean;
  expected: CheckTest['expect'];
  found: { state: string; output: string };
  place: CheckTest['place'];
}

/**
 * Runs the `tests:` of checks in the real expression thread and prints each failure with what was expected and found. `given` holds
 * collectors by name (or single values as `collector.a.b`), `groups`, and results of host functions below `functions`.
 */
export async function testChecks(cli: CliContext, ids: string[]): Promise<void> {
  const { configuration, directories } = await openConfigured(cli);
  const loaded = configuration.read(directories);
  const errors = loaded.diagnostics.filter(({ severity }) => severity === 'error');
  for (const diagnostic of errors) cli.note(diagnosticText(cli, diagnostic));
  const checks = loaded.objects
    .filter((object) => object.kind === 'check')
    .filter(({ id, name, pack }) => ids.length === 0 || [id, name, pack].some((word) => ids.includes(word)));
  if (ids.length > 0 && checks.length === 0) {
    throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no check or pack '${ids.join("', '")}' is configured`);
  }
  const results = await runTests(checks);
  const failed = results.filter(({ ok }) => !ok);
  cli.show({ passed: results.length - failed.length, failed: failed.length, tests: results }, () =>
    [
      ...results.map((result) => resultText(cli, result)),
      `${results.length - failed.length} passed, ${failed.length} failed`,
    ].join('\n'),
  );
  if (failed.length > 0) cli.exitCode = 1;
  else if (errors.length > 0) cli.exitCode = 78;
}

async function runTests(checks: CheckObject[]): Promise<TestResult[]> {
  let functions: JsonObject = {};
  const callFunction: FunctionCaller = async (name) => {
    const value = functions[name];
    if (value !== undefined) return { ok: true, value };
    const message = `a test calls no function of the host; give its result as 'functions: {${name}: …}'`;
    return { ok: false, error: { code: 'OPSBRO_EXPRESSION_FUNCTION', message } };
  };
  const engine = new ExpressionEngine({ limits: defaultExpressionLimits, callFunction, clock: systemClock });
  const results: TestResult[] = [];
  try {
    for (const check of checks) {
      if (check.program === undefined) continue;
      engine.put([check.program]);
      for (const [index, test] of check.tests.entries()) {
        const { given, expect, place } = test;
        functions = isMapping(given.functions) ? given.functions : {};
        const [outcome] = await engine.evaluate([check.id], factsOf(given));
        const found = foundBy(outcome);
        const ok =
          found.state === expect.state && (expect.output === undefined || expect.output === found.output);
        results.push({ check: check.id, test: index + 1, ok, expected: expect, found, place });
      }
    }
  } finally {
    await engine.stop();
  }
  return results;
}

/** The facts a test gives: each collector's tree is one object, so that the engine sees it unchanged during the test. */
function factsOf(given: JsonObject): Facts {
  const samples = new Map<string, JsonObject>();
  const trees = isMapping(given.collector) ? { ...given, ...given.collector } : given;
  for (const [key, value] of Object.entries(trees)) {
    if (isMapping(value)) samples.set(key.toLowerCase(), { ...samples.get(key.toLowerCase()), ...value });
    else if (key.startsWith('collector.')) setPath(samples, key.split('.').slice(1), value);
  }
  const groups = Array.isArray(given.groups) ? given.groups.map(String).sort() : [];
  return {
    sample: (collector) => samples.get(collector.toLowerCase()),
    groups,
    staticGroups: groups,
    now: Date.now(),
    seed: 1,
    node: { name: 'test', uuid: '0'.repeat(40), zone: 'internet' },
  };
}

function setPath(samples: Map<string, JsonObject>, [collector = '', ...steps]: string[], value: Json): void {
  const name = collector.toLowerCase();
  let tree: JsonObject = samples.get(name) ?? {};
  samples.set(name, tree);
  for (const [index, step] of steps.entries()) {
    if (index === steps.length - 1) tree[step] = value;
    else {
      const next: JsonObject = isMapping(tree[step]) ? tree[step] : {};
      tree[step] = next;
      tree = next;
    }
  }
}

function foundBy(outcome: Outcome | undefined): { state: string; output: string } {
  if (outcome?.kind === 'verdict') return { state: outcome.state, output: outcome.output };
  return { state: 'unknown', output: outcome?.kind === 'error' ? outcome.error.message : '' };
}

function resultText(cli: CliContext, { check, test, ok, expected, found, place }: TestResult): string {
  const { paint } = cli;
  if (ok) return `${paint.green('pass')}  ${check} #${test}`;
  const wanted = expected.output === undefined ? expected.state : `${expected.state} ${expected.output}`;
  return [
    `${paint.red('FAIL')}  ${check} #${test}  ${paint.dim(placeText(place))}`,
    paint.red(`      - expected  ${wanted}`),
    paint.green(`      + found     ${found.state} ${found.output}`),
  ].join('\n');
}

function isMapping(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
