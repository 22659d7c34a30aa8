import { createHash } from 'node:crypto';
import type { Json, JsonObject, VerdictState } from 'opsbro/sdk';
import type { ErrorCode } from '../core/errors.ts';
import type * as compile from '../language/compile.ts';
import { nearest } from '../language/nearest.ts';
import type { Compiled, Scope, ScopeFunction } from '../language/program.ts';
import type { ConfigObject, Diagnostic, Place, PluginEntry } from './model.ts';
import { unlessWaiting } from './plugins/waiting.ts';
import { checkAlerting, statePolicy } from './policy/check-policy.ts';
import { groupName } from './policy/group-names.ts';
import { handlerPolicy } from './policy/handler-policy.ts';
import { locateTemplates } from './policy/option-templates.ts';
import type { Report } from './policy/report.ts';
import { isDisabled, problemPath, suppressionKeys, suppressionProblem } from './policy/suppression.ts';
import { zoneOf } from './policy/zones.ts';
import { buildCommand, unusedKeys } from './script/command.ts';
import { choices, emptyChoice } from './sources/choices.ts';
import { parseDuration } from './sources/duration.ts';
import { expressionText, isSet, isText, variableTexts } from './sources/expression-text.ts';
import { Findings } from './sources/findings.ts';
import { dashboardNode, type KindSchema, kindSchemas } from './sources/kinds.ts';
import { configurationNames, macrosOf } from './sources/macros.ts';
import { isEnabled } from './sources/manifest-text.ts';
import { fillOptions, inheritedOptions, mapFormats, optionSchemaOf } from './sources/options.ts';
import { isMapping, type RawObject } from './sources/split.ts';
import { quotingAdvice } from './sources/unquoted.ts';
import { type SchemaFinding, unknownKey, validate } from './sources/validate.ts';
import { writtenText } from './sources/written.ts';
import type { Path } from './sources/yaml.ts';

/** The expression compiler, as an argument. */
export type ExpressionCompiler = Pick<typeof compile, 'compileCheck' | 'compileDetector' | 'compileValue'>;

/** Language of an object's expressions. */
export type Language = 'opsbro' | 'javascript';

/** Everything besides its own text that an object depends on. */
export interface BuildContext {
  compiler: ExpressionCompiler;
  plugins: ReadonlyMap<string, PluginEntry>;
  /** Plugins whose name is a top-level key: services and exporters. */
  keyed: ReadonlyMap<string, PluginEntry>;
  functions: ReadonlyMap<string, ScopeFunction>;
  collectors: ReadonlySet<string>;
  /** Names of the handlers that are configured. */
  handlers: ReadonlySet<string>;
  /** The pack whose parameters apply, and those, all directories merged. */
  pack: string;
  parameters: JsonObject;
  /** The place of one of them, or of a character of its text; undefined where no file gives it. */
  parameterPlace(path: Path, offset?: number): Place | undefined;
  /** Global data of agent.yml. */
  variables: JsonObject;
}

/** An object ready to run, or null when it is not to run (an error, or a plugin that waits for approval). */
export interface Built {
  object: ConfigObject | null;
  diagnostics: Diagnostic[];
  /** It depends on files beside what is written, which may change: it is not to be remembered. */
  hasFiles: boolean;
}

const outputs = ['critical_if', 'warning_if', 'ok_output', 'critical_output', 'warning_output'] as const;
const groupKeys = ['add_groups', 'groups', 'tags'];
const allStates: VerdictState[] = ['ok', 'warning', 'critical', 'unknown'];
const unknownPlugin = 'OPSBRO_CONFIG_UNKNOWN_PLUGIN';
const missingKey = 'OPSBRO_CONFIG_MISSING_KEY';

/** Validates one object, fills its defaults, compiles its expressions. Pure, never throws for what a user wrote. */
export function buildObject(raw: RawObject, context: BuildContext): Built {
  const builder = new Builder(raw, context);
  const object = builder.build();
  const { findings, hasFiles } = builder;
  return { object: findings.failed ? null : object, diagnostics: findings.list, hasFiles };
}

