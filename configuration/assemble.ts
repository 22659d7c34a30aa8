import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import type { JsonObject } from 'opsbro/sdk';
import type { ErrorCode } from '../core/errors.ts';
import { agentSettings, checkAgent, globalData } from './agent-settings.ts';
import type { BuildContext, Built, ExpressionCompiler } from './build.ts';
import type { AgentSettings, ConfigObject, Diagnostic, Place, PluginEntry } from './model.ts';
import type { PluginSet } from './plugins/manifests.ts';
import { dependencyFindings } from './policy/dependencies.ts';
import { groupFindings } from './policy/group-names.ts';
import { checkHandlerNames } from './policy/handler-names.ts';
import { zoneFindings } from './policy/zones.ts';
import type { Scan } from './sources/files.ts';
import { inOrder } from './sources/findings.ts';
import { mergeTrees } from './sources/macros.ts';
import { isEnabledBy, runtimeOf } from './sources/manifest-text.ts';
import { overlay } from './sources/override.ts';
import { checkParameters, type ParameterScope } from './sources/parameters.ts';
import type { RawObject, SplitFile } from './sources/split.ts';

/** What a load came to, before it is compared with what runs. */
export interface Loaded {
  objects: ConfigObject[];
  /** The text behind each object, all its directories merged. */
  raws: ReadonlyMap<string, RawObject>;
  /** Ids of objects that are laid over one whose file is bad. */
  undermined: ReadonlySet<string>;
  plugins: PluginSet;
  agent: AgentSettings;
  agentRaws: RawObject[];
  /** Merged parameters by pack. */
  parameters: ReadonlyMap<string, JsonObject>;
  /** The files they were merged of, in order. */
  parameterRaws: RawObject[];
  diagnostics: Diagnostic[];
  badFiles: string[];
  /** Packs whose parameters could not all be read, and whether agent.yml could not. */
  badPacks: ReadonlySet<string>;
  badAgent: boolean;
  fileCount: number;
}

interface Parts {
  scan: Scan;
  plugins: PluginSet;
  splits: readonly SplitFile[];
  compiler: ExpressionCompiler;
  /** Builds an object, or takes it from memory when `key` (what it depends on besides its text) is the same. */
  build(raw: RawObject, key: string, context: BuildContext): Built;
  /** Objects of plugins that run without YAML, by id; kept between loads so that they stay the same. */
  synthesised: Map<string, RawObject>;
}

/**
 * Makes one configuration of all files: merges parameters and agent.yml over the directories, lays later directories over earlier ones by
 * id, adds the plugins that run without YAML, and builds every object. A file with any error gives no object.
 */
export function assemble(parts: Parts): Loaded {
  return new Assembly(parts).run();
}

/** The pack whose parameters an object sees: its own; a plugin that runs without YAML sees those of the pack with its name. */
export function parametersOf({ pack, name }: { pack: string; name: string }): string {
  return pack === 'core' ? name : pack;
}

function pick(tree: JsonObject, keys: string[]): JsonObject {
  return Object.fromEntries(Object.entries(tree).filter(([key]) => keys.includes(key)));
}

/** The handler that a pack's parameters make, as packs of OpsBro have them. */
function handlerOf(type: string, parameters: JsonObject): JsonObject {
  const enabled = parameters.enabled ?? parameters.enabled_if_group !== undefined;
  return { type, enabled, ...pick(parameters, ['enabled_if_group', 'severities']) };
}

class Assembly {
  private readonly parts: Parts;
  private readonly diagnostics: Diagnostic[] = [];
  private readonly bad = new Set<string>();
  private readonly candidates = new Map<string, RawObject[]>();
  private readonly parameters = new Map<string, JsonObject>();
  private readonly parameterRaws: RawObject[] = [];
  private readonly agentRaws: RawObject[] = [];
  private agent: AgentSettings = agentSettings({}, {});

  constructor(parts: Parts) {
    this.parts = parts;
  }

