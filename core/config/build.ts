import { createHash } from 'node:crypto';
import type { Json, JsonObject, VerdictState } from 'opsbro/sdk';
import type { ErrorCode } from '../errors.ts';
import type { Compiled, Scope, ScopeFunction } from '../expressions/program.ts';
import { nearest } from '../nearest.ts';
import { parseDuration } from './duration.ts';
import { type KindSchema, kindSchemas } from './kinds.ts';
import { configurationNames, lookUp, macrosOf } from './macros.ts';
import type { CheckTest, ConfigObject, Diagnostic, PluginEntry } from './model.ts';
import { fillOptions, mapFormats } from './options.ts';
import { isMapping, plannedPlugins, type RawObject } from './split.ts';
import { type SchemaFinding, unknownKey, validate } from './validate.ts';
import type { Path } from './yaml.ts';

/** The expression compiler, as an argument: `core/expressions/compile.ts` in the program. */
export interface ExpressionCompiler {
  compileCheck(id: string, texts: CheckTexts, scope: Scope, language: Language): Compiled;
  compileDetector(
    id: string,
    texts: { apply_if: string; add_groups: string[] },
    scope: Scope,
    language: Language,
  ): Compiled;
  compileValue(id: string, text: string, scope: Scope, language: Language): Compiled & { tree?: Json };
}

export type Language = 'opsbro' | 'javascript';

/** The expressions of a check, by key. */
export interface CheckTexts {
  variables?: { [name: string]: string };
  critical_if?: string;
  warning_if?: string;
  ok_output?: string;
  critical_output?: string;
  warning_output?: string;
}

/** Everything besides its own text that an object depends on. */
export interface BuildContext {
  compiler: ExpressionCompiler;
  plugins: ReadonlyMap<string, PluginEntry>;
  functions: ReadonlyMap<string, ScopeFunction>;
  collectors: ReadonlySet<string>;
  /** Of the object's pack, all directories merged. */
  parameters: JsonObject;
  /** Global data of agent.yml. */
  variables: JsonObject;
}

/** An object ready to run, or null when it is not to run (an error, or a plugin that waits for approval). */
export interface Built {
  object: ConfigObject | null;
  diagnostics: Diagnostic[];
}

const outputs = ['critical_if', 'warning_if', 'ok_output', 'critical_output', 'warning_output'] as const;
const allStates: VerdictState[] = ['ok', 'warning', 'critical', 'unknown'];

/** Validates one object, fills its defaults, compiles its expressions. Pure, never throws for what a user wrote. */
export function buildObject(raw: RawObject, context: BuildContext): Built {
  const builder = new Builder(raw, context);
  const object = builder.build();
  return { object: builder.hasErrors() ? null : object, diagnostics: builder.diagnostics };
}

class Builder {
  readonly diagnostics: Diagnostic[] = [];
  private readonly raw: RawObject;
  private readonly context: BuildContext;
  private entry: PluginEntry | undefined;
  private options: JsonObject = {};
  private data: JsonObject = {};
  private own: JsonObject = {};

  constructor(raw: RawObject, context: BuildContext) {
    this.raw = raw;
    this.context = context;
  }

  build(): ConfigObject | null {
    const { kind, value } = this.raw;
    if (kind === 'agent' || kind === 'parameters') return null;
    if (kind === 'package') return this.finish({ kind, plugin: 'package', package: value });
    if (kind === 'dashboard') return this.dashboard();
    const plugin = this.pluginId();
    if (plugin === undefined || !this.findPlugin(plugin)) return null;
    this.separate(plugin);
    const interval = this.time('interval', this.entry?.manifest.interval, 10_000);
    if (interval < 1000)
      this.error('OPSBRO_CONFIG_TYPE', "'interval' is below one second, expected at least '1s'", [
        'interval',
      ]);
    const enabled = (this.own.enabled ?? this.own.enable ?? true) === true && this.entry !== undefined;
    const timeoutMs = this.time('timeout', this.entry?.manifest.timeout, 10_000);
    const common = { plugin, enabled, options: this.options };
    const scheduled = {
      ...common,
      intervalMs: interval,
      timeoutMs,
      ifGroup: this.group('if_group') ?? this.group('apply_on'),
    };
    if (kind === 'collector') return this.finish({ kind, ...scheduled });
    if (kind === 'detector') return this.detector(scheduled);
    if (kind === 'check') return this.check(scheduled);
    const enabledIfGroup = this.group('enabled_if_group');
    if (kind === 'service') return this.finish({ kind, ...common, enabledIfGroup });
    const severities = Array.isArray(this.own.severities)
      ? (this.own.severities as VerdictState[])
      : allStates;
    return this.finish({
      kind,
      ...common,
      severities,
      timeoutMs,
      ifGroup: this.group('if_group') ?? enabledIfGroup,
    });
  }