/** An object under construction: its kind's keys are still to come. */
type Draft = { [key: string]: unknown; kind: ConfigObject['kind']; plugin: string };

class Builder {
  readonly findings = new Findings();
  hasFiles = false;
  private readonly raw: RawObject;
  private readonly context: BuildContext;
  private readonly data: JsonObject = {};
  private readonly own: JsonObject = {};
  private entry: PluginEntry | undefined;

  constructor(raw: RawObject, context: BuildContext) {
    this.raw = raw;
    this.context = context;
  }

  build(): ConfigObject | null {
    const { kind, value } = this.raw;
    if (kind === 'agent' || kind === 'parameters') return null;
    if (kind === 'package') return this.finish({ kind, plugin: kind, package: value });
    if (kind === 'dashboard') return this.dashboard();
    if (kind === 'zone') return this.zone();
    if (kind === 'downtime' || kind === 'silence') return this.suppression(kind);
    const plugin = this.pluginId(kind);
    const isKnown = this.findPlugin(plugin);
    if (!isKnown && this.entry !== undefined) return null;
    const options = this.separate(kind, plugin);
    if (!isKnown) return null;
    const { own, entry } = this;
    const declaredMs = (key: 'interval' | 'timeout'): number => parseDuration(entry?.manifest[key]) ?? 10_000;
    // A stranger's manifest too says how often it runs: neither all the time nor never.
    const declared = {
      interval: Math.max(1000, Math.min(declaredMs('interval'), 86_400_000)),
      timeout: declaredMs('timeout'),
    };
    const time = (key: 'interval' | 'timeout'): number => parseDuration(own[key]) ?? declared[key];
    const enabled = isEnabled(own, options, entry?.manifest, this.context.variables);
    const common = { kind, plugin, enabled, options };
    const enabledIfGroup = groupName(own.enabled_if_group);
    if (kind === 'service') return this.finish({ ...common, enabledIfGroup });
    const ifGroup = groupName(own.if_group) ?? groupName(own.apply_on) ?? enabledIfGroup;
    const timeoutMs = time('timeout');
    if (kind === 'handler')
      return this.finish({
        ...common,
        severities: own.severities ?? allStates,
        timeoutMs,
        ifGroup,
        ...handlerPolicy(this.raw.id, own, this.context.handlers, this.note),
      });
    const scheduled = { ...common, intervalMs: time('interval'), timeoutMs, ifGroup };
    if (plugin === 'detector/rule') return this.detector(scheduled);
    return kind === 'check' ? this.check(scheduled) : this.finish(scheduled);
  }

  private finish(draft: Draft): ConfigObject {
    const { id, pack, name, place, value } = this.raw;
    const notes = typeof value.notes === 'string' ? { notes: value.notes } : {};
    const { tests: _, ...matters } = draft;
    const basis = JSON.stringify([id, place.file, notes, matters, this.entry?.digest, this.entry?.module]);
    const digest = createHash('sha256').update(basis).digest('hex').slice(0, 32);
    const [schema, options] = [this.entry?.manifest.options, draft.options as Json | undefined];
    const written = writtenText({ value, options, schema, parameters: this.context.parameters });
    return { id, pack, name, place, digest, written, ...notes, ...draft } as unknown as ConfigObject;
  }

  /** Which plugin runs the object; a detector or check without `use` is told by its keys. */
  private pluginId(kind: 'service' | 'exporter' | 'check' | 'detector' | 'collector' | 'handler'): string {
    const { name, value } = this.raw;
    if (kind === 'service' || kind === 'exporter') return this.context.keyed.get(name)?.id ?? name;
    if (typeof value.use === 'string') return `${kind}/${value.use.replace(`${kind}/`, '')}`;
    if (kind === 'handler') return `handler/${typeof value.type === 'string' ? value.type : name}`;
    if (kind === 'collector') return `collector/${name}`;
    const isNagios = isSet(value.script) && !isSet(value.critical_if) && !isSet(value.warning_if);
    return kind === 'check' && isNagios ? 'check/nagios' : `${kind}/rule`;
  }

