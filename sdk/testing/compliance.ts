import type { EventType, HandlerEvent } from '../context.ts';
import type {
  CollectorDefinition,
  FunctionsDefinition,
  HandlerDefinition,
  ServiceDefinition,
} from '../define.ts';
import type { Manifest, PluginKind } from '../manifest.ts';
import type { JsonObject, Verdict } from '../values.ts';
import { fixtureContext } from './fixture-context.ts';
import { checkParameters, type FunctionShapes, shapesOf } from './function-shapes.ts';
import { type HostContext, hostContext } from './host-context.ts';
import { checkPlain, undocumentedPaths } from './output-rules.ts';
import { checkManifest, checkOptionTable, checkReadme, defaultOptions, expectThat } from './plugin-folder.ts';
import { runVerb, type VerbOutcome } from './run-verb.ts';
import { serviceContext } from './service-context.ts';
import { testEvent } from './test-event.ts';
import { testFacts } from './test-facts.ts';

const verbOfKind: { [kind in PluginKind]?: string } = {
  collector: 'collect',
  detector: 'detect',
  check: 'check',
  handler: 'handle',
  exporter: 'export',
  functions: 'functions',
};

const signalDeadlineMs = 2000;
const eventTypes: readonly EventType[] = ['problem', 'recovery', 'group', 'agent', 'test', 'canary'];

/** One test of the suite. `skip` says why it cannot run here. */
export interface ComplianceTest {
  name: string;
  run(): Promise<void>;
  skip?: string;
}

/**
 * What every plugin of a kind must satisfy, as tests for vitest's `it` or Node's `test`: manifest, README, option table, verb. Collectors,
 * detectors and checks also run on the real host (two in a row, and one whose signal has fired); handlers and exporters where nothing
 * answers: each event, or the facts, must be taken or refused in time. `folder` is the plugin's folder as a file URL that ends in `/`, null
 * for a plugin in one file; `manifest` is its parsed manifest. `options` are for the runs; they default to the manifest's. `shapes` tells of
 * functions whose code is elsewhere, behind the definition.
 * @example
 * for (const test of complianceSuite('collector', new URL('./', import.meta.url), memory, manifest))
 *   it.skipIf(test.skip !== undefined)(test.name, test.run);
 */
export function complianceSuite(
  kind: PluginKind,
  folder: URL | null,
  definition: object,
  manifest: Manifest,
  given: { options?: JsonObject; shapes?: () => Promise<FunctionShapes> } = {},
): ComplianceTest[] {
  const options = given.options ?? defaultOptions(manifest);
  const isService = manifest.runs === 'service' || kind === 'listener' || kind === 'cluster';
  const verbs = isService ? ['start', 'stop'] : [verbOfKind[kind] ?? []].flat();
  const { shapes = async () => shapesOf(definition) } = given;
  const runs = isService
    ? serviceTests(definition, options)
    : kind === 'functions'
      ? functionTests(definition, manifest, shapes)
      : runTests(kind, definition, manifest, options);
  return [
    ...(folder === null ? [] : folderTests(kind, folder, manifest)),
    {
      name: 'has the verb of its kind',
      run: async () => {
        for (const verb of verbs) expectThat(verb in definition, `the definition lacks '${verb}'`);
      },
    },
    ...runs.map((test) => ({
      ...test,
      ...whySkipped(manifest, options),
    })),
  ];
}

function folderTests(kind: PluginKind, folder: URL, manifest: Manifest): ComplianceTest[] {
  return [
    {
      name: 'has a manifest that matches its folder',
      run: async () => checkManifest(kind, folder, manifest),
    },
    { name: 'has a README with the fixed sections', run: async () => checkReadme(folder, manifest) },
    {
      name: 'documents exactly the options of its manifest',
      run: async () => checkOptionTable(folder, manifest),
    },
  ];
}

function functionTests(
  definition: object,
  manifest: Manifest,
  shapes: () => Promise<FunctionShapes>,
): ComplianceTest[] {
  const names = {
    name: 'has the functions of its manifest and no other',
    run: async () => checkFunctions(definition, manifest),
  };
  const parameters = {
    name: 'takes the parameters that its manifest declares',
    run: async () => checkParameters(await shapes(), manifest),
  };
  // Those of the expression thread are called without a context.
  return manifest.runs === 'guest' ? [names] : [names, parameters];
}

function runTests(
  kind: PluginKind,
  definition: object,
  manifest: Manifest,
  options: JsonObject,
): ComplianceTest[] {
  if (kind === 'handler' || kind === 'exporter')
    return [
      {
        name: 'takes or refuses what it is given where nothing answers',
        run: () => checkUnanswered(kind, definition, options),
      },
    ];
  if (kind !== 'collector' && kind !== 'detector' && kind !== 'check') return [];
  const yields = kind === 'check' ? 'a verdict' : 'documented plain data';
  return [
    {
      name: `yields ${yields} on this host, twice`,
      run: () => checkRealRuns(kind, definition, manifest, options),
    },
    { name: 'ends when its signal has fired', run: () => checkSignal(definition, options) },
  ];
}