  hasErrors(): boolean {
    return this.diagnostics.some(({ severity }) => severity === 'error');
  }

  private finish(object: JsonObject & { kind: ConfigObject['kind']; plugin: string }): ConfigObject {
    const { id, pack, name, place } = this.raw;
    const notes = typeof this.raw.value.notes === 'string' ? { notes: this.raw.value.notes } : {};
    const { tests: _, ...matters } = object;
    const basis = JSON.stringify([id, place.file, notes, matters, this.entry?.digest, this.entry?.module]);
    const digest = createHash('sha256').update(basis).digest('hex').slice(0, 32);
    return { id, pack, name, place, digest, ...notes, ...object } as unknown as ConfigObject;
  }

  /** Which plugin runs the object; a detector or check without `use` is told by its keys. */
  private pluginId(): string | undefined {
    const { kind, name, value } = this.raw;
    if (kind === 'service') {
      const service = [...this.context.plugins.values()].find(
        ({ manifest }) =>
          manifest.name === name && !['collector', 'detector', 'check', 'handler'].includes(manifest.kind),
      );
      return service?.id;
    }
    const use = typeof value.use === 'string' ? value.use.replace(`${kind}/`, '') : undefined;
    if (use !== undefined) return `${kind}/${use}`;
    if (kind === 'handler') return `handler/${typeof value.type === 'string' ? value.type : name}`;
    if (kind === 'check') {
      const judges = isSet(value.critical_if) || isSet(value.warning_if) || !isSet(value.script);
      return judges ? 'check/rule' : 'check/nagios';
    }
    if (
      kind === 'detector' &&
      (Object.hasOwn(value, 'apply_if') || !this.context.plugins.has(`detector/${name}`))
    )
      return 'detector/rule';
    return `${kind}/${name}`;
  }

  private findPlugin(id: string): boolean {
    this.entry = this.context.plugins.get(id);
    const at: Path = ['use', 'type', 'script']
      .filter((key) => Object.hasOwn(this.raw.value, key))
      .slice(0, 1);
    if (this.entry === undefined && plannedPlugins.has(id)) {
      this.warning(
        'OPSBRO_CONFIG_UNKNOWN_PLUGIN',
        `${id} is not installed; the ${this.raw.kind} stays disabled`,
        at,
      );
      return true;
    }
    if (this.entry === undefined) {
      const near = nearest(id, this.context.plugins.keys());
      const hint =
        near === undefined ? "; 'opsbro plugins list' shows what exists" : `; did you mean '${near}'?`;
      this.error('OPSBRO_CONFIG_UNKNOWN_PLUGIN', `the plugin ${id} does not exist${hint}`, at);
      return false;
    }
    if (this.entry.approval !== 'pending') return true;
    this.warning(
      'OPSBRO_PLUGIN_PENDING',
      `the plugin ${id} waits for approval; the ${this.raw.kind} is not started`,
      at,
    );
    return false;
  }

  /** Tells own keys, plugin options and free data apart, and checks the first two against their schemas. */
  private separate(plugin: string): void {
    const { kind, value } = this.raw;
    const schema = kindSchemas[kind as keyof typeof kindSchemas];
    const known = schema.properties as JsonObject;
    const options = this.optionsSchema();
    const optionNames = Object.keys(options.properties);
    const given: JsonObject = {};
    for (const [key, item] of Object.entries(value)) {
      if (Object.hasOwn(known, key)) this.own[key] = item;
      else if (optionNames.includes(key) || (this.entry === undefined && kind !== 'check')) given[key] = item;
      else if (kind === 'check' && (isMapping(item) || this.namesData(key))) this.data[key] = item;
      else
        this.error(
          'OPSBRO_CONFIG_UNKNOWN_KEY',
          unknownKey(key, this.subject(plugin), [...Object.keys(known), ...optionNames]),
          [key],
          'key',
        );
    }
    this.report(validate(schema, this.own, this.subject(plugin)), (path) => path);
    if (this.entry !== undefined) this.setOptions(plugin, this.entry.manifest.name, options, given);
  }

