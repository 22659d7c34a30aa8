import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { JsonObject, Manifest } from 'opsbro/sdk';
import { digestPlugin, type LockEntry, readLock } from '../config/lock.ts';
import type { Diagnostic, PluginEntry } from '../config/model.ts';
import { type ErrorCode, OpsbroError } from '../errors.ts';
import type { ScopeFunction } from '../expressions/program.ts';
import type { Scan } from './files.ts';
import { manifestSchema } from './kinds.ts';
import { validate } from './validate.ts';
import { parseYaml } from './yaml.ts';

/** The plugins of one load: by id, the functions they give to expressions, and which pack a third-party one stands in. */
export interface PluginSet {
  entries: ReadonlyMap<string, PluginEntry>;
  functions: ReadonlyMap<string, ScopeFunction>;
  /** Names of plugins that run as services: top-level keys of their own. */
  services: ReadonlyMap<string, PluginEntry>;
  diagnostics: Diagnostic[];
  /** Third-party paths that turned bad. */
  bad: string[];
}

const serviceKinds = new Set(['listener', 'cluster']);

/** Where a plugin's code runs: what its manifest says, else what its kind implies. */
export function runtimeOf(manifest: Manifest): NonNullable<Manifest['runs']> {
  return manifest.runs ?? (serviceKinds.has(manifest.kind) ? 'service' : 'job');
}

/**
 * Reads the manifests of the shipped plugins: `<manifests>/<kind folder>/<name>/plugin.yml`, code in the same place under `modules`.
 * Runs no plugin code. A bad manifest is a finding, and its plugin does not exist.
 */
export function readShipped(
  manifests: string,
  modules: string,
): { entries: PluginEntry[]; diagnostics: Diagnostic[] } {
  const entries: PluginEntry[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const kindFolder of folders(manifests)) {
    for (const name of folders(join(manifests, kindFolder))) {
      const file = join(manifests, kindFolder, name, 'plugin.yml');
      if (!existsSync(file)) continue;
      const manifest = parseManifest(readFileSync(file, 'utf8'), file, 0, diagnostics);
      if (manifest === undefined) continue;
      const codeless = manifest.runs === 'expression' || manifest.runs === 'guest';
      entries.push({
        id: `${manifest.kind}/${manifest.name}`,
        manifest,
        folder: dirname(file),
        module: codeless ? null : join(modules, kindFolder, name, 'index.js'),
        origin: 'shipped',
        approval: 'shipped',
        digest: '',
      });
    }
  }
  return { entries, diagnostics };
}

