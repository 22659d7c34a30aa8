import type { GuestFunctions, PythonRuntime, PyValue } from 'opsbro/sdk';
import { parseFloatText, parseIntText, roundWhole } from './numbers.ts';

const MAX_RANGE = 100_000;

/** One collection, or the arguments themselves. */
function candidates(py: PythonRuntime, name: string, values: PyValue[]): PyValue[] {
  const items = values.length === 1 ? py.iterate(values[0] as PyValue) : values;
  if (items.length === 0) py.raise('value', `${name}() arg is an empty sequence`);
  return items;
}

function best(py: PythonRuntime, name: string, values: PyValue[], sign: 1 | -1): PyValue {
  return candidates(py, name, values).reduce((kept, one) => (py.compare(one, kept) * sign > 0 ? one : kept));
}

function roundTo(py: PythonRuntime, value: PyValue, digits: PyValue): PyValue {
  const places = digits === null ? 0 : py.integer(digits, 'round');
  const number = typeof value === 'bigint' ? value : py.number(value, 'round');
  if (typeof number === 'bigint' || Number.isSafeInteger(number)) {
    return places >= 0 ? number : roundWhole(number, -places);
  }
  if (places >= 0) return places > 300 ? number : Number(py.format(number, `.${places}f`));
  const scale = 10 ** -places;
  return Number(py.format(number / scale, '.0f')) * scale;
}

function range(py: PythonRuntime, values: PyValue[]): number[] {
  const [first = 0, second, third] = values.map((value) => py.integer(value, 'range'));
  if (values.length === 0 || values.length > 3) py.raise('type', 'range() takes 1 to 3 arguments');
  const [from, to] = second === undefined ? [0, first] : [first, second];
  const step = third ?? 1;
  if (step === 0) py.raise('value', 'range() arg 3 must not be zero');
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (count > MAX_RANGE) py.raise('limit', `range() of ${count} numbers is over the limit of ${MAX_RANGE}`);
  return Array.from({ length: count }, (_, index) => from + index * step);
}

function toInt(py: PythonRuntime, value: PyValue, base: PyValue): PyValue {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'string') {
    const read = parseIntText(value, py.integer(base, 'int'));
    return (
      read ?? py.raise('value', `invalid literal for int() with base ${py.str(base)}: ${py.repr(value)}`)
    );
  }
  const number = py.number(value, 'int');
  if (!Number.isFinite(number)) py.raise('value', 'cannot convert float to integer');
  const whole = Math.trunc(number);
  return Number.isSafeInteger(whole) ? whole + 0 : BigInt(whole);
}

function toFloat(py: PythonRuntime, value: PyValue): number {
  if (typeof value !== 'string') return py.number(value, 'float');
  return parseFloatText(value) ?? py.raise('value', `could not convert string to float: ${py.repr(value)}`);
}

function toDict(py: PythonRuntime, value: PyValue): PyValue {
  if (py.isDict(value)) return value;
  const pairs = py.iterate(value).map((pair) => {
    const items = py.iterate(pair);
    if (items.length !== 2) py.raise('value', `dict() expects pairs, got ${items.length} elements`);
    return items as [PyValue, PyValue];
  });
  return py.dict(pairs);
}

function zip(py: PythonRuntime, iterables: PyValue[]): PyValue[] {
  const lists = iterables.map((one) => py.iterate(one));
  const size = lists.length === 0 ? 0 : Math.min(...lists.map((list) => list.length));
  return Array.from({ length: size }, (_, index) => py.tuple(lists.map((list) => list[index] as PyValue)));
}

function sorted(py: PythonRuntime, iterable: PyValue, reverse: PyValue): PyValue[] {
  // Python keeps the order of equal elements, also in reverse.
  const sign = py.truthy(reverse) ? -1 : 1;
  return [...py.iterate(iterable)].sort((a, b) => py.compare(a, b) * sign);
}

function chr(py: PythonRuntime, code: PyValue): string {
  const point = py.integer(code, 'chr');
  return point >= 0 && point <= 0x10ffff
    ? String.fromCodePoint(point)
    : py.raise('value', 'chr() arg not in range(0x110000)');
}

function ord(py: PythonRuntime, character: PyValue): number {
  const text = py.text(character, 'ord');
  if (py.length(text) !== 1) py.raise('type', `ord() expects a character, got a text of ${py.length(text)}`);
  return text.codePointAt(0) as number;
}

/** The functions of this topic, by canonical name. */
export const functions: GuestFunctions = {
  abs: (py, x = null) => (typeof x === 'bigint' ? (x < 0n ? -x : x) : Math.abs(py.number(x, 'abs'))),
  min: (py, ...values) => best(py, 'min', values, -1),
  max: (py, ...values) => best(py, 'max', values, 1),
  sum: (py, iterable = null, start = 0) =>
    py.iterate(iterable).reduce((total, one) => {
      if (typeof total === 'string') return py.raise('type', "sum() can't sum strings");
      return py.add(total, one);
    }, start),
  sorted: (py, iterable = null, reverse = false) => sorted(py, iterable, reverse),
  len: (py, value = null) => py.length(value),
  set: (py, iterable = null) => py.set(py.iterate(iterable)),
  list: (py, iterable = null) => [...py.iterate(iterable)],
  tuple: (py, iterable = null) => py.tuple(py.iterate(iterable)),
  dict: (py, pairs = null) => toDict(py, pairs),
  str: (py, value = null) => py.str(value),
  repr: (py, value = null) => py.repr(value),
  int: (py, value = null, base = 10) => toInt(py, value, base),
  float: (py, value = null) => toFloat(py, value),
  bool: (py, value = null) => py.truthy(value),
  round: (py, number = null, digits = null) => roundTo(py, number, digits),
  any: (py, iterable = null) => py.iterate(iterable).some((one) => py.truthy(one)),
  all: (py, iterable = null) => py.iterate(iterable).every((one) => py.truthy(one)),
  range: (py, ...values) => range(py, values),
  enumerate: (py, iterable = null, start = 0) => {
    const first = py.integer(start, 'enumerate');
    return py.iterate(iterable).map((one, index) => py.tuple([first + index, one]));
  },
  zip: (py, ...iterables) => zip(py, iterables),
  reversed: (py, sequence = null) => [...py.iterate(sequence)].reverse(),
  ord: (py, character = null) => ord(py, character),
  chr: (py, code = null) => chr(py, code),
};
