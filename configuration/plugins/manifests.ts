import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Manifest } from 'opsbro/sdk';
import type { ScopeFunction } from '../../language/program.ts';
import type { Diagnostic, PluginEntry } from '../model.ts';
import type { Scan } from '../sources/files.ts';
import { Findings } from '../sources/findings.ts';
import { kindSchemas, manifestSchema } from '../sources/kinds.ts';
import { parseManifest, runtimeOf } from '../sources/manifest-text.ts';
import type { Unbundled } from './signed.ts';
import { type Approved, readApproved, thirdParty } from './third-party.ts';

/** The plugins of one load: by id, the functions they give to expressions, and which pack a third-party one stands in. */
export interface PluginSet {
  entries: ReadonlyMap<string, PluginEntry>;
  functions: ReadonlyMap<string, ScopeFunction>;
  /** Plugins whose name is a top-level key: services and exporters. */
  keyed: ReadonlyMap<string, PluginEntry>;
  /** Changes when any of the plugins does. */
  key: string;
  diagnostics: Diagnostic[];
  /** Third-party paths that turned bad. */
  bad: string[];
  /** Signed plugins that will run once they are bundled. */
  unbundled: Unbundled[];
}

const schemaText = JSON.stringify(manifestSchema);

/** A plugin whose options are a top-level key of its name, unless agent.yml has a setting of that name. */
function isKeyed(manifest: Manifest): boolean {
  if (runtimeOf(manifest) === 'service') return true;
  return manifest.kind === 'exporter' && !isSetting(manifest.name);
}

function isSetting(name: string): boolean {
  return Object.hasOwn(kindSchemas.agent.properties, name);
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

/**
 * Adds the third-party plugins a scan found to the shipped ones, each with what the locks say of it. `failures`: why signed plugins could not
 * be bundled, by the digest of their files.
 */
export function collectPlugins(
  shipped: readonly PluginEntry[],
  scan: Scan,
  locks: readonly string[],
  failures: ReadonlyMap<string, string> = new Map(),
): PluginSet {
  const all = new Findings();
  const bad: string[] = [];
  const entries = new Map(shipped.map((entry) => [entry.id, entry]));
  const approved = readApproved(scan, locks, failures, all);
  for (const { found, entry, findings } of judged(scan, approved)) {
    const clash = entry && nameClash(entry.manifest, entries);
    const place = { file: found.file.path, line: 1, column: 1 };
    if (clash !== undefined) findings.error('OPSBRO_CONFIG_DUPLICATE_ID', clash, place);
    else if (entry !== undefined) entries.set(entry.id, entry);
    if (findings.failed) bad.push(found.path, found.file.path);
    all.list.push(...findings.list);
  }
  const usable = [...entries.values()].filter(({ approval }) => approval !== 'pending');
  const functions = functionsOf(usable, all);
  // Those that wait for approval too: their keys are no mistakes.
  const keyed = [...entries.values()].filter(({ manifest }) => isKeyed(manifest));
  return {
    entries,
    functions,
    keyed: new Map(keyed.map((entry) => [entry.manifest.name, entry])),
    key: [...entries.values()]
      .map(({ id, digest, approval, waits = '' }) => `${id} ${digest} ${approval} ${waits}`)
      .join('\n'),
    diagnostics: all.list,
    bad,
    unbundled: approved.unbundled,
  };
}

/**
 * What was dropped, in the order in which names are given away: first what was approved as it lies there, then what lies where something of
 * that name was approved, so that a stranger's file which sorts earlier takes no place.
 */
function judged(
  scan: Scan,
  approved: Approved,
): { found: Scan['plugins'][number]; entry: PluginEntry | undefined; findings: Findings }[] {
  const rank = (path: string, entry: PluginEntry | undefined): number => {
    if (entry === undefined || entry.approval === 'pending') return 2;
    if (entry.waits === undefined) return 0;
    const at = approved.entries.get(entry.id) ?? approved.signed?.entries.get(entry.id);
    return at?.path === path ? 1 : 2;
  };
  return scan.plugins
    .map((found) => {
      const findings = new Findings();
      const entry = thirdParty(found, approved, findings);
      return { found, entry, findings, rank: rank(found.path, entry) };
    })
    .sort((one, other) => one.rank - other.rank);
}

/** Why a plugin cannot have its name beside these others; undefined when it can. */
export function nameClash(manifest: Manifest, entries: ReadonlyMap<string, PluginEntry>): string | undefined {
  const { kind, name } = manifest;
  if (isKeyed(manifest) && isSetting(name))
    return `'${name}' is a setting of agent.yml; give the ${kind} another name`;
  const other = entries.get(`${kind}/${name}`) ?? sameKey(manifest, entries);
  return other && `the plugin ${other.id} exists already in ${placeOf(other)}; give this one another name`;
}

/** The folder or the one file of a plugin. */
function placeOf({ folder, file = '' }: PluginEntry): string {
  return file === '' || basename(file) === 'plugin.yml' ? folder : file;
}

/** The plugin whose options have the top-level key that this one's would have. */
function sameKey(manifest: Manifest, entries: ReadonlyMap<string, PluginEntry>): PluginEntry | undefined {
  if (!isKeyed(manifest)) return undefined;
  return [...entries.values()].find(
    (other) => isKeyed(other.manifest) && other.manifest.name === manifest.name,
  );
}

/** The functions by name; where two plugins give the same one, the first has it, and that is told of the other. */
function functionsOf(
  entries: readonly PluginEntry[],
  findings: Findings,
): ReadonlyMap<string, ScopeFunction> {
  const functions = new Map<string, ScopeFunction>();
  for (const entry of entries) {
    const { id, manifest } = entry;
    for (const [name, signature] of Object.entries(manifest.functions ?? {})) {
      const runs = runtimeOf(manifest) === 'guest' ? 'guest' : 'job';
      const given: ScopeFunction = { name, plugin: id, runs, signature };
      for (const spelling of [name, ...(signature.aliases ?? [])]) {
        const first = functions.get(spelling);
        if (first === undefined) functions.set(spelling, given);
        else if (first.plugin !== id)
          findings.warning(
            'OPSBRO_CONFIG_DUPLICATE_ID',
            `the function '${spelling}' of ${id} is never called, for ${first.plugin} gives one of that name; give it another`,
            { file: entry.file ?? join(entry.folder, 'plugin.yml'), line: 1, column: 1 },
          );
      }
    }
  }
  return functions;
}