  run(): Loaded {
    const { scan, plugins, splits } = this.parts;
    for (const list of [scan.diagnostics, plugins.diagnostics, ...splits.map((split) => split.diagnostics)])
      this.note(list);
    for (const path of [...scan.bad.map(({ path }) => path), ...plugins.bad]) this.bad.add(path);
    for (const { objects } of splits) for (const raw of objects) this.admit(raw);
    this.mergeAgent();
    this.mergeParameters();
    this.synthesise();
    const { objects: built, raws } = this.buildAll();
    this.note([...dependencyFindings(built, raws), ...zoneFindings(built, raws)]);
    // A file that cannot be read may hold the detector.
    const load = { objects: built, raws, plugins: plugins.entries.values(), groups: this.agent.groups };
    if (this.bad.size === 0) this.note(groupFindings(load));
    // No tree is made with a zone of a file that is bad, be it for its place in the tree.
    const objects = built.filter(({ kind, place }) => kind !== 'zone' || !this.bad.has(place.file));
    return {
      objects,
      raws,
      undermined: this.undermined(),
      plugins,
      agent: this.agent,
      agentRaws: this.agentRaws,
      parameters: this.parameters,
      parameterRaws: this.parameterRaws,
      diagnostics: inOrder(this.diagnostics),
      badFiles: [...this.bad],
      badPacks: this.badPacks(),
      badAgent:
        [...this.bad].some((path) => /^agent\.ya?ml$/i.test(basename(path))) ||
        scan.bad.some(({ folder, pack }) => folder && pack === null),
      fileCount: scan.files.length,
    };
  }

