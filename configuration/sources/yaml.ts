import type { Json, JsonObject } from 'opsbro/sdk';
import {
  type Document,
  isAlias,
  isDocument,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  parseAllDocuments,
  parseDocument,
  Schema,
  stringify,
} from 'yaml';
import type { ErrorCode } from '../../core/errors.ts';
import { quotingAdvice } from './unquoted.ts';

/** Steps into a value: mapping keys and list indexes. */
export type Path = readonly (string | number)[];

/** A finding about one YAML text; `line` and `column` count from 1. */
export interface YamlFinding {
  severity: 'error' | 'warning';
  code: ErrorCode;
  message: string;
  line: number;
  column: number;
}

/** One document of a file: its plain value, and where each part of it stands. */
export interface YamlDocument {
  value: Json;
  /** Line and column of the value at `path` (`key`: of its key); of the nearest parent that exists when `path` does not. `offset` is a UTF-16 index into a text value. */
  locate(path: Path, of: 'key' | 'value', offset?: number): { line: number; column: number };
}

/** A parsed file. With any error among `findings` the documents are not to be used. */
export interface YamlFile {
  documents: YamlDocument[];
  findings: YamlFinding[];
}

type YamlFault = Pick<YamlFinding, 'severity' | 'code' | 'message'>;

const maxAliases = 20;
const maxDepth = 64;
const forbidden = new Set(['__proto__', 'constructor', 'prototype']);
// Made once: the library would make its schema anew for each document, at a third of the cost of parsing it.
const schema = new Schema({ schema: 'core', resolveKnownTags: true });
const parseOptions = { schema, prettyErrors: false, uniqueKeys: false, logLevel: 'silent' } as const;

class Refused extends Error {
  readonly code: ErrorCode;
  readonly at: number;
  constructor(code: ErrorCode, message: string, at: number) {
    super(message);
    this.code = code;
    this.at = at;
  }
}

/** Maps offsets of a text to lines and columns. */
class Lines {
  readonly text: string;
  private starts: number[] | undefined;
  constructor(text: string) {
    this.text = text;
  }
  at(offset: number): { line: number; column: number } {
    if (this.starts === undefined) {
      this.starts = [0];
      for (let i = this.text.indexOf('\n'); i !== -1; i = this.text.indexOf('\n', i + 1))
        this.starts.push(i + 1);
    }
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.starts[low] ?? 0) + 1 };
  }
}

/** Turns nodes into plain data: refuses what JSON cannot hold, keys that attack prototypes, and alias bombs. */
class Conversion {
  private aliases = 0;
  private readonly document: Document;
  private readonly repeated: (key: string, at: number) => void;

  constructor(document: Document, repeated: (key: string, at: number) => void) {
    this.document = document;
    this.repeated = repeated;
  }

  value(node: unknown, at: number, depth: number): Json {
    if (depth > maxDepth) throw new Refused('OPSBRO_CONFIG_TOO_LARGE', `nested deeper than ${maxDepth}`, at);
    if (isScalar(node)) return this.scalar(node.value, node.range?.[0] ?? at);
    if (isMap(node)) return this.mapping(node.items, node.range?.[0] ?? at, depth);
    if (isSeq(node)) return node.items.map((item) => this.value(item, node.range?.[0] ?? at, depth + 1));
    if (!isAlias(node)) return null;
    const place = node.range?.[0] ?? at;
    this.aliases += 1;
    if (this.aliases > maxAliases)
      throw new Refused('OPSBRO_CONFIG_TOO_LARGE', `more than ${maxAliases} aliases expanded`, place);
    const target = node.resolve(this.document);
    if (target === undefined)
      throw new Refused('OPSBRO_CONFIG_SYNTAX', `alias '*${node.source}' names no anchor`, place);
    return this.value(target, place, depth + 1);
  }

  private scalar(value: unknown, at: number): Json {
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new Refused('OPSBRO_CONFIG_TYPE', `found ${value}, expected a finite number`, at);
    if (value === undefined) return null;
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value as Json;
    throw new Refused('OPSBRO_CONFIG_TYPE', 'found a value that is not plain data', at);
  }

  private mapping(items: Pair[], at: number, depth: number): JsonObject {
    const result: JsonObject = {};
    for (const { key, value } of items) {
      if (!isScalar(key) || key.value === null || typeof key.value === 'object')
        throw new Refused('OPSBRO_CONFIG_TYPE', 'found a key that is no text, expected a name', at);
      const place = key.range?.[0] ?? at;
      const name = String(key.value);
      if (forbidden.has(name))
        throw new Refused('OPSBRO_CONFIG_UNKNOWN_KEY', `the key '${name}' is not allowed`, place);
      if (Object.hasOwn(result, name)) this.repeated(name, place);
      result[name] = this.value(value, place, depth + 1);
    }
    return result;
  }
}

/**
 * Parses a YAML text (core schema, any number of documents) into plain data. Never throws: whatever is wrong is a finding.
 * A key given twice is a warning and its last value counts. The only reader of YAML in the program.
 */
