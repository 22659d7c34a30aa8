import type { JsonObject, Manifest } from 'opsbro/sdk';
import { permissionProblems } from '../../sandbox/grants/permissions.ts';
import type { Findings } from './findings.ts';
import { manifestSchema } from './kinds.ts';
import { type SchemaFinding, schemaFaults, validate } from './validate.ts';
import { parseYaml } from './yaml.ts';

const serviceKinds = new Set(['listener', 'cluster']);

/** Where a plugin's code runs: what its manifest says, else what its kind implies. */
export function runtimeOf(manifest: Manifest): NonNullable<Manifest['runs']> {
  return manifest.runs ?? (serviceKinds.has(manifest.kind) ? 'service' : 'job');
}

/**
 * Reads the text of a manifest. `firstLine` lines of its file stand above it. What is wrong goes into `into`, with its place, and then
 * there is no manifest.
 */
export function parseManifest(
  text: string,
  file: string,
  firstLine: number,
  into: Findings,
): Manifest | undefined {
  const { documents, findings } = parseYaml(text);
  for (const { severity, code, message, line, column } of findings)
    into.add(severity, code, message, { file, line: line + firstLine, column });
  if (findings.some(({ severity }) => severity === 'error')) return undefined;
  const document = documents[0];
  if (document === undefined)
    return into.error('OPSBRO_PLUGIN_MANIFEST', 'the manifest is empty', { file, line: 1, column: 1 });
  const invalid = validate(manifestSchema, document.value, 'a manifest');
  const manifest = document.value as unknown as Manifest;
  const problems = invalid.length > 0 ? invalid : rightsProblems(manifest);
  for (const { message, path, of } of problems) {
    const { line, column } = document.locate(path, of);
    into.error('OPSBRO_PLUGIN_MANIFEST', message, { file, line: line + firstLine, column });
  }
  return problems.length === 0 ? manifest : undefined;
}

/**
 * Whether the options of a manifest that `parseManifest` took are described by a JSON Schema. What is wrong goes into `into`, with its place.
 * Costs more than all of that, so it is done before somebody else's manifest is approved, not whenever it is read.
 */
export function checkOptionSchema(text: string, file: string, firstLine: number, into: Findings): boolean {
  const [document] = parseYaml(text).documents;
  const { options } = (document?.value ?? {}) as Partial<Manifest>;
  const faults = options === undefined ? [] : schemaFaults(options);
  for (const { message, path, of } of faults) {
    const { line, column } = document?.locate(['options', ...path], of) ?? { line: 1, column: 1 };
    const text = `'options' is no JSON Schema: ${message}`;
    into.error('OPSBRO_PLUGIN_MANIFEST', text, { file, line: line + firstLine, column });
  }
  return faults.length === 0;
}

function rightsProblems({ permissions = {} }: Manifest): Omit<SchemaFinding, 'code'>[] {
  return permissionProblems(permissions).map(({ path, message }) => ({
    message,
    path: ['permissions', ...path],
    of: 'value',
  }));
}

/** The manifest's text in a plugin of one file: the YAML from `/*---` on its first line up to `---*` + `/`; null where that does not end. */
export function manifestHeader(text: string): string | null {
  return /^\/\*---[^\n]*\n([\s\S]*?)\n---\*\//.exec(text)?.[1] ?? null;
}

/** Whether agent.yml enables a service of this manifest. */
export function isEnabledBy(manifest: Manifest | undefined, agent: JsonObject): boolean {
  const by = agent[manifest?.enabled_by ?? ''];
  return typeof by === 'object' && by !== null && !Array.isArray(by) && by.enabled === true;
}

/** Whether an object is enabled, by its own keys or by agent.yml. Options that have an `enabled` are told which. */
export function isEnabled(
  own: JsonObject,
  options: JsonObject,
  manifest: Manifest | undefined,
  agent: JsonObject,
): boolean {
  const isAsked = (own.enabled ?? own.enable ?? true) === true;
  if (Object.hasOwn(options, 'enabled')) options.enabled = isAsked;
  return isAsked || isEnabledBy(manifest, agent);
}
