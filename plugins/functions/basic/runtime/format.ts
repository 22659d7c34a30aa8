import type { PyValue } from 'opsbro/sdk';
import { exponential, fixed, general } from './decimals.ts';
import { numberText, quote, repr, str } from './text.ts';
import { bounded, LIMIT, numeric, points, raise, typeName } from './values.ts';

/** Most digits after the point. */
export const MAX_PRECISION = 1_000;

/** What a conversion asks for, in either notation. `type` is `''` when a format spec names none. */
export interface Spec {
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

/** Fills a text to a width. */
export function pad(text: string, fill: string, align: string, width: number): string {
  const missing = width - points(text).length;
  if (missing <= 0) return text;
  if (width > LIMIT) raise('limit', `a width of ${width} is over the limit of ${LIMIT}`);
  const left = align === '<' ? 0 : align === '^' ? Math.floor(missing / 2) : missing;
  return fill.repeat(left) + text + fill.repeat(missing - left);
}

/** A whole number in a type's base, filled and signed. */
export function integerText(value: number | bigint, spec: Spec): string {
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

/** A number with a fraction, or one shown as such. */
export function floatText(value: number | bigint, spec: Spec): string {
  const number = Number(value);
  const body = floatBody(Math.abs(number), spec);
  const upper = spec.type === 'E' || spec.type === 'F' || spec.type === 'G';
  return place(number < 0, '', upper ? body.toUpperCase() : body, spec);
}

/** The first code points of a text. */
export const cut = (text: string, precision: number | null): string => {
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

/** The character of a code point. */
export function character(code: number | bigint): string {
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