export function parseYaml(text: string): YamlFile {
  const findings: YamlFinding[] = [];
  const lines = new Lines(text);
  const add = (finding: YamlFault, place: Omit<YamlFinding, keyof YamlFault>): void => {
    if (findings.length < 100) findings.push({ ...finding, ...place });
  };
  /** Tells whether the value lacks its quotes. */
  const refuse = (code: ErrorCode, message: string, at: number): boolean => {
    const place = lines.at(at);
    const quoting = quotingAdvice(text.split('\n', place.line).at(-1) ?? '');
    const { advice = '', column = place.column } = quoting ?? {};
    add({ severity: 'error', code, message: message + advice }, { ...place, column });
    return quoting !== undefined;
  };
  const documents: YamlDocument[] = [];
  try {
    for (const [index, document] of composed(text).entries()) {
      // What follows a value that lacks its quotes is no fault of its own.
      [...document.errors, ...document.warnings].some(({ message, pos }) =>
        refuse('OPSBRO_CONFIG_SYNTAX', `invalid YAML: ${tidy(message)}`, pos[0]),
      );
      if (document.errors.length > 0 || document.contents === null) continue;
      const conversion = new Conversion(document, (key, at) => {
        const message = `the key '${key}' is given twice, the last one counts`;
        add({ severity: 'warning', code: 'OPSBRO_CONFIG_DUPLICATE_KEY', message }, lines.at(at));
      });
      const value = conversion.value(document.contents, 0, 0);
      documents.push({
        value,
        locate: (path, of, offset) => locate(composed(text)[index] as Document, lines, path, of, offset),
      });
    }
  } catch (thrown) {
    if (thrown instanceof Refused) refuse(thrown.code, thrown.message, thrown.at);
    else refuse('OPSBRO_CONFIG_SYNTAX', 'invalid YAML: nested too deeply', 0);
  }
  return { documents, findings };
}

let latest: { text: string; documents: Document[] } | undefined;

/** Nodes weigh many times their text, so only those of the latest text are kept; places in others are found by parsing again. */
function composed(text: string): Document[] {
  if (latest?.text !== text)
    latest = { text, documents: [...parseAllDocuments(text, parseOptions)].filter(isDocument) };
  return latest.documents;
}

function tidy(message: string): string {
  const first = message.split('\n', 1)[0] ?? '';
  return (first.charAt(0).toLowerCase() + first.slice(1)).replace(/\.$/, '').slice(0, 300);
}

function locate(
  document: Document,
  lines: Lines,
  path: Path,
  of: 'key' | 'value',
  offset?: number,
): { line: number; column: number } {
  let node: unknown = document.contents;
  let at = rangeStart(node) ?? 0;
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) break;
      node = pair.value;
      const useKey = (of === 'key' && index === path.length - 1) || isAlias(node);
      at = (useKey ? rangeStart(pair.key) : rangeStart(node)) ?? at;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      at = rangeStart(node) ?? at;
    } else break;
  }
  if (of === 'value' && offset !== undefined && isScalar(node)) return insideScalar(node, lines, offset);
  return lines.at(at);
}

function rangeStart(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}

/** Exact for one-line texts and literal blocks; folded texts point at the source line the character started on, as near as their shape allows. */
function insideScalar(
  node: { value: unknown; type?: string | undefined; range?: [number, number, number] | null | undefined },
  lines: Lines,
  offset: number,
): { line: number; column: number } {
  const start = node.range?.[0] ?? 0;
  const end = node.range?.[1] ?? start;
  const source = lines.text.slice(start, end);
  if (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED') {
    const before = String(node.value).slice(0, offset).split('\n');
    const row = source.split('\n')[before.length] ?? '';
    const { line } = lines.at(start);
    return { line: line + before.length, column: row.search(/\S|$/) + 1 + (before.at(-1)?.length ?? 0) };
  }
  let position = node.type === 'PLAIN' ? 0 : 1;
  for (let passed = 0; passed < offset && position < source.length; passed += 1) {
    const rest = source.slice(position);
    const escaped =
      node.type === 'QUOTE_DOUBLE'
        ? /^\\(x..|u....|U........|\r?\n\s*|.)/s.exec(rest)
        : node.type === 'QUOTE_SINGLE'
          ? /^''/.exec(rest)
          : null;
    const folded = escaped ?? /^[ \t]*\r?\n[ \t]*/.exec(rest);
    position += folded?.[0].length ?? 1;
  }
  return lines.at(start + position);
}

/** Writes a value as YAML text, without a trailing newline. */
export function yamlText(value: Json): string {
  return stringify(value).trimEnd();
}

/** The document of a text for editing in place, comments and order kept. Throws when it does not parse, or names a key twice. */
export function editableYaml(text: string): Document {
  const document = parseDocument(text, { ...parseOptions, uniqueKeys: true });
  if (document.errors[0] !== undefined) throw document.errors[0];
  return document;
}

export { isMap, isScalar, isSeq };
