import type { Missing, PyDict, PySet, PyTuple, PyValue } from 'opsbro/sdk';

/** Longest text or list an operation may make; `*`, `**`, `join` and padding stop here. */
export const LIMIT = 1_048_576;

/** An error of the language, with the part of the error code after `OPSBRO_EXPRESSION_`. Thrown by every operation that fails. */
export class Failure {
  readonly code: string;
  readonly message: string;
  constructor(code: string, message: string) {
    this.code = code;
    this.message = message;
  }
}

/** Ends the evaluation with an error. */
export function raise(what: 'type' | 'value' | 'limit' | 'unknown_function', message: string): never {
  throw new Failure(what.toUpperCase(), message);
}

/** A key that does not exist now. It carries its name, so that whoever meets it can say which key; thrown where a value is needed. */
export class MissingValue implements Missing {
  readonly kind = 'missing';
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
}

/** Python's tuple. */
export class TupleValue implements PyTuple {
  readonly kind = 'tuple';
  readonly items: readonly PyValue[];
  constructor(items: readonly PyValue[]) {
    this.items = items;
  }
}

type Key = string | number | bigint | boolean | null;

/** The Map key under which equal values meet: `1 == True`, tuples by content. */
function hashKey(value: PyValue): Key {
  if (typeof value === 'string') return value.charCodeAt(0) === 0 ? `\0s${value}` : value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === null || typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof TupleValue) {
    const keys = value.items.map((item) => {
      const key = hashKey(item);
      return typeof key === 'bigint' ? `${key}n` : JSON.stringify(key);
    });
    return `\0t${keys.join(',')}`;
  }
  if (value instanceof MissingValue) throw value;
  return raise('type', `unhashable type: '${typeName(value)}'`);
}

