import type { PyValue } from 'opsbro/sdk';
import { formatFields, formatOne } from './fields.ts';
import { binary, contains, unary } from './numbers.ts';
import { type Lenient, percent } from './percent.ts';
import { numberText, str, toJson } from './text.ts';
import {
  bounded,
  compare,
  DictValue,
  equal,
  iterate,
  MissingValue,
  numeric,
  points,
  raise,
  SetValue,
  TupleValue,
  truthy,
  typeName,
} from './values.ts';

/** State of the evaluation that runs. */
export const evaluation = {
  /** Where it is: odd while an output text is made, where a missing value prints `?`. */
  stage: (): number => 0,
  /** Names of the variables whose expressions are being evaluated, the innermost last: they are never lenient. */
  variables: [] as string[],
  /** Values of nodes, by number, while an instrumented program runs. */
  trace: [] as PyValue[],
};

/** Names of missing keys that output texts met; null while there are none. */
export let met: string[] | null = null;

/** Notes that a missing value was printed. */
export function note(value: MissingValue): void {
  met = [...(met ?? []), value.key];
}

/** Gives the names of missing keys met so far, and forgets them. */
export function takeMet(): string[] {
  const names = met ?? [];
  met = null;
  return names;
}

/** Forgets what an evaluation that did not end well left behind. */
export function forget(): void {
  met = null;
  evaluation.variables = [];
  evaluation.trace = [];
}

const isLenient = (): boolean => evaluation.variables.length === 0 && (evaluation.stage() & 1) === 1;
const lenient = (): Lenient => (isLenient() ? note : null);

/** Runs an operation on values; a missing value met inside is its result. */
function guarded<T extends PyValue>(operation: () => T): T | MissingValue {
  try {
    return operation();
  } catch (thrown) {
    if (thrown instanceof MissingValue) return thrown;
    throw thrown;
  }
}

const ordered =
  (operator: string, holds: (order: number) => boolean) =>
  (left: PyValue, right: PyValue): PyValue =>
    guarded(() => {
      if (left instanceof SetValue && right instanceof SetValue) return subset(operator, left, right);
      const order = compare(left, right, operator);
      return order !== undefined && holds(order);
    });

function subset(operator: string, left: SetValue, right: SetValue): boolean {
  const [small, large] = operator[0] === '<' ? [left, right] : [right, left];
  return (
    small.values().every((item) => large.has(item)) && (operator.length === 2 || small.size < large.size)
  );
}

/** An index into a sequence, counted from the end when negative. */
function position(index: PyValue, size: number, kind: string): number {
  const number = numeric(index);
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) {
    return raise('type', `${kind} indices must be integers or slices, not ${typeName(index)}`);
  }
  const at = number < 0 ? number + size : number;
  return at < 0 || at >= size ? raise('value', `${kind} index out of range`) : at;
}

function item(container: PyValue, index: PyValue): PyValue {
  if (container instanceof MissingValue) return container;
  if (index instanceof MissingValue) return index;
  if (typeof container === 'string') {
    const all = points(container);
    return all[position(index, all.length, 'string')] as string;
  }
  if (Array.isArray(container)) return container[position(index, container.length, 'list')] as PyValue;
  if (container instanceof TupleValue)
    return container.items[position(index, container.items.length, 'tuple')] as PyValue;
  if (container instanceof DictValue) {
    const found = container.get(index);
    return found === undefined ? raise('value', `KeyError: ${bounded(str([index])).slice(1, -1)}`) : found;
  }
  return raise('type', `'${typeName(container)}' object is not subscriptable`);
}

/** `container[from:to:step]`; null stands for a bound left out. */
function slice(container: PyValue, from: PyValue, to: PyValue, step: PyValue): PyValue {
  for (const value of [container, from, to, step]) if (value instanceof MissingValue) return value;
  const all =
    typeof container === 'string'
      ? points(container)
      : container instanceof TupleValue
        ? container.items
        : container;
  if (typeof all !== 'string' && !Array.isArray(all))
    return raise('type', `'${typeName(container)}' object is not subscriptable`);
  const bound = (value: PyValue, fallback: number): number => {
    if (value === null) return fallback;
    const number = numeric(value);
    return typeof number === 'number' && Number.isSafeInteger(number)
      ? number
      : raise('type', 'slice indices must be integers or None');
  };
  const by = bound(step, 1);
  if (by === 0) return raise('value', 'slice step cannot be zero');
  const size = all.length;
  const clamp = (at: number): number =>
    by > 0
      ? Math.min(Math.max(at < 0 ? at + size : at, 0), size)
      : Math.min(Math.max(at < 0 ? at + size : at, -1), size - 1);
  const first = from === null ? (by > 0 ? 0 : size - 1) : clamp(bound(from, 0));
  const last = to === null ? (by > 0 ? size : -1) : clamp(bound(to, 0));
  const picked: PyValue[] = [];
  for (let at = first; by > 0 ? at < last : at > last; at += by) picked.push(all[at] as PyValue);
  if (typeof container === 'string') return (picked as string[]).join('');
  return container instanceof TupleValue ? new TupleValue(picked) : picked;
}

