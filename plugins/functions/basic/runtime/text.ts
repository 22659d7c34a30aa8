import type { PyValue } from 'opsbro/sdk';
import { bounded, type DictValue, MissingValue, raise, SetValue, TupleValue } from './values.ts';

const MAX_DEPTH = 64;
const escapes: { [character: string]: string } = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/** Python's `repr` of a number: shortest digits that read back, exponent below 1e-4 and from 1e16; whole numbers without `.0`. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e-4 && size < 1e16) return String(value);
  const [digits, exponent] = value.toExponential().split('e') as [string, string];
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

/** Python's `str`. Throws a missing value. */
export function str(value: PyValue): string {
  return typeof value === 'string' ? value : repr(value);
}

/** Python's `repr`. Throws a missing value. */
export function repr(value: PyValue, depth = 0): string {
  if (value === null) return 'None';
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return quote(value);
  if (depth > MAX_DEPTH) return raise('limit', `a value is nested deeper than ${MAX_DEPTH}`);
  if (Array.isArray(value)) return `[${inner(value, depth)}]`;
  if (value instanceof TupleValue)
    return `(${inner(value.items, depth)}${value.items.length === 1 ? ',' : ''})`;
  if (value instanceof SetValue) return value.size === 0 ? 'set()' : `{${inner(value.values(), depth)}}`;
  if (value instanceof MissingValue) throw value;
  const pairs = (value as DictValue)
    .entries()
    .map(([key, item]) => `${repr(key, depth + 1)}: ${repr(item, depth + 1)}`);
  return bounded(`{${pairs.join(', ')}}`);
}

function inner(items: readonly PyValue[], depth: number): string {
  return bounded(items.map((item) => repr(item, depth + 1)).join(', '));
}

/** A text as Python writes it: single quotes unless it holds one and no double quote; unprintable characters escaped. */
export function quote(text: string, ascii = false): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const wanted = ascii ? /[^\x20-\x7e]|['"\\]/gu : /[\p{C}\p{Z}]|['"\\]/gu;
  const body = text.replace(wanted, (character) => {
    if (character === ' ') return character;
    if (character === "'" || character === '"') return character === mark ? `\\${character}` : character;
    const short = escapes[character];
    if (short !== undefined) return short;
    const code = character.codePointAt(0) as number;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code < 0x10000
      ? `\\u${code.toString(16).padStart(4, '0')}`
      : `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return mark + body + mark;
}

/** A value as plain data, for what leaves the thread: sets and tuples become lists, dict keys text, a missing value `?`. */
export function toJson(value: PyValue, depth = 0): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null)
    return typeof value === 'number' && !Number.isFinite(value) ? null : value;
  if (depth > MAX_DEPTH) return raise('limit', `a value is nested deeper than ${MAX_DEPTH}`);
  if (Array.isArray(value)) return value.map((item) => toJson(item, depth + 1));
  if (value instanceof TupleValue) return value.items.map((item) => toJson(item, depth + 1));
  if (value instanceof SetValue) return value.values().map((item) => toJson(item, depth + 1));
  if (value instanceof MissingValue) return '?';
  const entries = (value as DictValue).entries();
  return Object.fromEntries(entries.map(([key, item]) => [str(key), toJson(item, depth + 1)]));
}
