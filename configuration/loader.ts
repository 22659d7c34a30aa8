import type { Json } from 'opsbro/sdk';
import { OpsbroError } from '../core/errors.ts';
import { nearest } from '../language/nearest.ts';
import type { Program } from '../language/program.ts';
import { bundleSigned } from '../sandbox/approval/approve.ts';
import type { ConfigDirectories } from '../threads/protocol.ts';
import { globalData } from './agent-settings.ts';
import { assemble, type Loaded, parametersOf } from './assemble.ts';
import {
  type BuildContext,
  type Built,
  buildObject,
  type ExpressionCompiler,
  type Language,
} from './build.ts';
import type {
  CheckObject,
  ConfigPlan,
  DashboardObject,
  Diagnostic,
  PluginEntry,
  RunningObject,
  ShownObject,
} from './model.ts';
import { diff } from './plan.ts';
import { collectPlugins, type PluginSet, readShipped } from './plugins/manifests.ts';
import { signedLock } from './plugins/signed.ts';
import { showAgent, showObject, showParameters } from './show.ts';
import { variableTexts } from './sources/expression-text.ts';
import { type Scan, type SourceFile, scanDirectories, type TrustedOwners } from './sources/files.ts';
import { type RawObject, type SplitFile, splitFile } from './sources/split.ts';

const maxRemembered = 10_000;

/**
 * Reads configuration directories into a plan. It remembers what it parsed and compiled by content, so that a second load costs what
 * changed; the memory goes with it. Blocks while it reads: it belongs into a thread or a command, not into the agent's main thread.
 */
export class Configuration {
  private readonly compiler: ExpressionCompiler;
  private readonly owners: TrustedOwners;
  private files = new Map<string, { key: string; split: SplitFile }>();
  private readonly built = new WeakMap<RawObject, { key: string; built: Built }>();
  private shipped: { key: string; entries: PluginEntry[]; diagnostics: Diagnostic[] } | undefined;
  private readonly metErrors = new Set<string>();
  private readonly failures = new Map<string, string>();
  private sentPlugins = '';
  private last: Loaded | undefined;
  private readonly synthesised = new Map<string, RawObject>();

  /** `owners`: whose files are trusted, null when it does not matter (not root). */
  constructor(compiler: ExpressionCompiler, owners: TrustedOwners) {
    this.compiler = compiler;
    this.owners = owners;
  }

  /** Reads everything and tells what to start, restart and stop; its caller numbers the plan. Never throws for what a user wrote. */
  load(directories: ConfigDirectories, running: readonly RunningObject[]): ConfigPlan {
    const started = performance.now();
    const loaded = this.read(directories);
    const { entries, key } = loaded.plugins;
    const isNew = key !== this.sentPlugins;
    this.sentPlugins = key;
    return {
      generation: 0,
      ...diff(loaded, running),
      plugins: isNew ? [...entries.values()] : null,
      agent: loaded.badAgent && running.length > 0 ? null : loaded.agent,
      diagnostics: loaded.diagnostics,
      badFiles: loaded.badFiles,
      fileCount: loaded.fileCount,
      tookMs: performance.now() - started,
    };
  }

  /** Reads everything without comparing it to anything. */
  read(directories: ConfigDirectories): Loaded {
    const scan = scanDirectories(directories.config, this.owners);
    const plugins = this.readPlugins(directories, scan);
    const splits = this.splitAll(scan.files, plugins);
    const build = (raw: RawObject, key: string, context: BuildContext) => this.buildCached(raw, key, context);
    this.last = assemble({
      scan,
      plugins,
      splits,
      compiler: this.compiler,
      build,
      synthesised: this.synthesised,
    });
    return this.last;
  }

  /**
   * Compiles one expression over the last load, `as` an expression of this check (id or name) or dashboard (id) when one is named: with
   * its pack's parameters, its own data and its variables. Throws its first error, with its code.
   */
  compile(
    expression: string,
    language: Language,
    as: string | null = null,
  ): { program: Program; tree: Json } {
    const { plugins, agent, parameters } = this.loaded();
    const collectors = this.loaded().objects.filter(({ kind }) => kind === 'collector');
    const check = as === null ? undefined : this.owner(as);
    const scope = {
      parameters: (check && parameters.get(parametersOf(check))) ?? {},
      configuration: { ...globalData(agent), ...(check?.kind === 'check' && check.data) },
      functions: plugins.functions,
      collectors: new Set(collectors.map(({ name }) => name.toLowerCase())),
    };
    const variables = variableTexts(check && this.loaded().raws.get(check.id)?.value.variables);
    const { compileValue } = this.compiler;
    const { program, tree, findings } = compileValue('evaluator', expression, scope, language, variables);
    const error = findings.find(({ severity }) => severity === 'error');
    if (error !== undefined || program === undefined)
      throw new OpsbroError(error?.code ?? 'OPSBRO_EXPRESSION_SYNTAX', error?.message ?? 'it does not parse');
    return { program, tree: tree ?? null };
  }