let lastNumber = Number.NaN;
let lastText = '';

const truth = (value: PyValue): boolean | MissingValue =>
  value instanceof MissingValue ? value : truthy(value);

/**
 * Everything that compiled expressions call, under the names `emit.ts` writes. An operand that is missing makes the result
 * that missing value; `cond` and `each` need a value and throw it.
 */
export const operators = {
  add: (a: PyValue, b: PyValue) => binary('+', a, b),
  sub: (a: PyValue, b: PyValue) => binary('-', a, b),
  mul: (a: PyValue, b: PyValue) => binary('*', a, b),
  bin: binary,
  mod: (a: PyValue, b: PyValue): PyValue =>
    typeof a === 'string'
      ? b instanceof MissingValue && lenient() === null
        ? b
        : guarded(() => percent(a, b, lenient()))
      : binary('%', a, b),
  una: unary,
  lt: ordered('<', (order) => order < 0),
  le: ordered('<=', (order) => order <= 0),
  gt: ordered('>', (order) => order > 0),
  ge: ordered('>=', (order) => order >= 0),
  eq: (a: PyValue, b: PyValue): PyValue =>
    a instanceof MissingValue ? a : b instanceof MissingValue ? b : guarded(() => equal(a, b)),
  ne: (a: PyValue, b: PyValue): PyValue =>
    a instanceof MissingValue ? a : b instanceof MissingValue ? b : guarded(() => !equal(a, b)),
  has: (a: PyValue, b: PyValue): PyValue => guarded(() => contains(a, b)),
  hasnt: (a: PyValue, b: PyValue): PyValue => guarded(() => !contains(a, b)),
  same: (a: PyValue, b: PyValue): boolean =>
    typeof a === 'object' ? a === b : typeof a === typeof b && a === b,
  not: (a: PyValue): PyValue => {
    const known = truth(a);
    return typeof known === 'boolean' ? !known : known;
  },
  truth,
  /** The truth of a condition. Throws a missing value. */
  cond: truthy,
  item,
  slice,
  each: iterate,
  tuple: (items: PyValue[]) => new TupleValue(items),
  set: (items: PyValue[]) => new SetValue(items),
  dict: (entries: [PyValue, PyValue][]) => new DictValue(entries),
  /** Unpacks one element into that many names. */
  unpack: (value: PyValue, count: number): PyValue[] => {
    const items = iterate(value);
    return items.length === count
      ? items
      : raise('value', `cannot unpack ${items.length} values into ${count} names`);
  },
  /** The value, or what `fallback` gives when it is missing. */
  or: (value: PyValue, fallback: () => PyValue): PyValue =>
    value instanceof MissingValue ? fallback() : value,
  gone: (key: string) => new MissingValue(key),
  /** Joins parts of an f-string or a literal with placeholders. */
  cat: (parts: PyValue[]): PyValue => {
    let text = '';
    for (const part of parts) {
      if (typeof part === 'string') text += part;
      else if (part instanceof MissingValue && !isLenient()) return part;
      else text += operators.txt(part);
    }
    return bounded(text);
  },
  fmt: (value: PyValue, conversion: string, spec: PyValue): PyValue =>
    guarded(() =>
      formatOne(value, conversion, spec instanceof MissingValue ? '' : (spec as string), lenient()),
    ),
  format: (template: string, args: PyValue[], named: DictValue): PyValue =>
    guarded(() => formatFields(template, args, named, lenient())),
  /** The text of an output: `?` for a missing value. */
  txt: (value: PyValue): string => {
    if (typeof value === 'string') return value;
    if (!(value instanceof MissingValue)) return str(value);
    note(value);
    return '?';
  },
  /** A number or text printed; remembers the last number, since the checks of one tick often print the same one. */
  s: (value: number | bigint | string): string => {
    if (value === lastNumber) return lastText;
    if (typeof value !== 'number') return String(value);
    const text = numberText(value);
    // Together: an evaluation can be interrupted within `numberText`.
    lastNumber = value;
    lastText = text;
    return text;
  },
  /** A value as JavaScript's own data; a missing one is `?` in an output text, undefined where `soft`, and thrown elsewhere. */
  js: (value: PyValue, soft = false): unknown => {
    if (!(value instanceof MissingValue)) return toJson(value);
    if (soft) return undefined;
    if (!isLenient()) throw value;
    note(value);
    return '?';
  },
  /** What a JavaScript expression gave, as plain data. */
  plain: (value: unknown): unknown => {
    if (value === undefined) return raise('value', 'the JavaScript expression gave undefined');
    if (typeof value === 'bigint') return value;
    const text = JSON.stringify(value);
    if (text === undefined) return raise('type', `the JavaScript expression gave a ${typeof value}`);
    return JSON.parse(bounded(text));
  },
  unknown: (message: string): never => raise('unknown_function', message),
  trace: (node: number, value: PyValue): PyValue => {
    evaluation.trace[node] = value;
    return value;
  },
};