  /** What the manifest says of options. A rule's are its object's own keys. */
  private optionsSchema(): KindSchema {
    const { runs, options } = this.entry?.manifest ?? {};
    const none: KindSchema = { type: 'object', additionalProperties: false, properties: {} };
    return runs === 'expression' ? none : { ...none, ...options };
  }

  private subject(plugin: string): string {
    return plugin === 'check/rule' || plugin === 'detector/rule' ? `a ${this.raw.kind}` : plugin;
  }

  private namesData(key: string): boolean {
    const inMacro = macrosOf(this.raw.value.script).some((macro) => macro.some(([first]) => first === key));
    return inMacro || configurationNames(this.raw.value).includes(key);
  }

  /** Options of the plugin: those of the pack's parameters when the pack bears the plugin's name, then `options:`, then inline keys. */
  private setOptions(plugin: string, name: string, schema: KindSchema, inline: JsonObject): void {
    const { parameters } = this.context;
    const fromPack = this.raw.pack === name ? Object.keys(schema.properties) : [];
    const shared = fromPack
      .filter((key) => isSet(parameters[key]))
      .map((key) => [key, parameters[key] as Json]);
    const nested = isMapping(this.own.options) ? this.own.options : {};
    const given: JsonObject = { ...Object.fromEntries(shared), ...nested, ...inline };
    if (Object.keys(given).length > 0 || Array.isArray(schema.required))
      this.report(validate(schema, given, plugin), (path) =>
        path[0] !== undefined && Object.hasOwn(inline, path[0]) ? path : ['options', ...path],
      );
    this.options = fillOptions(schema, given);
    mapFormats(schema, given, (format, value, path) => {
      if (format === 'expression' && typeof value === 'string')
        this.expression(value, Object.hasOwn(inline, path[0] ?? '') ? path : ['options', ...path]);
      return value;
    });
  }

  private detector(scheduled: JsonObject & { plugin: string }): ConfigObject | null {
    if (scheduled.plugin !== 'detector/rule') return this.finish({ kind: 'detector', ...scheduled });
    const key =
      ['add_groups', 'groups', 'tags'].find((name) => Object.hasOwn(this.own, name)) ?? 'add_groups';
    const groups = this.own[key];
    for (const [name, given] of [
      ['apply_if', isSet(this.own.apply_if)],
      [key, Array.isArray(groups) && groups.length > 0],
    ] as const)
      if (!given)
        this.error(
          'OPSBRO_CONFIG_MISSING_KEY',
          `a detector lacks the key '${name}'`,
          Object.hasOwn(this.own, name) ? [name] : [],
        );
    if (this.hasErrors()) return null;
    const texts = { apply_if: pythonText(this.own.apply_if), add_groups: groups as string[] };
    const compiled = this.context.compiler.compileDetector(this.raw.id, texts, this.scope(), this.language());
    this.findings(compiled, key);
    return this.finish({
      kind: 'detector',
      ...scheduled,
      options: texts,
      program: compiled.program as unknown as JsonObject,
    });
  }

  private check(scheduled: JsonObject & { plugin: string }): ConfigObject {
    const { own } = this;
    const object: JsonObject & { kind: 'check'; plugin: string } = {
      kind: 'check',
      ...scheduled,
      displayName:
        typeof own.display_name === 'string' && own.display_name !== '' ? own.display_name : this.raw.name,
      handlers: (own.handlers as string[] | undefined) ?? null,
      attempts: typeof own.attempts === 'number' ? own.attempts : 1,
      tests: (Array.isArray(own.tests) ? own.tests : []).map((test, index) => {
        const place = this.raw.locate(['tests', index], 'value');
        return { ...(test as unknown as CheckTest), place } as unknown as JsonObject;
      }),
      data: this.data,
    };
    if (isSet(own.script)) object.script = own.script as string | string[];
    if (scheduled.plugin === 'check/nagios') this.unresolvedMacros();
    if (scheduled.plugin !== 'check/rule') return this.finish(object);
    if (!this.hasErrors() && !outputs.some((key) => isSet(own[key])))
      this.error(
        'OPSBRO_CONFIG_MISSING_KEY',
        "the check lacks 'critical_if', 'warning_if', 'script' or 'use'",
        [],
      );
    if (this.hasErrors()) return this.finish(object);
    const variables = isMapping(own.variables) ? own.variables : {};
    const texts: CheckTexts = {
      variables: Object.fromEntries(
        Object.entries(variables).map(([name, text]) => [name, pythonText(text)]),
      ),
    };
    for (const key of outputs) if (isSet(own[key])) texts[key] = pythonText(own[key]);
    const compiled = this.context.compiler.compileCheck(this.raw.id, texts, this.scope(), this.language());
    this.findings(compiled, '');
    return this.finish({ ...object, program: compiled.program as unknown as JsonObject });
  }