function serviceTests(definition: object, options: JsonObject): ComplianceTest[] {
  const service = definition as ServiceDefinition;
  const end = async (work: () => Promise<void> | void): Promise<void> => {
    const outcome = await inTime(Promise.resolve().then(work));
    expectThat(outcome !== 'late', `still running after ${signalDeadlineMs} ms`);
    if (outcome !== 'ended') throw outcome.thrown;
  };
  return [
    {
      name: 'stops after a start that was cut short, and again',
      run: async () => {
        const context = serviceContext({ options });
        context.abort();
        await end(async () => service.start(context)).catch((thrown: unknown) => {
          expectThat(context.signal.aborted && thrown === context.signal.reason, String(thrown));
        });
        await end(() => service.stop());
        await end(() => service.stop());
      },
    },
  ];
}

function whySkipped({ platforms, options: schema }: Manifest, options: JsonObject): { skip?: string } {
  const here = (platforms ?? [process.platform]).includes(process.platform);
  if (!here) return { skip: `runs on ${platforms?.join(', ')}, this is ${process.platform}` };
  const required = Array.isArray(schema?.required) ? schema.required.map(String) : [];
  const lacking = required.filter((name) => !Object.hasOwn(options, name));
  return lacking.length === 0 ? {} : { skip: `needs the options ${lacking.join(', ')}` };
}

async function checkRealRuns(kind: string, definition: object, manifest: Manifest, options: JsonObject) {
  const state: JsonObject = {};
  for (let run = 0; run < 2; run++) {
    const outcome = await runReal(definition, hostContext({ options, state, name: manifest.name }));
    checkPlain(state, 'ctx.state');
    expectThat(Buffer.byteLength(JSON.stringify(state)) <= 256 * 1024, 'ctx.state is over 256 KiB');
    if (outcome.status === 'not-eligible') {
      expectThat(outcome.reason.trim() !== '', 'notEligible was called without a reason');
      continue;
    }
    checkPlain(outcome.value);
    if (kind === 'detector') checkGroups(outcome.value);
    else if (kind === 'check') checkVerdict(outcome.value);
    else checkDocumented(outcome.value, manifest);
  }
}

function checkGroups(value: unknown): void {
  expectThat(Array.isArray(value), 'a detector must yield a list of groups');
  for (const group of value)
    expectThat(typeof group === 'string' && /^\S+$/.test(group), `'${String(group)}' is not a group's name`);
}

function checkVerdict(value: unknown): void {
  const { state, output, metrics = {} } = (value ?? {}) as Partial<Verdict>;
  expectThat(
    ['ok', 'warning', 'critical', 'unknown'].includes(String(state)),
    `'${String(state)}' is no state of a check`,
  );
  expectThat(typeof output === 'string' && output.trim() !== '', 'a verdict must say something as output');
  // The compiler does not see a key too many in what a function returns.
  for (const key of Object.keys(value as object))
    expectThat(['state', 'output', 'metrics'].includes(key), `a verdict has no key '${key}'`);
  for (const [name, metric] of Object.entries(metrics))
    expectThat(
      metric.value === null || Number.isFinite(metric.value),
      `the figure '${name}' is ${String(metric.value)}`,
    );
}

function checkFunctions(definition: object, manifest: Manifest): void {
  const { functions = {} } = definition as Partial<FunctionsDefinition>;
  const [found, declared] = [functions, manifest.functions ?? {}].map((one) =>
    Object.keys(one).sort().join(', '),
  );
  expectThat(
    found === declared,
    `the manifest declares ${declared || 'none'}, the code has ${found || 'none'}`,
  );
}

/** Nothing is recorded, so every call of the host fails: that may end the run, but must not hold it or come to something else than an error. */
async function checkUnanswered(kind: 'handler' | 'exporter', definition: object, options: JsonObject) {
  const given = kind === 'exporter' ? [testFacts()] : eventTypes.map((type) => testEvent(type));
  for (const argument of given) {
    const context = fixtureContext({ options });
    const outcome = await inTime(runVerb(definition as HandlerDefinition, context, argument as HandlerEvent));
    expectThat(outcome !== 'late', `still running after ${signalDeadlineMs} ms`);
    if (outcome !== 'ended') expectThat(outcome.thrown instanceof Error, 'threw something that is no Error');
    checkPlain(context.state, 'ctx.state');
  }
}

function checkDocumented(value: unknown, manifest: Manifest): void {
  checkPlain(value);
  expectThat(
    typeof value === 'object' && value !== null && !Array.isArray(value),
    'a collector must yield a tree',
  );
  const undocumented = undocumentedPaths(value, manifest.output ?? {});
  expectThat(
    undocumented.length === 0,
    `output of plugin.yml lacks: ${undocumented.slice(0, 20).join(', ')}`,
  );
}

async function checkSignal(definition: object, options: JsonObject): Promise<void> {
  const context = hostContext({ options });
  context.abort();
  const outcome = await inTime(runReal(definition, context));
  expectThat(outcome !== 'late', `still running ${signalDeadlineMs} ms after its signal fired`);
}

async function inTime(work: Promise<unknown>): Promise<'ended' | 'late' | { thrown: unknown }> {
  let deadline: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    deadline = setTimeout(() => resolve('late'), signalDeadlineMs);
  });
  const ended = work.then(
    () => 'ended' as const,
    (thrown: unknown) => ({ thrown }),
  );
  const first = await Promise.race([ended, late]);
  clearTimeout(deadline);
  return first;
}

function runReal(definition: object, context: HostContext): Promise<VerbOutcome<unknown>> {
  return runVerb(definition as CollectorDefinition, context);
}
