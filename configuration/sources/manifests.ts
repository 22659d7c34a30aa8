import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Manifest } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';
import type { ScopeFunction } from '../../language/program.ts';
import { digestPlugin, type LockEntry, readLock } from '../lock.ts';
import type { Diagnostic, PluginEntry } from '../model.ts';
import type { Scan } from './files.ts';
import { Findings } from './findings.ts';
import { manifestSchema } from './kinds.ts';
import { validate } from './validate.ts';
import { parseYaml } from './yaml.ts';

/** The plugins of one load: by id, the functions they give to expressions, and which pack a third-party one stands in. */
export interface PluginSet {
  entries: ReadonlyMap<string, PluginEntry>;
  functions: ReadonlyMap<string, ScopeFunction>;
  /** Names of plugins that run as services: top-level keys of their own. */
  services: ReadonlyMap<string, PluginEntry>;
  /** Changes when any of the plugins does. */
  key: string;
  diagnostics: Diagnostic[];
  /** Third-party paths that turned bad. */
  bad: string[];
}

const schemaText = JSON.stringify(manifestSchema);
const serviceKinds = new Set(['listener', 'cluster']);

/** Where a plugin's code runs: what its manifest says, else what its kind implies. */
export function runtimeOf(manifest: Manifest): NonNullable<Manifest['runs']> {
  return manifest.runs ?? (serviceKinds.has(manifest.kind) ? 'service' : 'job');
}

/** Where the build keeps the shipped manifests ready parsed, below the modules. */
export const bakedName = 'manifests.json';

/** Names a manifest's text in the build's file: text and schema, so that neither can have changed since. */
export function manifestKey(text: string): string {
  return createHash('sha256').update(schemaText).update(text).digest('hex');
}

/**
 * Reads the manifests of the shipped plugins: `<manifests>/<kind folder>/<name>/plugin.yml`, code in the same place under `modules`.
 * Runs no plugin code. A bad manifest is a finding, and its plugin does not exist. What the build has parsed is not parsed again.
 */
export function readShipped(
  manifests: string,
  modules: string,
): { entries: PluginEntry[]; diagnostics: Diagnostic[] } {
  const findings = new Findings();
  const baked = readBaked(join(modules, bakedName));
  const paths = folders(manifests).flatMap((kind) =>
    folders(join(manifests, kind)).map((name) => join(kind, name)),
  );
  const entries = paths.flatMap((path): PluginEntry[] => {
    const folder = join(manifests, path);
    const file = join(folder, 'plugin.yml');
    const text = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    const manifest =
      text === undefined ? undefined : (baked[manifestKey(text)] ?? parseManifest(text, file, 0, findings));
    if (manifest === undefined) return [];
    const isCodeless = manifest.runs === 'expression' || manifest.runs === 'guest';
    const module = isCodeless ? null : join(modules, path, 'index.js');
    const id = `${manifest.kind}/${manifest.name}`;
    return [{ id, manifest, folder, module, origin: 'shipped', approval: 'shipped', digest: '' }];
  });
  return { entries, diagnostics: findings.list };
}

function readBaked(file: string): { [key: string]: Manifest } {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { [key: string]: Manifest };
  } catch {
    return {};
  }
}

function folders(path: string): string[] {
  if (!existsSync(path)) return [];
  const entries = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return entries.map(({ name }) => name).sort();
}

function parseManifest(text: string, file: string, firstLine: number, into: Findings): Manifest | undefined {
  const { documents, findings } = parseYaml(text);
  for (const { severity, code, message, line, column } of findings)
    into.add(severity, code, message, { file, line: line + firstLine, column });
  if (findings.some(({ severity }) => severity === 'error')) return undefined;
  const document = documents[0];
  if (document === undefined)
    return into.error('OPSBRO_PLUGIN_MANIFEST', 'the manifest is empty', { file, line: 1, column: 1 });
  const problems = validate(manifestSchema, document.value, 'a manifest');
  for (const { message, path, of } of problems) {
    const { line, column } = document.locate(path, of);
    into.error('OPSBRO_PLUGIN_MANIFEST', message, { file, line: line + firstLine, column });
  }
  return problems.length === 0 ? (document.value as unknown as Manifest) : undefined;
}