  private note(diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) {
      this.diagnostics.push(diagnostic);
      if (diagnostic.severity === 'error') this.bad.add(diagnostic.place.file);
    }
  }

  private error(code: ErrorCode, message: string, place: Place): undefined {
    this.note([{ severity: 'error', code, message, place }]);
  }

  /** Files come in order, so the second of two equal ids in one directory is the duplicate. */
  private admit(raw: RawObject): undefined {
    const known = this.candidates.get(raw.id) ?? [];
    const twin = known.find(({ file }) => file.directory === raw.file.directory);
    if (twin !== undefined) {
      const { file, line, column } = twin.place;
      const hint = raw.kind === 'parameters' || raw.kind === 'agent' ? '' : "; give one of them another 'id'";
      const message = `the object ${raw.id} exists already at ${file}:${line}:${column}${hint}`;
      return this.error('OPSBRO_CONFIG_DUPLICATE_ID', message, raw.place);
    }
    this.candidates.set(raw.id, [...known, raw]);
  }

  private take(kind: RawObject['kind']): RawObject[] {
    const all = [...this.candidates.values()].flat().filter((raw) => raw.kind === kind);
    for (const { id } of all) this.candidates.delete(id);
    return all.sort((a, b) => a.file.directory - b.file.directory);
  }

  private mergeAgent(): void {
    const macros = new Set(this.parts.splits.flatMap((split) => split.macros));
    let values: JsonObject = {};
    let free: JsonObject = {};
    for (const raw of this.take('agent')) {
      const checked = checkAgent(raw, macros, this.parts.plugins.keyed.keys());
      this.note(checked.diagnostics);
      if (this.bad.has(raw.file.path)) continue;
      this.agentRaws.push(raw);
      values = mergeTrees(values, checked.values);
      free = { ...free, ...checked.free };
    }
    this.agent = agentSettings(values, free);
  }

  private mergeParameters(): void {
    for (const raw of this.take('parameters')) {
      this.note(checkParameters(raw, this.parameterScope(raw.pack)));
      if (this.bad.has(raw.file.path)) continue;
      this.parameterRaws.push(raw);
      this.parameters.set(raw.pack, mergeTrees(this.parameters.get(raw.pack) ?? {}, raw.value));
    }
  }

  private parameterScope(pack: string): ParameterScope {
    const manifests = [...this.parts.plugins.entries.values()].map(({ manifest }) => manifest);
    return {
      below: this.parameters.get(pack) ?? {},
      namesakes: manifests.filter(({ name }) => name === pack),
      objects: [...this.candidates.values()].flat().filter((raw) => raw.pack === pack),
    };
  }

  /**
   * Collectors run without YAML unless an object bears their name; detectors unless one uses them; services where their pack has parameters,
   * and so do handlers, which are off unless those say otherwise.
   */
  private synthesise(): void {
    const raws = [...this.candidates.values()].map((list) => overlay(list)!);
    const names = raws.map(
      ({ kind, name, value }) =>
        `${kind}/${(kind === 'detector' && value.use) || (kind === 'handler' && (value.use ?? value.type)) || name}`,
    );
    const taken = new Set(names);
    for (const entry of this.parts.plugins.entries.values()) {
      const { kind, name, platforms } = entry.manifest;
      if (entry.approval === 'pending' || (platforms && !platforms.includes(process.platform))) continue;
      const runtime = runtimeOf(entry.manifest);
      const isMeasuring = kind === 'collector' || kind === 'detector';
      const parameters = this.parameters.get(name);
      if (isMeasuring && runtime === 'job' && !taken.has(`${kind}/${name}`))
        this.addSynthesised(entry, kind, 'core', { use: name });
      else if (runtime === 'service' && parameters !== undefined && !taken.has(`service/${name}`))
        this.addSynthesised(entry, 'service', name, pick(parameters, ['enabled', 'enabled_if_group']));
      else if (isEnabledBy(entry.manifest, this.agent.values) && !taken.has(`service/${name}`))
        this.addSynthesised(entry, 'service', 'core', { enabled: false });
      else if (kind === 'handler' && parameters !== undefined && !taken.has(`handler/${name}`))
        this.addSynthesised(entry, 'handler', name, handlerOf(name, parameters));
    }
  }

  private addSynthesised(
    entry: PluginEntry,
    kind: 'collector' | 'detector' | 'service' | 'handler',
    pack: string,
    value: JsonObject,
  ): void {
    const { name } = entry.manifest;
    const id = `${pack}/${kind}/${name}`;
    // Templates of a handler lie beside the parameters that make it one.
    const parameters = this.parameterRaws.findLast((raw) => kind === 'handler' && raw.pack === pack);
    const path = parameters?.file.path ?? entry.file ?? join(entry.folder, 'plugin.yml');
    const key = `${id} ${path} ${JSON.stringify(value)}`;
    let raw = this.parts.synthesised.get(key);
    if (raw === undefined) {
      const place = { file: path, line: 1, column: 1 };
      const standing = { pack, root: false, isParameters: false };
      const file = { path, directory: -1, ...standing, base: name, bytes: Buffer.alloc(0), hash: '' };
      raw = { id, kind, pack, name, value, place, file, tests: [], locate: () => place };
      this.parts.synthesised.set(key, raw);
    }
    this.candidates.set(id, [raw]);
  }

  private buildAll(): { objects: ConfigObject[]; raws: Map<string, RawObject> } {
    const dropped = this.collectorTwins();
    const collectors = [...this.candidates.values()]
      .flat()
      .filter((raw) => raw.kind === 'collector' && !dropped.has(raw.id));
    const names = new Set(collectors.map(({ name }) => name.toLowerCase()));
    const handlers = [...this.candidates.values()].flat().filter(({ kind }) => kind === 'handler');
    const handlerNames = new Set(handlers.map(({ name }) => name));
    this.defaultHandlers(handlerNames);
    const contexts = new Map<string, { key: string; context: BuildContext }>();
    const built = new Map<string, { raw: RawObject | undefined; object: ConfigObject | null }>();
    const build = (id: string, raw: RawObject | undefined): void => {
      if (raw === undefined) return void built.set(id, { raw, object: null });
      const name = parametersOf(raw);
      const pack = contexts.get(name) ?? this.context(name, names, handlerNames);
      contexts.set(name, pack);
      const { object, diagnostics } = this.parts.build(raw, pack.key, pack.context);
      this.note(diagnostics);
      built.set(id, { raw, object });
    };
    const ids = [...this.candidates.keys()].filter((id) => !dropped.has(id));
    for (const id of ids) build(id, overlay(this.candidates.get(id)!));
    // Only now is known which files are bad; without them, what they were laid over counts alone.
    for (let isSettled = false; !isSettled; ) {
      isSettled = true;
      for (const id of ids) {
        const raw = overlay(this.candidates.get(id)!.filter(({ file }) => !this.bad.has(file.path)));
        if (built.get(id)?.raw === raw) continue;
        build(id, raw);
        isSettled = false;
      }
    }
    const good = [...built.values()].flatMap(({ raw, object }) => (raw && object ? [{ raw, object }] : []));
    return {
      objects: good.map(({ object }) => object),
      raws: new Map(good.map(({ raw, object }) => [object.id, raw])),
    };
  }

  private defaultHandlers(known: ReadonlySet<string>): void {
    const lists = [
      ...this.agentRaws.map((raw) => ({ raw, key: 'default_handlers' })),
      ...this.parameterRaws.map((raw) => ({ raw, key: 'handlers' })),
    ];
    for (const { raw, key } of lists)
      checkHandlerNames(`'${key}'`, raw.value[key], [key], known, (severity, code, message, path) =>
        this.note([{ severity, code, message, place: raw.locate(path, 'value') }]),
      );
  }

  private undermined(): Set<string> {
    const isGood = ({ file }: RawObject): boolean => !this.bad.has(file.path);
    const ids = [...this.candidates].flatMap(([id, list]) =>
      list.slice(0, Math.max(0, list.findLastIndex(isGood))).every(isGood) ? [] : id,
    );
    return new Set(ids);
  }

  /** Expressions know a collector by its name alone, so two packs cannot both have one: the later directory's counts. */
  private collectorTwins(): Set<string> {
    const dropped = new Set<string>();
    const byName = new Map<string, RawObject>();
    const all = [...this.candidates.values()].map((list) => list.at(-1)!);
    const sorted = all
      .filter(({ kind }) => kind === 'collector')
      .sort((a, b) => a.file.directory - b.file.directory);
    for (const raw of sorted) {
      const other = byName.get(raw.name.toLowerCase());
      if (other !== undefined && other.file.directory === raw.file.directory) {
        const { file, line, column } = other.place;
        const message = `the collector '${raw.name}' exists already at ${file}:${line}:${column}; give one of them another 'id'`;
        this.error('OPSBRO_CONFIG_DUPLICATE_ID', message, raw.place);
        continue;
      }
      if (other !== undefined) dropped.add(other.id);
      byName.set(raw.name.toLowerCase(), raw);
    }
    return dropped;
  }

  private context(
    pack: string,
    collectors: ReadonlySet<string>,
    handlers: ReadonlySet<string>,
  ): { key: string; context: BuildContext } {
    const { plugins, compiler } = this.parts;
    const files = this.parameterRaws.filter((raw) => raw.pack === pack);
    const context: BuildContext = {
      compiler,
      plugins: plugins.entries,
      keyed: plugins.keyed,
      functions: plugins.functions,
      collectors,
      handlers,
      pack,
      parameters: this.parameters.get(pack) ?? {},
      parameterPlace: (path, offset) =>
        files.findLast(({ value }) => Object.hasOwn(value, path[0] ?? ''))?.locate(path, 'value', offset),
      variables: globalData(this.agent),
    };
    const { parameters, variables } = context;
    const hashes = files.map(({ file }) => file.hash);
    const basis = JSON.stringify([
      plugins.key,
      [...collectors],
      [...handlers],
      parameters,
      variables,
      hashes,
    ]);
    return { key: createHash('sha256').update(basis).digest('hex'), context };
  }

  private badPacks(): Set<string> {
    const { files, bad } = this.parts.scan;
    const all = [...files.filter(({ path }) => this.bad.has(path)), ...bad];
    return new Set(all.filter(({ isParameters }) => isParameters).flatMap(({ pack }) => pack ?? []));
  }
}
