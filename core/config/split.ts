import type { Json, JsonObject } from 'opsbro/sdk';
import type { ErrorCode } from '../errors.ts';
import { decodeText, type SourceFile } from '../sources/files.ts';
import { unknownKey } from '../sources/validate.ts';
import { type Path, parseYaml, type YamlDocument } from '../sources/yaml.ts';
import { macrosOf } from './macros.ts';
import type { Diagnostic, Place } from './model.ts';

/** Kinds of objects a file may hold. */
export type RawKind =
  | 'detector'
  | 'check'
  | 'collector'
  | 'handler'
  | 'dashboard'
  | 'package'
  | 'service'
  | 'agent'
  | 'parameters';

/** One object as written: not validated yet but for being a mapping. */
export interface RawObject {
  id: string;
  kind: RawKind;
  pack: string;
  name: string;
  value: JsonObject;
  place: Place;
  file: SourceFile;
  /** The place of a key or value of this object; of the object itself when it has no such path. */
  locate(path: Path, of: 'key' | 'value', offset?: number): Place;
}

/** What one file holds. Cached by content, so it depends on the file and on the names of services alone. */
export interface SplitFile {
  objects: RawObject[];
  diagnostics: Diagnostic[];
  /** First names of the `$macros$` its checks use. */
  macros: string[];
}

const kinds = new Set<string>(
  'detector check collector handler dashboard package agent parameters'.split(' '),
);
const later = new Set('generator compliance installor service zone tutorial'.split(' '));
const plannedServices = new Set('dns statsd graphite websocket shinken grafana http'.split(' '));

/** True for what a stock configuration of OpsBro may hold but no installed plugin runs yet: a warning, never an error. */
export const plannedPlugins: ReadonlySet<string> = new Set(
  'check/nagios handler/mail handler/slack'.split(' '),
);

/** Splits one file into its objects. `services` are the names of installed services. Never throws. */
export function splitFile(
  file: SourceFile,
  services: { has(name: string): boolean; keys(): Iterable<string> },
): SplitFile {
  const split = new Splitter(file, services);
  split.run();
  return split.result;
}

class Splitter {
  readonly result: SplitFile = { objects: [], diagnostics: [], macros: [] };
  private readonly file: SourceFile;
  private readonly services: { has(name: string): boolean; keys(): Iterable<string> };

  constructor(file: SourceFile, services: { has(name: string): boolean; keys(): Iterable<string> }) {
    this.file = file;
    this.services = services;
  }

  run(): undefined {
    const decoded = decodeText(this.file.bytes);
    if ('problem' in decoded) return this.add('error', 'OPSBRO_CONFIG_SYNTAX', decoded.problem, decoded);
    if (decoded.text.trim() === '')
      return this.add('error', 'OPSBRO_CONFIG_SYNTAX', 'the file is empty; fill or remove it', { line: 1 });
    const { documents, findings } = parseYaml(decoded.text);
    for (const finding of findings) this.add(finding.severity, finding.code, finding.message, finding);
    if (findings.some(({ severity }) => severity === 'error')) return;
    for (const document of documents) this.document(document);
  }

  private document(document: YamlDocument): undefined {
    const { value } = document;
    if (!isMapping(value))
      return this.add(
        'error',
        'OPSBRO_CONFIG_TYPE',
        `found ${Array.isArray(value) ? 'a list' : 'a plain value'}, expected a mapping such as 'check:' with its keys below it`,
        document.locate([], 'value'),
      );
    const { base, root } = this.file;
    if (this.file.isParameters) return this.object('parameters', document, unwrap(value, 'parameters'));
    if (base === 'package') return this.object('package', document, unwrap(value, 'package'));
    const isAgent = base === 'agent' && root;
    for (const key of Object.keys(value)) {
      if (kinds.has(key) && !(isAgent && key === 'agent')) this.object(key as RawKind, document, [key]);
      else if (this.services.has(key)) this.object('service', document, [key], key);
      else if (later.has(key) || (plannedServices.has(key) && !isAgentKey(isAgent, value[key])))
        this.ignored(key, document);
      else if (!isAgent) this.unknown(key, document);
    }
    if (isAgent) this.agent(document, value);
  }

  private agent(document: YamlDocument, value: JsonObject): void {
    const nested = isMapping(value.agent) ? value.agent : {};
    const flat = Object.entries(value).filter(
      ([key]) =>
        key !== 'agent' &&
        !kinds.has(key) &&
        !this.services.has(key) &&
        !later.has(key) &&
        !plannedServices.has(key),
    );
    this.push('agent', 'agent', { ...Object.fromEntries(flat), ...nested }, document, (path) =>
      path[0] !== undefined && Object.hasOwn(nested, path[0]) ? ['agent', ...path] : path,
    );
  }

  private object(kind: RawKind, document: YamlDocument, prefix: Path, service?: string): undefined {
    const value = prefix.length === 0 ? document.value : (document.value as JsonObject)[prefix[0] as string];
    if (!isMapping(value)) {
      const message = `'${prefix[0]}' is ${value === null ? 'empty' : 'no mapping'}, expected its keys below it`;
      return this.add('error', 'OPSBRO_CONFIG_TYPE', message, document.locate(prefix, 'key'));
    }
    const given =
      typeof value.id === 'string' || typeof value.id === 'number' ? String(value.id) : this.file.base;
    const fixed = kind === 'package' || kind === 'agent' ? kind : service;
    if (kind === 'check')
      this.result.macros.push(
        ...macrosOf(value.script).flatMap((macro) => macro.map(([first]) => first ?? '')),
      );
    this.push(kind, fixed ?? given, value, document, (path) => [...prefix, ...path], prefix);
  }

  private push(
    kind: RawKind,
    name: string,
    value: JsonObject,
    document: YamlDocument,
    inFile: (path: Path) => Path,
    prefix: Path = [],
  ): void {
    const { path: file, pack } = this.file;
    this.result.objects.push({
      id: `${pack}/${kind}/${name}`,
      kind,
      pack,
      name,
      value,
      place: { file, ...document.locate(prefix, 'key') },
      file: this.file,
      locate: (path, of, offset) => ({ file, ...document.locate(inFile(path), of, offset) }),
    });
  }

  private ignored(key: string, document: YamlDocument): void {
    const message = `'${key}' is not installed in this version; the object is left out`;
    this.add('warning', 'OPSBRO_CONFIG_UNKNOWN_PLUGIN', message, document.locate([key], 'key'));
  }

  private unknown(key: string, document: YamlDocument): void {
    const message = unknownKey(key, 'a configuration file', [...kinds, ...this.services.keys()]);
    this.add('error', 'OPSBRO_CONFIG_UNKNOWN_KEY', message, document.locate([key], 'key'));
  }

  private add(
    severity: 'error' | 'warning',
    code: ErrorCode,
    message: string,
    { line, column = 1 }: { line: number; column?: number },
  ): undefined {
    this.result.diagnostics.push({ severity, code, message, place: { file: this.file.path, line, column } });
  }
}

function isAgentKey(isAgent: boolean, value: Json | undefined): boolean {
  return isAgent && !isMapping(value);
}

function unwrap(value: JsonObject, key: string): Path {
  return Object.keys(value).length === 1 && isMapping(value[key]) ? [key] : [];
}

/** True for a mapping: neither null nor a list. */
export function isMapping(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