  private findPlugin(id: string): boolean {
    const { kind, value } = this.raw;
    const place = this.at(['use', 'type', 'script'].filter((key) => Object.hasOwn(value, key)).slice(0, 1));
    this.entry = this.context.plugins.get(id);
    if (this.entry?.approval === 'pending') {
      const message = `the plugin ${id} waits for approval, see 'opsbro plugins approve ${id}'; the ${kind} is not started`;
      this.findings.warning('OPSBRO_PLUGIN_PENDING', message, place);
      return false;
    }
    if (this.entry !== undefined) return true;
    const near = nearest(id, this.context.plugins.keys());
    const hint = near === undefined ? "'opsbro plugins list' shows what exists" : `did you mean '${near}'?`;
    this.findings.error(unknownPlugin, `the plugin ${id} does not exist; ${hint}`, place);
    return false;
  }

  /** Tells own keys, plugin options and free data apart, checks the first two against their schemas, and returns the options. */
  private separate(kind: keyof typeof kindSchemas, plugin: string): JsonObject {
    const { value } = this.raw;
    const { manifest } = this.entry ?? {};
    const schema = kindSchemas[kind];
    const optionSchema = optionSchemaOf(manifest);
    const isOption = (key: string): boolean => Object.hasOwn(optionSchema.properties, key);
    const options = Object.keys(optionSchema.properties);
    const isData = (key: string, item: Json): boolean =>
      (isMapping(item) && nearest(key, options) === undefined) || this.namesData(key);
    const subject = plugin === `${kind}/rule` ? `a ${kind}` : plugin;
    const inline: JsonObject = {};
    for (const [key, item] of Object.entries(value)) {
      if (Object.hasOwn(schema.properties, key)) this.own[key] = item;
      else if (isOption(key) || manifest === undefined) inline[key] = item;
      else if (kind === 'check' && isData(key, item)) this.data[key] = item;
      else {
        const known = [...options, ...Object.keys(schema.properties)];
        // Handlers name their plugin so.
        const message =
          key === 'type'
            ? `the key 'type' does not exist in ${subject}; did you mean 'use'?`
            : unknownKey(key, subject, known);
        this.findings.error('OPSBRO_CONFIG_UNKNOWN_KEY', message, this.at([key], 'key'));
      }
    }
    this.report(validate(schema, this.own, subject), (path) => path);
    return manifest === undefined ? {} : this.checkOptions(plugin, optionSchema, inline);
  }

  private namesData(key: string): boolean {
    const inMacro = macrosOf(this.raw.value.script).some((macro) => macro.some(([first]) => first === key));
    return inMacro || configurationNames(this.raw.value).includes(key);
  }

  /**
   * Options are agent.yml's `ca_file` where the plugin has such an option, those of the pack's parameters when the pack bears the plugin's
   * name, then `options:`, then inline keys.
   */
  private checkOptions(plugin: string, schema: KindSchema, inline: JsonObject): JsonObject {
    const { parameters, pack } = this.context;
    const isShared = plugin.endsWith(`/${pack}`);
    const wantsOneOf = choices(schema);
    const isGiven = (key: string, value: Json): boolean =>
      isSet(value) || (value === '' && wantsOneOf.includes(key));
    const shared = Object.entries(parameters).filter(
      ([key, value]) => isShared && isGiven(key, value) && Object.hasOwn(schema.properties, key),
    );
    const nested = isMapping(this.own.options) ? this.own.options : {};
    const given: JsonObject = {
      ...inheritedOptions(schema, this.context.variables),
      ...Object.fromEntries(shared),
      ...nested,
      ...inline,
    };
    const written = (path: Path): Path =>
      Object.hasOwn(inline, path[0] ?? '') ? path : ['options', ...path];
    if (Object.keys(given).length > 0 || Array.isArray(schema.required) || wantsOneOf.length > 0)
      this.report(this.wanted(validate(schema, given, plugin)), written);
    this.expressions(schema, given, written);
    const options = fillOptions(schema, given);
    const empty = this.entry === undefined || this.isOff() ? null : emptyChoice(this.entry.manifest, options);
    if (empty !== null && !this.findings.failed)
      this.findings.warning(missingKey, empty, this.at(written(wantsOneOf.slice(0, 1))));
    const place = (path: Path, offset?: number): Place => {
      const isWritten = Object.hasOwn({ ...nested, ...inline }, path[0] ?? '');
      const parameter = isWritten || !isShared ? undefined : this.context.parameterPlace(path, offset);
      return parameter ?? this.at(written(path), 'value', offset);
    };
    const located = locateTemplates(schema, options, place, this.findings);
    this.hasFiles = located.hasFiles;
    return located.options;
  }

