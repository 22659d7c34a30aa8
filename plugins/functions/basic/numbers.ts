/** A text as a whole number in a base from 2 to 36 (0 reads the prefix), as Python's `int` reads it; undefined when it is none. */
export function parseIntText(text: string, base: number): number | bigint | undefined {
  const [, sign, digits] = /^\s*([+-]?)([0-9a-z]+(?:_[0-9a-z]+)*)\s*$/i.exec(text) ?? [];
  if (digits === undefined || digits.length > 1_000) return undefined;
  const ofPrefix = { '0x': 16, '0o': 8, '0b': 2 }[digits.slice(0, 2).toLowerCase()];
  const radix = base === 0 ? (ofPrefix ?? 10) : base;
  if (radix < 2 || radix > 36) return undefined;
  const body = digits.slice(ofPrefix === radix ? 2 : 0);
  if (body === '' || (base === 0 && ofPrefix === undefined && /^0+[1-9]/.test(body))) return undefined;
  let value = 0n;
  for (const character of body.replaceAll('_', '')) {
    const digit = Number.parseInt(character, 36);
    if (digit >= radix) return undefined;
    value = value * BigInt(radix) + BigInt(digit);
  }
  const signed = sign === '-' ? -value : value;
  const small = Number(signed);
  return Number.isSafeInteger(small) ? small : signed;
}

/** A text as a number, as Python's `float` reads it; undefined when it is none. Infinity and NaN have no place here. */
export function parseFloatText(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+)?$/i.test(trimmed))
    return undefined;
  const value = Number(trimmed.replaceAll('_', ''));
  return Number.isFinite(value) ? value + 0 : undefined;
}

/** A whole number to a power of ten, ties to the even digit, as Python's `round` with negative digits. */
export function roundWhole(value: number | bigint, tens: number): number | bigint {
  if (tens > 1_000) return 0;
  const scale = 10n ** BigInt(tens);
  const whole = BigInt(value);
  const size = whole < 0n ? -whole : whole;
  const quotient = size / scale;
  const twice = (size % scale) * 2n;
  const up = twice > scale || (twice === scale && quotient % 2n === 1n);
  const rounded = (quotient + (up ? 1n : 0n)) * scale * (whole < 0n ? -1n : 1n);
  const small = Number(rounded);
  return Number.isSafeInteger(small) ? small : rounded;
}
