import type { PyValue } from 'opsbro/sdk';
import { numberText, quote, repr, str } from './text.ts';
import {
  bounded,
  DictValue,
  LIMIT,
  MissingValue,
  numeric,
  points,
  raise,
  TupleValue,
  typeName,
} from './values.ts';

const MAX_PRECISION = 1_000;

/** What a conversion asks for, in either notation. `type` is `''` when a format spec names none. */
interface Spec {
  fill: string;
  align: '' | '<' | '>' | '=' | '^';
  sign: '' | '+' | '-' | ' ';
  alternate: boolean;
  zero: boolean;
  width: number;
  grouping: '' | ',' | '_';
  precision: number | null;
  type: string;
}

/** The exact value as a fraction of integers; typed arrays do not exist in the guest, so the bits are found by doubling. */
function fraction(value: number): [bigint, bigint] {
  let scaled = value;
  let shift = 0n;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    shift += 1n;
  }
  return [BigInt(scaled), 1n << shift];
}

/** numerator / denominator to the nearest integer, ties to even. */
function rounded(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  return twice > denominator || (twice === denominator && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

/** A non-negative number with that many decimals, correctly rounded, ties to even. */
export function fixed(value: number, decimals: number): string {
  // toFixed is exact but rounds ties up; a tie needs twice the scaled value to be whole.
  if (value < 1e15 && decimals <= 20 && !Number.isInteger(value * 10 ** decimals * 2))
    return value.toFixed(decimals);
  const [numerator, denominator] = fraction(value);
  const digits = String(rounded(numerator * 10n ** BigInt(decimals), denominator)).padStart(
    decimals + 1,
    '0',
  );
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** `decimals + 1` significant digits of a non-negative number and its decimal exponent. */
function scientific(value: number, decimals: number): [string, number] {
  if (value === 0) return ['0'.repeat(decimals + 1), 0];
  const [numerator, denominator] = fraction(value);
  let exponent = Number(value.toExponential().split('e')[1]);
  for (;;) {
    const scale = decimals - exponent;
    const digits = String(
      scale >= 0
        ? rounded(numerator * 10n ** BigInt(scale), denominator)
        : rounded(numerator, denominator * 10n ** BigInt(-scale)),
    );
    if (digits.length === decimals + 1) return [digits, exponent];
    exponent += digits.length - decimals - 1;
  }
}

const withExponent = (exponent: number): string =>
  `e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;

function exponential(value: number, decimals: number, alternate: boolean): string {
  const [digits, exponent] = scientific(value, decimals);
  const point = decimals > 0 || alternate ? '.' : '';
  return digits[0] + point + digits.slice(1) + withExponent(exponent);
}

/** Notation `g`; `bare` is a float's notation without a type, which keeps one decimal and turns to an exponent one digit earlier. */
function general(value: number, precision: number, alternate: boolean, bare: boolean): string {
  const significant = Math.max(1, precision);
  const [digits, exponent] = scientific(value, significant - 1);
  const useExponent = exponent < -4 || exponent >= (bare ? significant - 1 : significant);
  if (useExponent && !(bare && exponent >= 0 && exponent < significant - 1)) {
    const rest = alternate ? digits.slice(1) : digits.slice(1).replace(/0+$/, '');
    return digits[0] + (rest !== '' || alternate ? '.' : '') + rest + withExponent(exponent);
  }
  const padded = exponent < 0 ? '0'.repeat(-exponent) + digits : digits;
  const whole = exponent < 0 ? 1 : exponent + 1;
  const rest = alternate ? padded.slice(whole) : padded.slice(whole).replace(/0+$/, '');
  return padded.slice(0, whole) + (rest !== '' || alternate ? '.' : bare ? '.0' : '') + rest;
}

function floatBody(value: number, spec: Spec): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : 'inf';
  const precision = spec.precision ?? 6;
  if (precision > MAX_PRECISION)
    raise('limit', `a precision of ${precision} is over the limit of ${MAX_PRECISION}`);
  switch (spec.type.toLowerCase()) {
    case 'f':
      return fixed(value, precision) + (spec.alternate && precision === 0 ? '.' : '');
    case 'e':
      return exponential(value, precision, spec.alternate);
    case '%':
      return `${fixed(value * 100, precision)}${spec.alternate && precision === 0 ? '.' : ''}%`;
    case '':
      return spec.precision === null ? numberText(value) : general(value, precision, spec.alternate, true);
    default:
      return general(value, precision, spec.alternate, false);
  }
}

const bases: { [type: string]: [number, string] } = { x: [16, '0x'], o: [8, '0o'], b: [2, '0b'] };

/** Sign, prefix and digits of a number put together, grouped and filled to the width. */
function place(negative: boolean, prefix: string, body: string, spec: Spec): string {
  const sign = negative ? '-' : spec.sign === '-' ? '' : spec.sign;
  const fill = spec.zero && spec.align === '' ? '0' : spec.fill;
  const align = spec.align === '' ? (spec.zero ? '=' : '>') : spec.align;
  let digits = body;
  if (spec.grouping !== '') {
    const every = /[xXob]/.test(spec.type) ? 4 : 3;
    const whole = /^[0-9a-fA-F]*/.exec(body)?.[0] ?? '';
    const known = /[xX]/.test(spec.type) ? whole : (/^\d*/.exec(body)?.[0] ?? '');
    const rest = body.slice(known.length);
    const minimum =
      fill === '0' && align === '=' ? spec.width - sign.length - prefix.length - rest.length : 0;
    digits = group(known, spec.grouping, every, minimum) + rest;
  }
  const missing = spec.width - sign.length - prefix.length - digits.length;
  if (missing <= 0) return sign + prefix + digits;
  if (align === '=') return bounded(sign + prefix + fill.repeat(Math.min(missing, LIMIT + 1)) + digits);
  return pad(sign + prefix + digits, fill, align, spec.width);
}

function group(digits: string, separator: string, every: number, minimum: number): string {
  let result = '';
  let count = 0;
  let rest = digits;
  while (rest !== '' || result.length < minimum) {
    if (count > 0 && count % every === 0) {
      result = separator + result;
      if (rest === '' && result.length >= minimum + 1) break;
    }
    result = (rest.at(-1) ?? '0') + result;
    rest = rest.slice(0, -1);
    count += 1;
    if (count > LIMIT) raise('limit', 'a width is over the limit');
  }
  return result;
}

function pad(text: string, fill: string, align: string, width: number): string {
  const missing = width - points(text).length;
  if (missing <= 0) return text;
  if (width > LIMIT) raise('limit', `a width of ${width} is over the limit of ${LIMIT}`);
  const left = align === '<' ? 0 : align === '^' ? Math.floor(missing / 2) : missing;
  return fill.repeat(left) + text + fill.repeat(missing - left);
}

function integerText(value: number | bigint, spec: Spec): string {
  const whole = typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
  const size = whole < 0n ? -whole : whole;
  const [base, prefix] = bases[spec.type.toLowerCase()] ?? [10, ''];
  let digits = size.toString(base);
  if (spec.type === 'X') digits = digits.toUpperCase();
  const shown = spec.alternate ? (spec.type === 'X' ? '0X' : prefix) : '';
  if (spec.precision !== null) {
    if (spec.precision > MAX_PRECISION)
      raise('limit', `a precision of ${spec.precision} is over the limit of ${MAX_PRECISION}`);
    digits = digits.padStart(spec.precision, '0');
  }
  return place(whole < 0n, shown, digits, spec);
}

function floatText(value: number | bigint, spec: Spec): string {
  const number = Number(value);
  const body = floatBody(Math.abs(number), spec);
  const upper = spec.type === 'E' || spec.type === 'F' || spec.type === 'G';
  return place(number < 0, '', upper ? body.toUpperCase() : body, spec);
}

const cut = (text: string, precision: number | null): string => {
  if (precision === null) return text;
  const all = points(text);
  return typeof all === 'string' ? all.slice(0, precision) : all.slice(0, precision).join('');
};

const specPattern = /^(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

function parseSpec(text: string, value: PyValue): Spec {
  const match = specPattern.exec(text);
  if (match === null)
    return raise('value', `invalid format specifier ${quote(text)} for a value of type '${typeName(value)}'`);
  const [, fill, align, sign, , alternate, zero, width, grouping, precision, type] = match;
  return {
    fill: fill ?? (zero !== undefined && align === undefined ? '0' : zero !== undefined ? '0' : ' '),
    align: (align ?? '') as Spec['align'],
    sign: (sign ?? '') as Spec['sign'],
    alternate: alternate !== undefined,
    zero: zero !== undefined,
    width: Number(width ?? 0),
    grouping: (grouping ?? '') as Spec['grouping'],
    precision: precision === undefined ? null : Number(precision),
    type: type ?? '',
  };
}

/** Python's `format(value, spec)`. Throws a missing value. */
export function format(value: PyValue, text: string): string {
  if (text === '') return str(value);
  const spec = parseSpec(text, value);
  if (typeof value === 'string') return formatText(value, spec);
  const number = numeric(value);
  if (number === undefined)
    return raise('type', `unsupported format string passed to ${typeName(value)}.__format__`);
  const whole = typeof number === 'bigint' || Number.isSafeInteger(number);
  if (spec.grouping !== '' && 'nc'.includes(spec.type) && spec.type !== '')
    raise('value', `cannot specify '${spec.grouping}' with '${spec.type}'`);
  const type = spec.type === 'n' ? (whole ? 'd' : 'g') : spec.type;
  if (whole && (type === '' || 'dxXob'.includes(type))) {
    if (spec.precision !== null) raise('value', 'precision not allowed in integer format specifier');
    if (spec.grouping === ',' && 'xXob'.includes(type) && type !== '')
      raise('value', `cannot specify ',' with '${type}'`);
    return integerText(number, { ...spec, type });
  }
  if (type === 'c' && (spec.sign !== '' || spec.alternate || spec.precision !== null)) {
    raise('value', "sign, '#' and precision are not allowed with 'c'");
  }
  if (whole && type === 'c')
    return place(false, '', character(number), { ...spec, align: spec.align === '' ? '<' : spec.align });
  if (!'eEfFgG%'.includes(type) && type !== '') return unknownType(spec, value);
  return floatText(number, { ...spec, type });
}

function unknownType(spec: Spec, value: PyValue): never {
  return raise('value', `unknown format code '${spec.type}' for object of type '${typeName(value)}'`);
}

function formatText(value: string, spec: Spec): string {
  if (spec.type !== '' && spec.type !== 's') return unknownType(spec, value);
  if (spec.sign !== '') raise('value', 'sign not allowed in string format specifier');
  if (spec.alternate) raise('value', 'alternate form (#) not allowed in string format specifier');
  if (spec.align === '=') raise('value', "'=' alignment not allowed in string format specifier");
  if (spec.grouping !== '') raise('value', `cannot specify '${spec.grouping}' with 's'`);
  return pad(cut(value, spec.precision), spec.fill, spec.align === '' ? '<' : spec.align, spec.width);
}

function character(code: number | bigint): string {
  if (Number(code) < 0 || Number(code) > 0x10ffff) raise('value', '%c arg not in range(0x110000)');
  return String.fromCodePoint(Number(code));
}

/** `!r`, `!s` and `!a`. */
export function convert(value: PyValue, conversion: string): PyValue {
  if (conversion === 'r') return repr(value);
  if (conversion === 'a') return quoteAscii(repr(value));
  return conversion === 's' ? str(value) : value;
}

const quoteAscii = (text: string): string =>
  text.replace(/[^\x20-\x7e]/gu, (one) => quote(one, true).slice(1, -1));

/** A text's conversions, parsed: literal parts and specifications in turn. */
type Piece =
  | string
  | { key: string | null; flags: string; width: string; precision: string | null; type: string };
const parsed = new Map<string, Piece[]>();

function pieces(template: string): Piece[] {
  const known = parsed.get(template);
  if (known !== undefined) return known;
  const result: Piece[] = [];
  const conversion = /%(?:\(([^()]*(?:\([^()]*\)[^()]*)*)\))?([-+ #0]*)(\*|\d*)(?:\.(\*|\d*))?[hlL]?(.?)/gsu;
  let end = 0;
  for (const match of template.matchAll(conversion)) {
    if (match.index > end) result.push(template.slice(end, match.index));
    end = match.index + match[0].length;
    const [, key, flags, width, precision, type] = match;
    if (type === '') raise('value', 'incomplete format');
    result.push({
      key: key ?? null,
      flags: flags as string,
      width: width as string,
      precision: precision ?? null,
      type: type as string,
    });
  }
  if (end < template.length) result.push(template.slice(end));
  if (parsed.size >= 500) parsed.clear();
  parsed.set(template, result);
  return result;
}

/** How a missing value prints: as `?` in an output text, which `note`s it; elsewhere it is thrown. */
export type Lenient = ((value: MissingValue) => void) | null;

/** Python's `template % args`. */
export function percent(template: string, args: PyValue, lenient: Lenient): string {
  const list = args instanceof TupleValue ? args.items : [args];
  let next = 0;
  const take = (): PyValue => {
    if (next >= list.length) raise('type', 'not enough arguments for format string');
    next += 1;
    return list[next - 1] as PyValue;
  };
  let result = '';
  let named = false;
  for (const piece of pieces(template)) {
    if (typeof piece === 'string') {
      result += piece;
      continue;
    }
    const size = (text: string): number => {
      if (text !== '*') return Number(text);
      const value = numeric(take());
      return value === undefined ? raise('type', '* wants int') : Number(value);
    };
    let value: PyValue | undefined;
    if (piece.key !== null) {
      if (!(args instanceof DictValue)) return raise('type', 'format requires a mapping');
      named = true;
      if (!args.has(piece.key)) raise('value', `KeyError: ${quote(piece.key)}`);
      value = args.get(piece.key);
    }
    const width = size(piece.width);
    const precision = piece.precision === null ? null : Math.max(0, size(piece.precision));
    if (piece.type === '%') result += '%';
    else
      result = bounded(
        result + convertOne(piece, value === undefined ? take() : value, width, precision, lenient),
      );
  }
  const mapping = named || args instanceof DictValue || Array.isArray(args);
  if (!mapping && next < list.length) raise('type', 'not all arguments converted during string formatting');
  return result;
}

function convertOne(
  piece: { flags: string; type: string },
  value: PyValue,
  width: number,
  precision: number | null,
  lenient: Lenient,
): string {
  const left = width < 0 || piece.flags.includes('-');
  const spec: Spec = {
    fill: ' ',
    align: left ? '<' : '',
    sign: piece.flags.includes('+') ? '+' : piece.flags.includes(' ') ? ' ' : '',
    alternate: piece.flags.includes('#'),
    zero: piece.flags.includes('0') && !left,
    width: Math.abs(width),
    grouping: '',
    precision,
    type: piece.type,
  };
  const aligned = (text: string): string => pad(text, ' ', left ? '<' : '>', spec.width);
  if (value instanceof MissingValue) {
    if (lenient === null) throw value;
    lenient(value);
    return aligned('?');
  }
  if ('sra'.includes(piece.type)) return aligned(cut(str(convert(value, piece.type)), precision));
  const number = numeric(value);
  if (piece.type === 'c') {
    if (typeof value === 'string' && points(value).length === 1) return aligned(value);
    return number === undefined ? raise('type', '%c requires int or char') : aligned(character(number));
  }
  if ('diuxXo'.includes(piece.type)) {
    if (number === undefined)
      return raise('type', `%${piece.type} format: a real number is required, not ${typeName(value)}`);
    if ('xXo'.includes(piece.type) && typeof number === 'number' && !Number.isSafeInteger(number)) {
      return raise('type', `%${piece.type} format: an integer is required, not float`);
    }
    if (typeof number === 'number' && !Number.isFinite(number))
      raise('value', 'cannot convert float to integer');
    return integerText(number, spec);
  }
  if (!'eEfFgG'.includes(piece.type)) return raise('value', `unsupported format character '${piece.type}'`);
  return number === undefined
    ? raise('type', `must be real number, not ${typeName(value)}`)
    : floatText(number, spec);
}

/** Python's `template.format(*args, **named)`. */
export function formatFields(
  template: string,
  args: readonly PyValue[],
  named: DictValue,
  lenient: Lenient,
): string {
  let automatic = 0;
  let result = '';
  const fields = /\{\{|\}\}|\{((?:[^{}]|\{[^{}]*\})*)\}|[{}]/gsu;
  let end = 0;
  for (const match of template.matchAll(fields)) {
    result += template.slice(end, match.index);
    end = match.index + match[0].length;
    if (match[0] === '{{' || match[0] === '}}') {
      result += match[0][0];
      continue;
    }
    if (match[1] === undefined) raise('value', `single '${match[0]}' encountered in format string`);
    const [, name, path, conversion, spec] =
      /^([^!:[.]*)((?:\[[^\]]*\])*)(?:!(.))?(?::(.*))?$/su.exec(match[1] as string) ??
      raise('value', `cannot read the format field ${quote(match[0])}`);
    let value = pick(name as string, args, named, () => automatic++);
    for (const step of (path as string).matchAll(/\[([^\]]*)\]/g)) value = descend(value, step[1] as string);
    const inner = (spec ?? '').replace(/\{([^{}]*)\}/gsu, (_, field: string) =>
      str(pick(field, args, named, () => automatic++)),
    );
    result += formatOne(value, conversion ?? '', inner, lenient);
    bounded(result);
  }
  return result + template.slice(end);
}

/** One field of an f-string or of `str.format`. */
export function formatOne(value: PyValue, conversion: string, spec: string, lenient: Lenient): string {
  if (value instanceof MissingValue && lenient !== null) {
    lenient(value);
    return '?';
  }
  return format(convert(value, conversion), spec);
}

function pick(name: string, args: readonly PyValue[], named: DictValue, automatic: () => number): PyValue {
  if (name === '' || /^\d+$/.test(name)) {
    const index = name === '' ? automatic() : Number(name);
    if (index >= args.length)
      raise('value', `replacement index ${index} out of range for positional args tuple`);
    return args[index] as PyValue;
  }
  return named.get(name) ?? (named.has(name) ? null : raise('value', `KeyError: ${quote(name)}`));
}

function descend(value: PyValue, step: string): PyValue {
  const items = value instanceof TupleValue ? value.items : value;
  if (Array.isArray(items))
    return (items as PyValue[])[Number(step)] ?? raise('value', 'list index out of range');
  if (value instanceof DictValue) return value.get(step) ?? raise('value', `KeyError: ${quote(step)}`);
  return raise('type', `'${typeName(value)}' object is not subscriptable`);
}