  private detector(draft: Draft): ConfigObject | null {
    const key = groupKeys.find((name) => Object.hasOwn(this.own, name)) ?? 'add_groups';
    const groups = this.own[key];
    for (const [name, given] of [
      ['apply_if', this.own.apply_if],
      [key, groups?.toString()],
    ] as const)
      if (!isSet(given))
        this.findings.error(missingKey, `a detector lacks the key '${name}'`, this.at([name]));
    const options = { apply_if: expressionText(this.own.apply_if), add_groups: [groups].flat() as string[] };
    if (!isText(this.own.apply_if) || !options.add_groups.every(isText)) return null;
    const compiled = this.context.compiler.compileDetector(
      this.raw.id,
      options,
      this.scope(),
      this.language(),
    );
    return this.compiled({ ...draft, options }, compiled, key);
  }

  private check(scheduled: Draft): ConfigObject {
    const { own, data, raw } = this;
    const { handlers, parameters, variables: global } = this.context;
    const draft: Draft = {
      ...scheduled,
      displayName: isSet(own.display_name) ? String(own.display_name) : raw.name,
      attempts: own.attempts ?? 1,
      tests: this.tests(),
      data,
      ...statePolicy(own, this.note),
      ...checkAlerting(raw.id, own, [parameters.handlers, global.default_handlers], handlers, this.note),
    };
    unusedKeys(own, draft.plugin, this.note);
    if (draft.plugin === 'check/nagios') {
      const trees = [raw.value, parameters, global];
      const command = buildCommand(own, trees, Number(draft.timeoutMs), this.note);
      return this.finish({ ...draft, ...(command && { command }) });
    }
    if (draft.plugin !== 'check/rule') return this.finish(draft);
    const given = outputs.filter((key) => isSet(own[key]));
    if (given.length === 0 && !this.findings.failed)
      this.findings.error(
        missingKey,
        "the check lacks 'critical_if', 'warning_if', 'script' or 'use'",
        raw.place,
      );
    const texts: compile.CheckFields = Object.fromEntries(
      given.flatMap((key) => (isText(own[key]) ? [[key, expressionText(own[key])]] : [])),
    );
    texts.variables = variableTexts(own.variables);
    return this.compiled(
      draft,
      this.context.compiler.compileCheck(raw.id, texts, this.scope(), this.language()),
    );
  }

  private tests(): JsonObject[] {
    const tests = (Array.isArray(this.own.tests) ? this.own.tests : []) as JsonObject[];
    return tests.map((test, index) => ({
      ...test,
      place: this.raw.tests[index] as unknown as JsonObject,
    }));
  }

  private suppression(kind: 'downtime' | 'silence'): ConfigObject | null {
    const { value } = this.raw;
    this.report(validate(kindSchemas[kind], value, `a ${kind}`), (path) => path);
    const keys = suppressionKeys(value);
    const problem = this.findings.failed ? null : suppressionProblem(kind, keys);
    if (problem !== null)
      this.findings.error('OPSBRO_CONFIG_TYPE', `${kind}: ${problem}`, this.at(problemPath(problem)));
    return isDisabled(value) ? null : this.finish({ kind, plugin: kind, keys });
  }

