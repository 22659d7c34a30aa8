import type { PyValue } from 'opsbro/sdk';
import { operators } from './operators.ts';
import { str } from './text.ts';
import {
  bounded,
  DictValue,
  equal,
  iterate,
  MissingValue,
  numeric,
  points,
  raise,
  SetValue,
  TupleValue,
  typeName,
} from './values.ts';

type Method = (target: never, ...args: PyValue[]) => PyValue;

/** A method of a value that does not change it, with its parameters' names for keyword arguments (`?` marks optional ones). */
interface Entry {
  parameters: string[];
  call: Method;
}

const text = (value: PyValue, what: string): string =>
  typeof value === 'string' ? value : raise('type', `${what} must be str, not ${typeName(value)}`);
const whole = (value: PyValue | undefined, fallback: number): number => {
  if (value === undefined || value === null) return fallback;
  const number = numeric(value);
  return typeof number === 'number' && Number.isSafeInteger(number)
    ? number
    : raise('type', `'${typeName(value)}' object cannot be interpreted as an integer`);
};
const blank = /[\s\x1c-\x1f\x85]/u;

function strip(value: string, characters: PyValue | undefined, ends: 'both' | 'left' | 'right'): string {
  const all = Array.from(value);
  const given =
    characters === undefined || characters === null ? null : new Set(text(characters, 'strip argument'));
  const drop = (character: string | undefined): boolean =>
    character !== undefined && (given === null ? blank.test(character) : given.has(character));
  let from = 0;
  let to = all.length;
  while (ends !== 'right' && from < to && drop(all[from])) from += 1;
  while (ends !== 'left' && to > from && drop(all[to - 1])) to -= 1;
  return all.slice(from, to).join('');
}

function split(value: string, separator: PyValue | undefined, limit: PyValue | undefined): string[] {
  const most = whole(limit, -1);
  if (separator === undefined || separator === null) {
    const words = value.split(/[\s\x1c-\x1f\x85]+/u).filter((word) => word !== '');
    if (most < 0 || words.length <= most) return words;
    let rest = strip(value, null, 'left');
    const head = words.slice(0, most);
    for (const word of head) rest = strip(rest.slice(word.length), null, 'left');
    return [...head, rest];
  }
  const by = text(separator, 'separator');
  if (by === '') raise('value', 'empty separator');
  const parts = value.split(by);
  return most < 0 || parts.length <= most + 1 ? parts : [...parts.slice(0, most), parts.slice(most).join(by)];
}

function splitRight(value: string, separator: PyValue | undefined, limit: PyValue | undefined): string[] {
  const most = whole(limit, -1);
  const parts = split(value, separator, null);
  const isBlank = separator === undefined || separator === null;
  if (most < 0 || parts.length <= (isBlank ? most : most + 1)) return parts;
  const tail = parts.slice(parts.length - most);
  if (isBlank) {
    let rest = strip(value, null, 'right');
    for (const word of [...tail].reverse())
      rest = strip(rest.slice(0, rest.length - word.length), null, 'right');
    return [strip(rest, null, 'right'), ...tail];
  }
  return [parts.slice(0, parts.length - most).join(text(separator, 'separator')), ...tail];
}

/** The part of a text between two bounds, as `find` and its relatives take them, and where it starts; null when it starts behind its end. */
function range(value: string, from: PyValue | undefined, to: PyValue | undefined): [string, number] | null {
  const size = points(value).length;
  const clamp = (at: number): number => (at < 0 ? Math.max(0, at + size) : at);
  const first = clamp(whole(from, 0));
  const last = Math.min(clamp(whole(to, size)), size);
  return first > last ? null : [operators.slice(value, first, last, null) as string, first];
}

function find(
  value: string,
  wanted: PyValue,
  from: PyValue | undefined,
  to: PyValue | undefined,
  last = false,
): number {
  const needle = text(wanted, 'find argument');
  const [part, offset] = range(value, from, to) ?? [null, 0];
  const at = part === null ? -1 : last ? part.lastIndexOf(needle) : part.indexOf(needle);
  return at < 0 ? -1 : offset + points((part as string).slice(0, at)).length;
}

function count(value: string, wanted: PyValue, from: PyValue | undefined, to: PyValue | undefined): number {
  const needle = text(wanted, 'count argument');
  const part = range(value, from, to)?.[0];
  if (part === undefined) return 0;
  return needle === '' ? points(part).length + 1 : part.split(needle).length - 1;
}

function affix(
  value: string,
  wanted: PyValue,
  from: PyValue | undefined,
  to: PyValue | undefined,
  test: (part: string, one: string) => boolean,
): boolean {
  const part = range(value, from, to)?.[0];
  const all = wanted instanceof TupleValue ? wanted.items : [wanted];
  return all.map((one) => text(one, 'prefix or suffix')).some((one) => part !== undefined && test(part, one));
}

