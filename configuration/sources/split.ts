import type { Json, JsonObject } from 'opsbro/sdk';
import type { Diagnostic, Place, PluginEntry } from '../model.ts';
import { decodeText, type SourceFile } from './files.ts';
import { Findings } from './findings.ts';
import type { kindSchemas } from './kinds.ts';
import { macrosOf } from './macros.ts';
import { runtimeOf } from './manifest-text.ts';
import { unknownKey } from './validate.ts';
import { type Path, parseYaml, type YamlDocument } from './yaml.ts';

/** Kinds of objects a file may hold. */
export type RawKind = keyof typeof kindSchemas | 'package' | 'parameters';

/** One object as written: not validated yet but for being a mapping. */
export interface RawObject {
  id: string;
  kind: RawKind;
  pack: string;
  name: string;
  value: JsonObject;
  place: Place;
  file: SourceFile;
  /** Places of its `tests`. */
  tests: Place[];
  /** Of an object laid over another: the keys it has from the lowest directory. */
  inherited?: ReadonlySet<string>;
  /** The place of a key or value of this object; of the object itself when it has no such path. */
  locate(path: Path, of: 'key' | 'value', offset?: number): Place;
}

/** What one file holds. Cached by content, so it depends on the file and on the plugins whose names are keys alone. */
export interface SplitFile {
  objects: RawObject[];
  diagnostics: Diagnostic[];
  /** First names of the `$macros$` its checks use. */
  macros: string[];
}

const kinds = new Set<string>(
  'detector check collector handler downtime silence dashboard zone package agent parameters'.split(' '),
);
const later = new Set('generator compliance installor service tutorial'.split(' '));
const plannedServices = new Set('dns statsd graphite websocket shinken grafana http'.split(' '));

/** Splits one file into its objects. `keyed` has the plugins whose names are top-level keys. Never throws. */
export function splitFile(file: SourceFile, keyed: ReadonlyMap<string, PluginEntry>): SplitFile {
  const splitter = new Splitter(file, keyed);
  splitter.run();
  return splitter.result;
}

class Splitter {
  readonly result: SplitFile;
  private readonly file: SourceFile;
  private readonly keyed: ReadonlyMap<string, PluginEntry>;
  private readonly findings = new Findings();

  constructor(file: SourceFile, keyed: ReadonlyMap<string, PluginEntry>) {
    this.file = file;
    this.keyed = keyed;
    this.result = { objects: [], diagnostics: this.findings.list, macros: [] };
  }

  run(): undefined {
    const { path: file, bytes } = this.file;
    const decoded = decodeText(bytes);
    if ('problem' in decoded) {
      const place = { file, line: decoded.line, column: 1 };
      return this.findings.error('OPSBRO_CONFIG_SYNTAX', decoded.problem, place);
    }
    const { documents, findings } = parseYaml(decoded.text);
    for (const { severity, code, message, line, column } of findings)
      this.findings.add(severity, code, message, { file, line, column });
    if (!this.findings.failed) for (const document of documents) this.document(document);
  }

  private document(document: YamlDocument): undefined {
    const { value } = document;
    const { base, root, isParameters } = this.file;
    if (!isMapping(value)) {
      const found = Array.isArray(value) ? 'a list' : 'a plain value';
      const message = `found ${found}, expected a mapping such as 'check:' with its keys below it`;
      return this.findings.error('OPSBRO_CONFIG_TYPE', message, this.place(document, []));
    }
    if (/^plugin$/i.test(base) && Object.hasOwn(value, 'api') && Object.hasOwn(value, 'kind')) {
      const message =
        "this is the manifest of a plugin; call it 'plugin.yml', in a folder of the plugin's own";
      return this.findings.error('OPSBRO_CONFIG_UNKNOWN_KEY', message, this.place(document, ['api']));
    }
    if (isParameters) return this.object('parameters', document, unwrap(value, 'parameters'));
    if (base === 'package') return this.object('package', document, unwrap(value, 'package'));
    const isAgent = base === 'agent' && root;
    const own: string[] = [];
    for (const key of Object.keys(value)) {
      if (isAgent && key === 'agent') continue;
      if (kinds.has(key)) this.object(key as RawKind, document, [key]);
      else if (this.keyed.has(key)) this.object(this.keyedKind(key), document, [key]);
      else if (later.has(key) || (plannedServices.has(key) && isMapping(value[key]))) {
        const message = `'${key}' is not installed in this version; the object is left out`;
        this.findings.warning('OPSBRO_CONFIG_UNKNOWN_PLUGIN', message, this.place(document, [key]));
      } else if (isAgent) own.push(key);
      else {
        const message = unknownKey(key, 'a configuration file', [...kinds, ...this.keyed.keys()]);
        this.findings.error('OPSBRO_CONFIG_UNKNOWN_KEY', message, this.place(document, [key]));
      }
    }
    if (!isAgent) return;
    const nested = isMapping(value.agent) ? value.agent : {};
    const merged = { ...Object.fromEntries(own.map((key) => [key, value[key] as Json])), ...nested };
    this.push('agent', 'agent', merged, document, (path) =>
      Object.hasOwn(nested, path[0] ?? '') ? ['agent', ...path] : path,
    );
  }

  private keyedKind(key: string): RawKind {
    const manifest = this.keyed.get(key)?.manifest;
    return manifest?.kind === 'exporter' && runtimeOf(manifest) === 'job' ? 'exporter' : 'service';
  }

  private object(kind: RawKind, document: YamlDocument, prefix: Path): undefined {
    const value = prefix.length === 0 ? document.value : (document.value as JsonObject)[prefix[0] as string];
    if (!isMapping(value)) {
      const message = `'${prefix[0]}' is ${value === null ? 'empty' : 'no mapping'}, expected its keys below it`;
      return this.findings.error('OPSBRO_CONFIG_TYPE', message, this.place(document, prefix));
    }
    const id =
      typeof value.id === 'string' || typeof value.id === 'number' ? String(value.id) : this.file.base;
    const isKeyed = kind === 'service' || kind === 'exporter';
    const own = kind === 'zone' && value.id === undefined && typeof value.name === 'string' ? value.name : id;
    const name = isKeyed ? String(prefix[0]) : kind === 'package' || kind === 'agent' ? kind : own;
    if (kind === 'check')
      this.result.macros.push(...macrosOf(value.script).flatMap((macro) => macro.map(([first]) => first!)));
    this.push(kind, name, value, document, (path) => [...prefix, ...path]);
  }

  private push(
    kind: RawKind,
    name: string,
    value: JsonObject,
    document: YamlDocument,
    inFile: (path: Path) => Path,
  ): void {
    const { path, pack } = this.file;
    const place = this.place(document, inFile([]));
    const locate: RawObject['locate'] = (steps, of, offset) => ({
      file: path,
      ...document.locate(inFile(steps), of, offset),
    });
    // Wanted of every check that has tests: later the file would have to be parsed again for them.
    const tests = Array.isArray(value.tests)
      ? value.tests.map((_, index) => locate(['tests', index], 'value'))
      : [];
    this.result.objects.push({
      id: `${pack}/${kind}/${name}`,
      kind,
      pack,
      name,
      value,
      place,
      file: this.file,
      tests,
      locate,
    });
  }

  private place(document: YamlDocument, path: Path): Place {
    return { file: this.file.path, ...document.locate(path, 'key') };
  }
}

function unwrap(value: JsonObject, key: string): Path {
  return Object.keys(value).length === 1 && isMapping(value[key]) ? [key] : [];
}

/** True for a mapping: neither null nor a list. */
export function isMapping(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
