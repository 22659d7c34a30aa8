import type { At, Node } from './ast.ts';
import { hole, restore } from './placeholders.ts';
import { children, type SyntaxNode } from './python.ts';

/** What literals need from the reader of the tree around them. */
export interface LiteralReader {
  readonly text: string;
  /** What to add to an offset of the grammar's tree. */
  readonly shift: number;
  node(node: SyntaxNode): Node;
  at(node: SyntaxNode): At;
  fail(what: 'SYNTAX' | 'UNSUPPORTED', message: string, at: number): never;
}

/** Reads text literals: prefixes, escapes, placeholders, and the fields of f-strings. */
export class Literals {
  readonly #reader: LiteralReader;

  constructor(reader: LiteralReader) {
    this.#reader = reader;
  }

  #source(node: SyntaxNode): string {
    return this.#reader.text.slice(node.from, node.to);
  }

  /** A literal, or several written side by side, as a constant or as parts to join. */
  joined(nodes: SyntaxNode[], at: At): Node {
    const parts = nodes.flatMap((node) => this.#literal(node));
    const merged: (string | Node)[] = [];
    for (const part of parts) {
      const last = merged.length - 1;
      if (typeof part === 'string' && typeof merged[last] === 'string') merged[last] += part;
      else if (part !== '') merged.push(part);
    }
    if (merged.length === 0) return { kind: 'constant', value: '', ...at };
    if (merged.length === 1 && typeof merged[0] === 'string')
      return { kind: 'constant', value: merged[0], ...at };
    return { kind: 'text', parts: merged, ...at };
  }

  #literal(node: SyntaxNode): (string | Node)[] {
    const source = this.#source(node);
    const [, prefix = '', quotes = ''] = /^([A-Za-z]*)("""|'''|"|')/.exec(source) ?? [];
    if (/b/i.test(prefix)) this.#reader.fail('UNSUPPORTED', 'bytes do not exist here', node.from);
    const isFormat = node.name === 'FormatString';
    const start = node.from + prefix.length + quotes.length;
    const end = node.to - quotes.length;
    const parts: (string | Node)[] = [];
    let at = start;
    const raw = /r/i.test(prefix);
    const plain = (to: number): void => {
      parts.push(...this.#plain(at, to, raw, isFormat));
    };
    for (const child of children(node)) {
      if (child.name !== 'FormatReplacement') continue;
      plain(child.from);
      parts.push(...this.#field(child));
      at = child.to;
    }
    plain(end);
    return parts;
  }

  /** Text between fields, with its placeholders. */
  #plain(from: number, to: number, raw: boolean, isFormat: boolean): (string | Node)[] {
    const text = this.#reader.text.slice(from, to);
    const parts: (string | Node)[] = [];
    let end = 0;
    const push = (piece: string): void => {
      const braces = isFormat ? piece.replaceAll('{{', '{').replaceAll('}}', '}') : piece;
      parts.push(restore(raw ? braces : this.#unescape(braces, from)));
    };
    for (const found of text.matchAll(hole)) {
      push(text.slice(end, found.index));
      const at = from + found.index + this.#reader.shift;
      parts.push({ kind: 'placeholder', index: Number(found[1]), from: at, to: at + found[0].length });
      end = found.index + found[0].length;
    }
    push(text.slice(end));
    return parts;
  }

  #field(node: SyntaxNode): (string | Node)[] {
    const parts = children(node);
    const values = parts
      .slice(1)
      .filter((part) => !/^(,|\}|FormatSelfDoc|FormatConversion|FormatSpec)$/.test(part.name));
    if (values.length !== 1)
      this.#reader.fail('UNSUPPORTED', 'a field of an f-string holds one expression', node.from);
    const named = (name: string): SyntaxNode | undefined => parts.find((part) => part.name === name);
    const specNode = named('FormatSpec');
    const conversion = named('FormatConversion');
    const doc = named('FormatSelfDoc');
    const spec = specNode === undefined ? null : this.#spec(specNode);
    const field: Node = {
      kind: 'field',
      value: this.#reader.node(values[0] as SyntaxNode),
      conversion:
        conversion !== undefined
          ? this.#source(conversion).slice(1)
          : doc !== undefined && spec === null
            ? 'r'
            : '',
      spec,
      ...this.#reader.at(node),
    };
    return doc === undefined ? [field] : [this.#reader.text.slice(node.from + 1, doc.to), field];
  }

  #spec(node: SyntaxNode): Node {
    const parts: (string | Node)[] = [];
    let at = node.from + 1;
    for (const child of children(node)) {
      if (child.name !== 'FormatReplacement') continue;
      parts.push(...this.#plain(at, child.from, false, false), ...this.#field(child));
      at = child.to;
    }
    parts.push(...this.#plain(at, node.to, false, false));
    const kept = parts.filter((part) => part !== '');
    const only = kept.every((part) => typeof part === 'string');
    return only
      ? { kind: 'constant', value: kept.join(''), ...this.#reader.at(node) }
      : { kind: 'text', parts: kept, ...this.#reader.at(node) };
  }

  #unescape(text: string, at: number): string {
    return text.replace(
      /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|[xuUN]|\n|.)/gs,
      (all, code: string) => {
        const simple = escapes[code];
        if (simple !== undefined) return simple;
        if (/^[0-7]+$/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
        if (/^[xuUN]$/.test(code))
          this.#reader.fail('SYNTAX', `the escape ${all} is incomplete or not known`, at);
        if (!/^[xuU]/.test(code)) return all;
        const point = Number.parseInt(code.slice(1), 16);
        return point > 0x10ffff
          ? this.#reader.fail('SYNTAX', `the escape ${all} is not a character`, at)
          : String.fromCodePoint(point);
      },
    );
  }
}

const escapes: { [code: string]: string } = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\n': '',
};
