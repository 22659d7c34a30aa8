/** A number with what follows it, its unit. */
export interface Quantity {
  value: number;
  unit: string;
}

/** A threshold as Nagios plugins write it: they alert outside of `start` to `end`, or inside when `inside` is set. */
export interface Range {
  /** null: no lower end. */
  start: number | null;
  /** null: no upper end. */
  end: number | null;
  inside: boolean;
  /** As written, without spaces around it. */
  text: string;
}

const number = /^[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?/;
/** A unit is short and holds nothing of which numbers or performance data are made. */
const unit = /^[^\d\s;:,.'"=|@~+-]{0,16}$/;

/**
 * Reads a decimal number, with a comma where the plugin's locale writes one, and its unit. Undefined for what is no number, has no
 * finite value or has something else behind it. Total, in linear time.
 * @example `parseNumber('1.5ms') // { value: 1.5, unit: 'ms' }`
 */
export function parseNumber(text: string): Quantity | undefined {
  const digits = number.exec(text)?.[0];
  if (digits === undefined) return undefined;
  const value = Number(digits.replace(',', '.'));
  const rest = text.slice(digits.length);
  return Number.isFinite(value) && unit.test(rest) ? { value, unit: rest } : undefined;
}

/**
 * Reads `10`, `10:`, `~:10`, `10:20` and `@10:20`; null for what is none, such as a start above the end. With `units` a bound counts its
 * unit's factor and may have no unit but those; without, whatever unit stands there is passed over. Total.
 * @example `parseRange('@10:20') // { start: 10, end: 20, inside: true, text: '@10:20' }`
 */
export function parseRange(written: string, units?: ReadonlyMap<string, number>): Range | null {
  const text = written.trim();
  const inside = text.startsWith('@');
  const ends = text.slice(inside ? 1 : 0).split(':', 3);
  if (ends.length > 2) return null;
  const [first = '', second] = ends;
  const start = second === undefined || first === '' ? 0 : bound(first, '~', units);
  const end = bound(second ?? first, second === undefined ? null : '', units);
  if (start === undefined || end === undefined || (start !== null && end !== null && start > end))
    return null;
  return { start, end, inside, text };
}

/** A number, null where `open` stands for no end, undefined for anything else. */
function bound(
  text: string,
  open: '~' | '' | null,
  units: ReadonlyMap<string, number> | undefined,
): number | null | undefined {
  if (text === open) return null;
  const quantity = parseNumber(text);
  if (quantity === undefined || units === undefined || quantity.unit === '') return quantity?.value;
  const factor = units.get(quantity.unit);
  return factor === undefined ? undefined : quantity.value * factor;
}

/**
 * True when a threshold alerts at this value.
 * @example `isAlerting(parseRange('10:20'), 9) // true`
 */
export function isAlerting({ start, end, inside }: Range, value: number): boolean {
  const isWithin = (start === null || value >= start) && (end === null || value <= end);
  return isWithin === inside;
}