function folders(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function parseManifest(
  text: string,
  file: string,
  firstLine: number,
  diagnostics: Diagnostic[],
): Manifest | undefined {
  const add = (
    severity: 'error' | 'warning',
    code: ErrorCode,
    message: string,
    line: number,
    column: number,
  ): void => {
    diagnostics.push({ severity, code, message, place: { file, line: line + firstLine, column } });
  };
  const { documents, findings } = parseYaml(text);
  for (const { severity, code, message, line, column } of findings)
    add(severity, code, message, line, column);
  if (findings.some(({ severity }) => severity === 'error')) return undefined;
  const document = documents[0];
  if (document === undefined) {
    add('error', 'OPSBRO_PLUGIN_MANIFEST', 'the manifest is empty', 1, 1);
    return undefined;
  }
  const problems = validate(manifestSchema, document.value, 'a manifest');
  for (const { message, path, of } of problems) {
    const { line, column } = document.locate(path, of);
    add('error', 'OPSBRO_PLUGIN_MANIFEST', message, line, column);
  }
  return problems.length === 0 ? (document.value as unknown as Manifest) : undefined;
}

/** Adds the third-party plugins a scan found to the shipped ones, each with what the lock says of it. */
export function collectPlugins(
  shipped: readonly PluginEntry[],
  scan: Scan,
  locks: readonly string[],
): PluginSet {
  const diagnostics: Diagnostic[] = [];
  const bad: string[] = [];
  const entries = new Map(shipped.map((entry) => [entry.id, entry]));
  const lock = scan.plugins.length === 0 ? new Map<string, LockEntry>() : tryReadLock(locks, diagnostics);
  for (const found of scan.plugins) {
    const before = diagnostics.length;
    const entry = thirdParty(found, lock, diagnostics);
    const other = entry && entries.get(entry.id);
    if (other !== undefined) {
      const message = `the plugin ${other.id} exists already in ${other.folder}; give this one another name`;
      const place = { file: found.file.path, line: 1, column: 1 };
      diagnostics.push({ severity: 'error', code: 'OPSBRO_CONFIG_DUPLICATE_ID', message, place });
    } else if (entry !== undefined) entries.set(entry.id, entry);
    if (diagnostics.slice(before).some(({ severity }) => severity === 'error'))
      bad.push(found.path, found.file.path);
  }
  const usable = [...entries.values()].filter(({ approval }) => approval !== 'pending');
  return {
    entries,
    functions: functionsOf(usable),
    services: new Map(
      usable
        .filter(({ manifest }) => runtimeOf(manifest) === 'service')
        .map((entry) => [entry.manifest.name, entry]),
    ),
    diagnostics,
    bad,
  };
}

function tryReadLock(locks: readonly string[], diagnostics: Diagnostic[]): ReadonlyMap<string, LockEntry> {
  try {
    return readLock(locks);
  } catch (thrown) {
    if (!(thrown instanceof OpsbroError)) throw thrown;
    const place = { file: locks.find((path) => existsSync(path)) ?? '', line: 1, column: 1 };
    diagnostics.push({ severity: 'error', code: thrown.code, message: thrown.message, place });
    return new Map();
  }
}

function thirdParty(
  found: Scan['plugins'][number],
  lock: ReadonlyMap<string, LockEntry>,
  diagnostics: Diagnostic[],
): PluginEntry | undefined {
  const single = found.path === found.file.path;
  const place = { file: found.file.path, line: 1, column: 1 };
  const refuse = (code: ErrorCode, message: string): undefined => {
    diagnostics.push({ severity: 'error', code, message, place });
  };
  const text = found.file.bytes.toString('utf8');
  const header = single ? /^\/\*---[^\n]*\n([\s\S]*?)\n---\*\//.exec(text)?.[1] : text;
  if (header === undefined)
    return refuse('OPSBRO_PLUGIN_MANIFEST', "the manifest after '/*---' does not end with '---*/'");
  const manifest = parseManifest(header, found.file.path, single ? 1 : 0, diagnostics);
  if (manifest === undefined) return undefined;
  const module = single ? found.path : ['index.js', 'index.mjs'].map((n) => join(found.path, n)).find(isFile);
  let digest: string;
  try {
    digest = digestPlugin(found.path);
  } catch (thrown) {
    if (thrown instanceof OpsbroError) return refuse(thrown.code, thrown.message);
    return refuse('OPSBRO_CONFIG_UNREADABLE', 'the code of the plugin cannot be read');
  }
  const id = `${manifest.kind}/${manifest.name}`;
  const pinned = lock.get(id);
  const trusted =
    pinned?.digest === digest && pinned.trust && module !== undefined && !module.endsWith('.ts');
  return {
    id,
    manifest,
    folder: single ? dirname(found.path) : found.path,
    module: trusted ? module : null,
    origin: 'third-party',
    approval: trusted ? 'trusted' : 'pending',
    digest,
  };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function functionsOf(entries: readonly PluginEntry[]): ReadonlyMap<string, ScopeFunction> {
  const functions = new Map<string, ScopeFunction>();
  for (const { id, manifest } of entries) {
    for (const [name, signature] of Object.entries(manifest.functions ?? {})) {
      const runs = runtimeOf(manifest) === 'guest' ? 'guest' : 'job';
      const given: ScopeFunction = { name, plugin: id, runs, signature };
      for (const spelling of [name, ...(signature.aliases ?? [])])
        if (!functions.has(spelling)) functions.set(spelling, given);
    }
  }
  return functions;
}

/** The options schema of a plugin; undefined when it takes none. */
export function optionsSchema(entry: PluginEntry): JsonObject | undefined {
  return entry.manifest.options;
}
