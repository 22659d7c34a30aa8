import type { PyValue } from 'opsbro/sdk';
import { character, convert, cut, floatText, integerText, pad, type Spec } from './format.ts';
import { quote, str } from './text.ts';
import { bounded, DictValue, MissingValue, numeric, points, raise, TupleValue, typeName } from './values.ts';

/** How a missing value prints: as `?` in an output text, which `note`s it; elsewhere it is thrown. */
export type Lenient = ((value: MissingValue) => void) | null;

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
