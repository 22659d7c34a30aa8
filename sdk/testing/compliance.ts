import type { CollectorDefinition } from '../define.ts';
import type { Manifest, PluginKind } from '../manifest.ts';
import type { JsonObject } from '../values.ts';
import { type HostContext, hostContext } from './host-context.ts';
import { checkPlain, undocumentedPaths } from './output-rules.ts';
import { checkManifest, checkOptionTable, checkReadme, defaultOptions, expectThat } from './plugin-folder.ts';
import { runVerb, type VerbOutcome } from './run-verb.ts';

const verbOfKind: { [kind in PluginKind]?: string } = {
  collector: 'collect',
  detector: 'detect',
  check: 'check',
  handler: 'handle',
  exporter: 'export',
  functions: 'functions',
};

const runnableKinds: readonly string[] = ['collector', 'detector'];
const signalDeadlineMs = 2000;

/** One test of the suite. `skip` says why it cannot run here. */
export interface ComplianceTest {
  name: string;
  run(): Promise<void>;
  skip?: string;
}

/**
 * What every plugin of a kind must satisfy, as tests for vitest's `it`: manifest, README, option table, verb; for collectors and
 * detectors also runs on the real host (two in a row, and one whose signal has fired).
 * `folder` is the plugin's folder as a file URL that ends in `/`; `manifest` is its parsed `plugin.yml`. `options` and `state`
 * are for the real runs; options default to the manifest's defaults.
 * @example
 * for (const test of complianceSuite('collector', new URL('./', import.meta.url), memory, manifest))
 *   it.skipIf(test.skip !== undefined)(test.name, test.run);
 */
export function complianceSuite(
  kind: PluginKind,
  folder: URL,
  definition: object,
  manifest: Manifest,
  given: { options?: JsonObject } = {},
): ComplianceTest[] {
  const options = given.options ?? defaultOptions(manifest);
  const verb = verbOfKind[kind];
  const tests: ComplianceTest[] = [
    {
      name: 'has a manifest that matches its folder',
      run: async () => checkManifest(kind, folder, manifest),
    },
    { name: 'has a README with the fixed sections', run: async () => checkReadme(folder, manifest) },
    {
      name: 'documents exactly the options of its manifest',
      run: async () => checkOptionTable(folder, manifest),
    },
    {
      name: 'has the verb of its kind',
      run: async () => expectThat(verb === undefined || verb in definition, `the definition lacks '${verb}'`),
    },
  ];
  if (!runnableKinds.includes(kind)) return tests;
  const here = (manifest.platforms ?? [process.platform]).includes(process.platform);
  const skip = here ? {} : { skip: `runs on ${manifest.platforms?.join(', ')}, this is ${process.platform}` };
  return [
    ...tests,
    {
      name: 'yields documented plain data on this host, twice',
      run: () => checkRealRuns(kind, definition, manifest, options),
      ...skip,
    },
    { name: 'ends when its signal has fired', run: () => checkSignal(definition, options), ...skip },
  ];
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
    else checkDocumented(outcome.value, manifest);
  }
}

function checkGroups(value: unknown): void {
  expectThat(Array.isArray(value), 'a detector must yield a list of groups');
  for (const group of value)
    expectThat(typeof group === 'string' && /^\S+$/.test(group), `'${String(group)}' is not a group's name`);
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
  let deadline: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    deadline = setTimeout(() => resolve('late'), signalDeadlineMs);
  });
  const ended = runReal(definition, context).then(
    () => 'ended',
    () => 'ended',
  );
  const first = await Promise.race([ended, late]);
  clearTimeout(deadline);
  expectThat(first === 'ended', `still running ${signalDeadlineMs} ms after its signal fired`);
}

function runReal(definition: object, context: HostContext): Promise<VerbOutcome<unknown>> {
  return runVerb(definition as CollectorDefinition, context);
}
