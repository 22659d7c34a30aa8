import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Json, JsonObject, Manifest } from 'opsbro/sdk';
import { hostContext, runVerb } from 'opsbro/sdk/testing';
import { parse } from 'yaml';
import { Configuration } from '../../configuration/loader.ts';
import type { CheckObject, ConfigPlan, DetectorObject } from '../../configuration/model.ts';
import { systemClock } from '../../core/clock.ts';
import { plainError } from '../../core/errors.ts';
import { compileCheck, compileDetector, compileValue } from '../../language/compile.ts';
import { ExpressionEngine } from '../../language/engine/engine.ts';
import { defaultExpressionLimits, type Facts, type FunctionCaller } from '../../language/program.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The shipped `config.d` and what is given over it, read by the real loader with the real compiler. */
export function loadShipped(over: readonly string[] = []): {
  configuration: Configuration;
  plan: ConfigPlan;
} {
  const configuration = new Configuration({ compileCheck, compileDetector, compileValue }, null);
  const directories = {
    config: [`${root}config.d`, ...over],
    plugins: { manifests: `${root}plugins`, modules: `${root}dist/plugins` },
    locks: [],
  };
  return { configuration, plan: configuration.load(directories, []) };
}

/** The checks and detectors of a plan that are made of expressions. */
export function rulesOf(plan: ConfigPlan): (CheckObject | DetectorObject)[] {
  return plan.start.filter(
    (object): object is CheckObject | DetectorObject =>
      (object.kind === 'check' || object.kind === 'detector') && object.program !== undefined,
  );
}

/** The real engine in its real thread. */
export function startEngine(callFunction: FunctionCaller): ExpressionEngine {
  return new ExpressionEngine({ limits: defaultExpressionLimits, callFunction, clock: systemClock });
}

/** Facts of one tick over these collectors. */
export function factsOf(collectors: JsonObject, groups: readonly string[] = []): Facts {
  return {
    sample: (collector) =>
      Object.hasOwn(collectors, collector) ? (collectors[collector] as JsonObject) : undefined,
    groups,
    staticGroups: [],
    now: 1_767_225_600_000,
    seed: 1,
    node: { name: 'test', uuid: 'u', zone: '' },
  };
}

/** Calls host-touching functions for real, on this host. */
export const callForReal: FunctionCaller = async (name, args) => {
  try {
    const functions = await hostFunctions();
    const implementation = functions[name];
    if (implementation === undefined) throw new Error(`no function ${name}`);
    return { ok: true, value: await implementation(hostContext(), ...args) };
  } catch (thrown) {
    return { ok: false, error: plainError(thrown, 'OPSBRO_EXPRESSION_FUNCTION') };
  }
};

type HostFunctions = {
  [name: string]: (ctx: ReturnType<typeof hostContext>, ...args: Json[]) => Promise<Json> | Json;
};
let loadedFunctions: Promise<HostFunctions> | undefined;

function hostFunctions(): Promise<HostFunctions> {
  loadedFunctions ??= Promise.all(
    manifests('functions')
      .filter(({ manifest }) => manifest.runs !== 'guest')
      .map(async ({ folder }) => (await import(`${folder}/index.ts`)).default.functions as HostFunctions),
  ).then((all) => Object.assign({}, ...all) as HostFunctions);
  return loadedFunctions;
}

/** The manifests of one folder of `plugins/`. */
export function manifests(kind: string): { folder: string; manifest: Manifest }[] {
  const entries = readdirSync(`${root}plugins/${kind}`, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && existsSync(`${root}plugins/${kind}/${entry.name}/plugin.yml`))
    .map(({ name }) => {
      const folder = `${root}plugins/${kind}/${name}`;
      return { folder, manifest: parse(readFileSync(`${folder}/plugin.yml`, 'utf8')) as Manifest };
    });
}

/** What the shipped collectors yield on this host. Those that are not eligible here, or want facts of an agent, are left out. */
export async function collectForReal(): Promise<JsonObject> {
  const trees: JsonObject = {};
  for (const { folder, manifest } of manifests('collectors')) {
    if (manifest.needs !== undefined) continue;
    const plugin = (await import(`${folder}/index.ts`)).default;
    const state: JsonObject = {};
    const options = defaultsOf(manifest);
    const outcome = await runVerb(plugin, hostContext({ options, state, name: manifest.name }));
    if (outcome.status === 'done') trees[manifest.name] = outcome.value as JsonObject;
  }
  return trees;
}

function defaultsOf(manifest: Manifest): JsonObject {
  const properties = (manifest.options?.properties ?? {}) as { [name: string]: JsonObject };
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, schema]) =>
      schema.default === undefined ? [] : [[name, schema.default]],
    ),
  );
}