function replace(value: string, old: PyValue, fresh: PyValue, count: PyValue | undefined): string {
  const most = whole(count, -1);
  const from = text(old, 'replace() argument 1');
  const to = text(fresh, 'replace() argument 2');
  const parts = from === '' ? ['', ...Array.from(value), ''] : value.split(from);
  const changes = most < 0 ? parts.length - 1 : Math.min(most, parts.length - 1);
  const size = value.length + changes * (to.length - from.length);
  if (size > 1_048_576) raise('limit', `a text of ${size} characters is over the limit of 1048576`);
  return (
    parts.slice(0, changes + 1).join(to) +
    parts
      .slice(changes + 1)
      .map((part) => from + part)
      .join('')
  );
}

const cased = (value: string, test: RegExp, none: RegExp): boolean => test.test(value) && !none.test(value);
const justify = (value: string, width: PyValue, fill: PyValue | undefined, align: string): PyValue => {
  const padding = text(fill ?? ' ', 'the fill character');
  if (points(padding).length !== 1) raise('type', 'the fill character must be exactly one character long');
  const missing = whole(width, 0) - points(value).length;
  if (align !== '^' || missing <= 0)
    return operators.fmt(value, '', `${padding}${align}${Math.max(0, whole(width, 0))}`);
  const left = (missing >> 1) + (missing & whole(width, 0) & 1);
  return bounded(
    padding.repeat(Math.min(left, 1_048_577)) + value + padding.repeat(Math.min(missing - left, 1_048_577)),
  );
};
const title = (value: string): string =>
  value.replace(/\p{L}+/gu, (word) =>
    Array.from(word)
      .map((one, index) => (index === 0 ? one.toUpperCase() : one.toLowerCase()))
      .join(''),
  );

const method = (parameters: string, call: Method): Entry => ({
  parameters: parameters === '' ? [] : parameters.split(' '),
  call,
});

const textMethods: { [name: string]: Entry } = {
  upper: method('', (s: string) => s.toUpperCase()),
  lower: method('', (s: string) => s.toLowerCase()),
  casefold: method('', (s: string) => s.toLowerCase().replaceAll('ß', 'ss')),
  capitalize: method('', (s: string) => {
    const [first = '', ...rest] = Array.from(s);
    return first.toUpperCase() + rest.join('').toLowerCase();
  }),
  title: method('', (s: string) => title(s)),
  swapcase: method('', (s: string) =>
    Array.from(s)
      .map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()))
      .join(''),
  ),
  strip: method('chars?', (s: string, c) => strip(s, c, 'both')),
  lstrip: method('chars?', (s: string, c) => strip(s, c, 'left')),
  rstrip: method('chars?', (s: string, c) => strip(s, c, 'right')),
  split: method('sep? maxsplit?', (s: string, by, most) => split(s, by, most)),
  rsplit: method('sep? maxsplit?', (s: string, by, most) => splitRight(s, by, most)),
  splitlines: method('', (s: string) => {
    const lines = s.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/);
    if (lines.at(-1) === '') lines.pop();
    return lines;
  }),
  partition: method('sep', (s: string, by) => {
    const [head = '', ...rest] = split(s, by, 1);
    return new TupleValue(rest.length > 0 ? [head, by, rest[0] as string] : [s, '', '']);
  }),
  rpartition: method('sep', (s: string, by) => {
    const parts = splitRight(s, by, 1);
    return new TupleValue(parts.length > 1 ? [parts[0] as string, by, parts[1] as string] : ['', '', s]);
  }),
  join: method('iterable', (s: string, items) => {
    const texts = iterate(items).map((item, index) =>
      item instanceof MissingValue
        ? raiseMissing(item)
        : typeof item === 'string'
          ? item
          : raise('type', `sequence item ${index}: expected str instance, ${typeName(item)} found`),
    );
    const size = texts.reduce((sum, one) => sum + one.length + s.length, 0);
    return size > 1_048_576 + s.length
      ? raise('limit', `a text of ${size} characters is over the limit of 1048576`)
      : texts.join(s);
  }),
  replace: method('old new count?', (s: string, old, fresh, count) => replace(s, old, fresh, count)),
  startswith: method('prefix start? end?', (s: string, one, from, to) =>
    affix(s, one, from, to, (part, wanted) => part.startsWith(wanted)),
  ),
  endswith: method('suffix start? end?', (s: string, one, from, to) =>
    affix(s, one, from, to, (part, wanted) => part.endsWith(wanted)),
  ),
  removeprefix: method('prefix', (s: string, one) =>
    s.startsWith(text(one, 'prefix')) ? s.slice((one as string).length) : s,
  ),
  removesuffix: method('suffix', (s: string, one) =>
    one !== '' && s.endsWith(text(one, 'suffix')) ? s.slice(0, -(one as string).length) : s,
  ),
  find: method('sub start? end?', (s: string, one, from, to) => find(s, one, from, to)),
  rfind: method('sub start? end?', (s: string, one, from, to) => find(s, one, from, to, true)),
  index: method('sub start? end?', (s: string, one, from, to) => {
    const at = find(s, one, from, to);
    return at < 0 ? raise('value', 'substring not found') : at;
  }),
  count: method('sub start? end?', (s: string, one, from, to) => count(s, one, from, to)),
  ljust: method('width fillchar?', (s: string, width, fill) => justify(s, width, fill, '<')),
  rjust: method('width fillchar?', (s: string, width, fill) => justify(s, width, fill, '>')),
  center: method('width fillchar?', (s: string, width, fill) => justify(s, width, fill, '^')),
  zfill: method('width', (s: string, width) => {
    const sign = /^[+-]/.exec(s)?.[0] ?? '';
    return (
      sign +
      (operators.fmt(s.slice(sign.length), '', `0>${Math.max(0, whole(width, 0) - sign.length)}`) as string)
    );
  }),
  isdigit: method('', (s: string) => /^\p{Nd}+$/u.test(s)),
  isnumeric: method('', (s: string) => /^\p{N}+$/u.test(s)),
  isalpha: method('', (s: string) => /^\p{L}+$/u.test(s)),
  isalnum: method('', (s: string) => /^[\p{L}\p{N}]+$/u.test(s)),
  isspace: method('', (s: string) => /^[\s\x1c-\x1f\x85]+$/u.test(s)),
  isupper: method('', (s: string) => cased(s, /\p{Lu}/u, /\p{Ll}/u)),
  islower: method('', (s: string) => cased(s, /\p{Ll}/u, /\p{Lu}/u)),
};