  private unresolvedMacros(): void {
    const trees = [this.raw.value, this.context.parameters, this.context.variables];
    for (const macro of macrosOf(this.own.script)) {
      if (macro.some((path) => trees.some((tree) => lookUp(tree, path) !== undefined))) continue;
      const name = macro.map((path) => path.join('.')).join('|');
      this.warning('OPSBRO_CONFIG_UNKNOWN_MACRO', `the macro $${name}$ names nothing and stays empty`, [
        'script',
      ]);
    }
  }

  private dashboard(): ConfigObject {
    const { value } = this.raw;
    this.report(validate(kindSchemas.dashboard, value, 'a dashboard'), (path) => path);
    const leaves = (node: Json, path: Path): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, item] of Object.entries(node)) {
        const step = Array.isArray(node) ? Number(key) : key;
        if (key === 'value' && typeof item === 'string') this.expression(item, [...path, step]);
        else leaves(item, [...path, step]);
      }
    };
    leaves(value.content ?? null, ['content']);
    const title = typeof value.title === 'string' ? value.title : this.raw.name;
    return this.finish({ kind: 'dashboard', plugin: 'dashboard', title, content: value.content ?? null });
  }

  private expression(text: string, path: Path): void {
    const { findings } = this.context.compiler.compileValue(this.raw.id, text, this.scope(), 'opsbro');
    for (const { severity, code, message, offset } of findings)
      this.add(severity, code, message, path, 'value', offset);
  }

  private findings(compiled: Compiled, groupsKey: string): void {
    for (const { severity, code, message, field, offset } of compiled.findings) {
      const [, key = field, rest] = /^([^.[]+)[.[]?(.*?)\]?$/.exec(field) ?? [];
      const first = key === 'add_groups' ? groupsKey : key;
      const path = rest ? [first, key === 'add_groups' ? Number(rest) : rest] : [first];
      this.add(severity, code, `${field}: ${message}`, path, 'value', offset);
    }
  }

  private scope(): Scope {
    const { parameters, variables, functions, collectors } = this.context;
    return { parameters, configuration: { ...variables, ...this.data }, functions, collectors };
  }

  private language(): Language {
    return this.own.language === 'javascript' ? 'javascript' : 'opsbro';
  }

  private group(key: string): string | null {
    const value = this.own[key];
    return typeof value === 'string' && value !== '' && value !== '*' ? value : null;
  }

  private time(key: string, fromManifest: string | undefined, fallbackMs: number): number {
    return parseDuration(this.own[key]) ?? parseDuration(fromManifest) ?? fallbackMs;
  }

  private report(findings: SchemaFinding[], inObject: (path: Path) => Path): void {
    for (const { code, message, path, of } of findings) this.add('error', code, message, inObject(path), of);
  }

  private error(code: ErrorCode, message: string, path: Path, of: 'key' | 'value' = 'value'): void {
    this.add('error', code, message, path, of);
  }

  private warning(code: ErrorCode, message: string, path: Path): void {
    this.add('warning', code, message, path, 'value');
  }

  private add(
    severity: 'error' | 'warning',
    code: ErrorCode,
    message: string,
    path: Path,
    of: 'key' | 'value',
    offset?: number,
  ): void {
    const place = path.length === 0 ? this.raw.place : this.raw.locate(path, of, offset);
    this.diagnostics.push({ severity, code, message, place });
  }
}

function isSet(value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== '';
}

/** YAML reads `critical_if: True` as a boolean; the expression is the word. */
function pythonText(value: Json | undefined): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value ?? '');
}