/** Python's dict, in insertion order. */
export class DictValue implements PyDict {
  readonly kind = 'dict';
  readonly #map = new Map<Key, [PyValue, PyValue]>();
  constructor(entries: readonly (readonly [PyValue, PyValue])[]) {
    for (const [key, value] of entries) {
      const hash = hashKey(key);
      const known = this.#map.get(hash);
      if (known === undefined) this.#map.set(hash, [key, value]);
      else known[1] = value;
    }
  }
  get size(): number {
    return this.#map.size;
  }
  has(key: PyValue): boolean {
    return this.#map.has(hashKey(key));
  }
  get(key: PyValue): PyValue | undefined {
    return this.#map.get(hashKey(key))?.[1];
  }
  keys(): PyValue[] {
    return [...this.#map.values()].map(([key]) => key);
  }
  values(): PyValue[] {
    return [...this.#map.values()].map(([, value]) => value);
  }
  entries(): [PyValue, PyValue][] {
    return [...this.#map.values()];
  }
}

/** Python's set, in insertion order. */
export class SetValue implements PySet {
  readonly kind = 'set';
  readonly #map = new Map<Key, PyValue>();
  constructor(items: readonly PyValue[]) {
    for (const item of items) {
      const hash = hashKey(item);
      if (!this.#map.has(hash)) this.#map.set(hash, item);
    }
  }
  get size(): number {
    return this.#map.size;
  }
  has(value: PyValue): boolean {
    return this.#map.has(hashKey(value));
  }
  values(): PyValue[] {
    return [...this.#map.values()];
  }
}

/** Python's name of a value's type. */
export function typeName(value: PyValue): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'int' : 'float';
  if (typeof value === 'string') return 'str';
  return Array.isArray(value) ? 'list' : value.kind;
}

/** A number or boolean as a number or bigint; undefined for every other type. Throws a missing value. */
export function numeric(value: PyValue): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof MissingValue) throw value;
  return undefined;
}

/** Python's truth of a value. Throws a missing value. */
export function truthy(value: PyValue): boolean {
  if (typeof value !== 'object') return Boolean(value);
  if (value === null) return false;
  return length(value) > 0;
}

/** `len(value)`; text by code points. */
export function length(value: PyValue): number {
  if (typeof value === 'string') return points(value).length;
  if (Array.isArray(value)) return value.length;
  if (value instanceof TupleValue) return value.items.length;
  if (value instanceof DictValue || value instanceof SetValue) return value.size;
  if (value instanceof MissingValue) throw value;
  return raise('type', `object of type '${typeName(value)}' has no len()`);
}

/** Code points of a text, as a string when each is one UTF-16 unit, else as a list. */
export function points(text: string): string | string[] {
  return /[\ud800-\udfff]/.test(text) ? Array.from(text) : text;
}

/** Elements in order: dict gives its keys, text its code points. */
export function iterate(value: PyValue): PyValue[] {
  if (Array.isArray(value)) return value;
  if (value instanceof TupleValue) return value.items as PyValue[];
  if (value instanceof SetValue) return value.values();
  if (value instanceof DictValue) return value.keys();
  if (typeof value === 'string') return Array.from(value);
  if (value instanceof MissingValue) throw value;
  return raise('type', `'${typeName(value)}' object is not iterable`);
}

/** Python's `==` of values, containers by content. */
export function equal(left: PyValue, right: PyValue): boolean {
  if (left === right) {
    if (left instanceof MissingValue) throw left;
    return true;
  }
  const a = numeric(left);
  const b = numeric(right);
  if (a !== undefined || b !== undefined) {
    return a !== undefined && b !== undefined && order(a, b) === 0;
  }
  if (Array.isArray(left)) return Array.isArray(right) && sameItems(left, right);
  if (left instanceof TupleValue) return right instanceof TupleValue && sameItems(left.items, right.items);
  if (left instanceof SetValue) {
    return (
      right instanceof SetValue && left.size === right.size && left.values().every((item) => right.has(item))
    );
  }
  if (left instanceof DictValue && right instanceof DictValue && left.size === right.size) {
    return left.entries().every(([key, value]) => right.has(key) && equal(value, right.get(key) as PyValue));
  }
  return false;
}

function sameItems(left: readonly PyValue[], right: readonly PyValue[]): boolean {
  return left.length === right.length && left.every((item, index) => equal(item, right[index] as PyValue));
}

/** The order of two numbers; undefined for NaN. The engine's own comparison of a bigint with a fraction is not to be trusted. */
function order(a: number | bigint, b: number | bigint): number | undefined {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : a === b ? 0 : undefined;
  const rough = order(Number(a), Number(b));
  return rough === 0 ? order(BigInt(a), BigInt(b)) : rough;
}

/** Negative, zero or positive as Python orders two values; `operator` is for the message. NaN compares as undefined. */
export function compare(left: PyValue, right: PyValue, operator = '<'): number | undefined {
  const a = numeric(left);
  const b = numeric(right);
  if (a !== undefined && b !== undefined) return order(a, b);
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  const x = left instanceof TupleValue ? left.items : left;
  const y = right instanceof TupleValue ? right.items : right;
  if (Array.isArray(x) && Array.isArray(y) && Array.isArray(left) === Array.isArray(right)) {
    for (let index = 0; index < x.length && index < y.length; index += 1) {
      if (!equal(x[index], y[index])) return compare(x[index], y[index], operator);
    }
    return x.length - y.length;
  }
  return raise(
    'type',
    `'${operator}' not supported between instances of '${typeName(left)}' and '${typeName(right)}'`,
  );
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const surrogate = /[\ud800-\udfff]/;
  if (!surrogate.test(left) && !surrogate.test(right)) return left < right ? -1 : 1;
  const a = Array.from(left);
  const b = Array.from(right);
  for (let index = 0; index < a.length && index < b.length; index += 1) {
    if (a[index] !== b[index])
      return (a[index] as string).codePointAt(0)! - (b[index] as string).codePointAt(0)!;
  }
  return a.length - b.length;
}

/** Rejects text over the limit; returns it. */
export function bounded(text: string): string {
  if (text.length > LIMIT)
    raise('limit', `a text of ${text.length} characters is over the limit of ${LIMIT}`);
  return text;
}

/** Plain data from outside as a value: objects become dicts, and a number's type is decided by its value. */
export function fromJson(json: unknown): PyValue {
  if (typeof json !== 'object' || json === null) return json as PyValue;
  if (Array.isArray(json)) return json.map(fromJson);
  return new DictValue(Object.entries(json).map(([key, value]) => [key, fromJson(value)] as const));
}