function raiseMissing(value: MissingValue): never {
  throw value;
}

function indexOf(items: readonly PyValue[], wanted: PyValue): number {
  const at = items.findIndex((item) => equal(item, wanted));
  return at < 0 ? raise('value', `${str([wanted]).slice(1, -1)} is not in the sequence`) : at;
}

const listMethods: { [name: string]: Entry } = {
  index: method('value', (list: PyValue, wanted) => indexOf(iterate(list), wanted)),
  count: method(
    'value',
    (list: PyValue, wanted) => iterate(list).filter((item) => equal(item, wanted)).length,
  ),
  copy: method('', (list: PyValue) => [...iterate(list)]),
};

const dictMethods: { [name: string]: Entry } = {
  get: method(
    'key default?',
    (dict: DictValue, key, fallback) => dict.get(key) ?? (dict.has(key) ? null : (fallback ?? null)),
  ),
  keys: method('', (dict: DictValue) => dict.keys()),
  values: method('', (dict: DictValue) => dict.values()),
  items: method('', (dict: DictValue) => dict.entries().map((pair) => new TupleValue(pair))),
  copy: method('', (dict: DictValue) => dict),
};

const sets = (operator: '|' | '&' | '-' | '^') =>
  method('other', (set: SetValue, other) => operators.bin(operator, set, new SetValue(iterate(other))));
const setMethods: { [name: string]: Entry } = {
  union: sets('|'),
  intersection: sets('&'),
  difference: sets('-'),
  symmetric_difference: sets('^'),
  issubset: method('other', (set: SetValue, other) => operators.le(set, new SetValue(iterate(other)))),
  issuperset: method('other', (set: SetValue, other) => operators.ge(set, new SetValue(iterate(other)))),
  isdisjoint: method('other', (set: SetValue, other) => !iterate(other).some((item) => set.has(item))),
  copy: method('', (set: SetValue) => set),
};

function methodsOf(target: PyValue): { [name: string]: Entry } {
  if (typeof target === 'string') return textMethods;
  if (Array.isArray(target) || target instanceof TupleValue) return listMethods;
  if (target instanceof DictValue) return dictMethods;
  return target instanceof SetValue ? setMethods : {};
}

/** Calls a method that does not change its object; a missing value among its operands is the result. */
export function callMethod(
  target: PyValue,
  name: string,
  args: PyValue[],
  named: [string, PyValue][],
): PyValue {
  const operands = [target, ...args, ...named.map(([, value]) => value)];
  if (name === 'format' && typeof target === 'string')
    return operators.format(target, args, new DictValue(named));
  for (const operand of operands) if (operand instanceof MissingValue) return operand;
  const methods = methodsOf(target);
  const entry = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (entry === undefined)
    return raise(
      'type',
      `'${typeName(target)}' object has no method '${name}' here; it has ${Object.keys(methods).join(', ') || 'none'}`,
    );
  const values = [...args];
  for (const [key, value] of named) {
    const at = entry.parameters.findIndex((parameter) => parameter.replace('?', '') === key);
    if (at < 0 || at < args.length) raise('type', `${name}() got an unexpected keyword argument '${key}'`);
    values[at] = value;
  }
  const required = entry.parameters.filter((parameter) => !parameter.endsWith('?')).length;
  if (
    values.length > entry.parameters.length ||
    values.slice(0, required).filter((one) => one !== undefined).length < required
  ) {
    raise('type', `${name}() takes ${entry.parameters.join(', ') || 'no arguments'}; ${args.length} given`);
  }
  return entry.call(target as never, ...values);
}