/** Adds the third-party plugins a scan found to the shipped ones, each with what the lock says of it. */
export function collectPlugins(
  shipped: readonly PluginEntry[],
  scan: Scan,
  locks: readonly string[],
): PluginSet {
  const all = new Findings();
  const bad: string[] = [];
  const entries = new Map(shipped.map((entry) => [entry.id, entry]));
  const lock = scan.plugins.length === 0 ? new Map<string, LockEntry>() : tryReadLock(locks, all);
  for (const found of scan.plugins) {
    const findings = new Findings();
    const entry = thirdParty(found, lock, findings);
    const other = entry && entries.get(entry.id);
    if (other !== undefined) {
      const message = `the plugin ${other.id} exists already in ${other.folder}; give this one another name`;
      findings.error('OPSBRO_CONFIG_DUPLICATE_ID', message, { file: found.file.path, line: 1, column: 1 });
    } else if (entry !== undefined) entries.set(entry.id, entry);
    if (findings.failed) bad.push(found.path, found.file.path);
    all.list.push(...findings.list);
  }
  const usable = [...entries.values()].filter(({ approval }) => approval !== 'pending');
  const services = usable.filter(({ manifest }) => runtimeOf(manifest) === 'service');
  return {
    entries,
    functions: functionsOf(usable),
    services: new Map(services.map((entry) => [entry.manifest.name, entry])),
    key: [...entries.values()].map(({ id, digest, approval }) => `${id} ${digest} ${approval}`).join('\n'),
    diagnostics: all.list,
    bad,
  };
}

function tryReadLock(locks: readonly string[], findings: Findings): ReadonlyMap<string, LockEntry> {
  try {
    return readLock(locks);
  } catch (thrown) {
    if (!(thrown instanceof OpsbroError)) throw thrown;
    const file = locks.find((path) => existsSync(path)) ?? '';
    findings.error(thrown.code, thrown.message, { file, line: 1, column: 1 });
    return new Map();
  }
}

function thirdParty(
  { path, file }: Scan['plugins'][number],
  lock: ReadonlyMap<string, LockEntry>,
  findings: Findings,
): PluginEntry | undefined {
  const isSingle = path === file.path;
  const place = { file: file.path, line: 1, column: 1 };
  const text = file.bytes.toString('utf8');
  const header = isSingle ? /^\/\*---[^\n]*\n([\s\S]*?)\n---\*\//.exec(text)?.[1] : text;
  if (header === undefined)
    return findings.error(
      'OPSBRO_PLUGIN_MANIFEST',
      "the manifest after '/*---' does not end with '---*/'",
      place,
    );
  const manifest = parseManifest(header, file.path, isSingle ? 1 : 0, findings);
  if (manifest === undefined) return undefined;
  const code = isSingle ? path : ['index.js', 'index.mjs'].map((name) => join(path, name)).find(isFile);
  try {
    const id = `${manifest.kind}/${manifest.name}`;
    const digest = digestPlugin(path);
    const pinned = lock.get(id);
    const isTrusted =
      pinned?.digest === digest && pinned.trust && code !== undefined && !code.endsWith('.ts');
    const approval = isTrusted ? 'trusted' : 'pending';
    const folder = isSingle ? dirname(path) : path;
    return { id, manifest, folder, module: isTrusted ? code : null, origin: 'third-party', approval, digest };
  } catch (thrown) {
    if (thrown instanceof OpsbroError) return findings.error(thrown.code, thrown.message, place);
    return findings.error('OPSBRO_CONFIG_UNREADABLE', 'the code of the plugin cannot be read', place);
  }
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