  /** The effective keys of one object (by id or, when no other has it, by name), of `agent`, of all, or the `parameters` of packs. Secrets are redacted. */
  show(id: string | null): ShownObject[] {
    const loaded = this.loaded();
    const chosen = loaded.objects.filter((object) => id === null || object.id === id);
    const named =
      chosen.length > 0 || id === null ? chosen : loaded.objects.filter(({ name }) => name === id);
    const shown = named.map((object) => showObject(object, loaded));
    if (shown.length === 0 && id === 'parameters') return showParameters(loaded);
    return id === null || id === 'agent' ? [...shown, showAgent(loaded)] : shown;
  }

  /** True when the last load met errors in file contents not met before: a file may have been half-written, so look again soon. */
  meetsNewErrors(): boolean {
    const { badFiles } = this.loaded();
    const keys = badFiles.flatMap((path) => this.files.get(path)?.key ?? []);
    const isNew = keys.some((key) => !this.metErrors.has(key));
    if (this.metErrors.size > maxRemembered) this.metErrors.clear();
    for (const key of keys) this.metErrors.add(key);
    return isNew;
  }

  /**
   * Bundles the signed plugins that the last load found, which need no other approval. Resolves with whether there was one: then what was
   * loaded is to be loaded again. Never rejects; what fails is told by the next load.
   */
  async bundleSigned({ locks }: ConfigDirectories): Promise<boolean> {
    const { unbundled } = this.loaded().plugins;
    if (this.failures.size > maxRemembered) this.failures.clear();
    for (const one of unbundled) {
      const failure = await bundleSigned(one, signedLock(locks));
      if (failure !== null) this.failures.set(one.source, failure);
    }
    return unbundled.length > 0;
  }

  get hasLoaded(): boolean {
    return this.last !== undefined;
  }

  private owner(name: string): CheckObject | DashboardObject {
    const { objects } = this.loaded();
    const checks = objects.filter((object) => object.kind === 'check');
    const dashboards = objects.filter((object) => object.kind === 'dashboard');
    const exact = [...checks, ...dashboards].filter(({ id }) => id === name);
    const found = exact.length > 0 ? exact : checks.filter((check) => check.name === name);
    const [one] = found;
    if (one !== undefined && found.length === 1) return one;
    if (one !== undefined) {
      const ids = found.map(({ id }) => id).join(', ');
      throw new OpsbroError('OPSBRO_API_INVALID', `check '${name}' is ambiguous: ${ids}; use the full id`);
    }
    const meant = nearest(
      name,
      checks.flatMap((check) => [check.id, check.name]),
    );
    const advice = meant === undefined ? "'opsbro checks list' shows all" : `did you mean '${meant}'?`;
    throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no check '${name}'; ${advice}`);
  }

  private loaded(): Loaded {
    if (this.last === undefined) throw new OpsbroError('OPSBRO_API_INVALID', 'nothing is loaded yet');
    return this.last;
  }

  private readPlugins({ plugins, locks }: ConfigDirectories, scan: Scan): PluginSet {
    const key = `${plugins.manifests}\0${plugins.modules}`;
    if (this.shipped?.key !== key) this.shipped = { key, ...readShipped(plugins.manifests, plugins.modules) };
    const set = collectPlugins(this.shipped.entries, scan, locks, this.failures);
    return { ...set, diagnostics: [...this.shipped.diagnostics, ...set.diagnostics] };
  }

  private splitAll(files: readonly SourceFile[], plugins: PluginSet): SplitFile[] {
    const keyed = [...plugins.keyed.keys()].sort().join(' ');
    const fresh: typeof this.files = new Map();
    for (const file of files) {
      const key = `${file.hash} ${file.directory} ${file.pack} ${keyed}`;
      const cached = this.files.get(file.path);
      fresh.set(file.path, cached?.key === key ? cached : { key, split: splitFile(file, plugins.keyed) });
    }
    this.files = fresh;
    return [...fresh.values()].map(({ split }) => split);
  }

  private buildCached(raw: RawObject, key: string, context: BuildContext): Built {
    const cached = this.built.get(raw);
    if (cached?.key === key) return cached.built;
    const built = buildObject(raw, context);
    if (!built.hasFiles) this.built.set(raw, { key, built });
    return built;
  }
}
