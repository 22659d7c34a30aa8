/** A number with what follows it, its unit. */
export interface Quantity {
  value: number;
  unit: string;
}

const number = /^[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?/;
/** A unit is short and holds nothing of which numbers or performance data are made. */
const unit = /^[^\d\s;:,.'"=|@~+-]{0,16}$/;

/**
 * Reads a decimal number, with a comma where the plugin's locale writes one, and its unit. Undefined for what is no number, has no
 * finite value or has something else behind it. Total, in linear time.
 */
export function parseNumber(text: string): Quantity | undefined {
  const digits = number.exec(text)?.[0];
  if (digits === undefined) return undefined;
  const value = Number(digits.replace(',', '.'));
  const rest = text.slice(digits.length);
  return Number.isFinite(value) && unit.test(rest) ? { value, unit: rest } : undefined;
}