  private dashboard(): ConfigObject {
    const { title = this.raw.name, content = null } = this.raw.value;
    this.report(validate(kindSchemas.dashboard, this.raw.value, 'a dashboard'), (path) => path);
    this.expressions(dashboardNode, content, (path) => ['content', ...path]);
    return this.finish({ kind: 'dashboard', plugin: 'dashboard', title, content });
  }

  private zone(): ConfigObject {
    this.report(validate(kindSchemas.zone, this.raw.value, 'a zone'), (path) => path);
    return this.finish({ kind: 'zone', plugin: 'zone', zone: zoneOf(this.raw.value) });
  }

  /** Checks every value that the schema calls an expression. */
  private expressions(schema: JsonObject, value: Json, written: (path: Path) => Path): void {
    mapFormats(schema, value, (format, text, path) => {
      if (format !== 'expression' || typeof text !== 'string') return text;
      const { findings } = this.context.compiler.compileValue(this.raw.id, text, this.scope(), 'opsbro');
      for (const { severity, code, message, offset } of findings)
        this.findings.add(
          severity,
          code,
          unlessWaiting(this.context.plugins.values(), code, message),
          this.at(written(path), 'value', offset),
        );
      return text;
    });
  }

  private compiled(draft: Draft, { program, findings }: Compiled, groupsKey = ''): ConfigObject {
    for (const { severity, code, message, field, offset } of findings) {
      const [, key = field, rest = ''] = /^([^.[]+)[.[]?(.*?)\]?$/.exec(field) ?? [];
      const path = key === 'add_groups' ? [groupsKey, Number(rest)] : [key, ...(rest === '' ? [] : [rest])];
      const told = `${field}: ${unlessWaiting(this.context.plugins.values(), code, message)}`;
      this.findings.add(severity, code, told, this.at(path, 'value', offset));
    }
    return this.finish({ ...draft, program: program as unknown as JsonObject });
  }

  private scope(): Scope {
    const { parameters, variables, functions, collectors } = this.context;
    return { parameters, configuration: { ...variables, ...this.data }, functions, collectors };
  }

  private language(): Language {
    return this.own.language === 'javascript' ? 'javascript' : 'opsbro';
  }

  /** A handler that is off, as a pack ships it, may lack what its user fills in. */
  private wanted(findings: SchemaFinding[]): SchemaFinding[] {
    return this.isOff() ? findings.filter(({ code }) => code !== missingKey) : findings;
  }

  private isOff(): boolean {
    return this.raw.kind === 'handler' && (this.own.enabled ?? this.own.enable) === false;
  }

  private report(findings: SchemaFinding[], written: (path: Path) => Path): void {
    for (const { code, message, path, of } of findings) {
      const place = this.at(written(path), of);
      this.findings.error(code, message + this.advice(code, place), place);
    }
  }

  /** A value of a wrong type may be an expression without quotes. */
  private advice(code: ErrorCode, { file, line }: Place): string {
    const { path, bytes } = this.raw.file;
    if (code !== 'OPSBRO_CONFIG_TYPE' || file !== path) return '';
    return quotingAdvice(bytes.toString('utf8').split('\n', line).at(-1) ?? '')?.advice ?? '';
  }

  private readonly note: Report = (severity, code, message, path, of, offset) =>
    this.findings.add(severity, code, message, this.at(path, of, offset));

  /** The place of a key or value as written; of the object itself when it is not written. */
  private at(path: Path, of: 'key' | 'value' = 'value', offset?: number): Place {
    const isWritten = path.length > 0 && Object.hasOwn(this.raw.value, path[0] as string);
    return isWritten ? this.raw.locate(path, of, offset) : this.raw.place;
  }
}
