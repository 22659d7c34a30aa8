/** A text as a whole number in a base from 2 to 36 (0 reads the prefix), as Python's `int` reads it; undefined when it is none. */
export function parseIntText(text: string, base: number): number | bigint | undefined {
  const match = /^\s*([+-]?)(0[xob])?([0-9a-z]+(?:_[0-9a-z]+)*)\s*$/i.exec(text);
  if (match === null) return undefined;
  const [, sign, prefix = '', body = ''] = match;
  const ofPrefix = { '0x': 16, '0o': 8, '0b': 2 }[prefix.toLowerCase()] ?? 10;
  const radix = base === 0 ? ofPrefix : base;
  if (radix < 2 || radix > 36 || (prefix !== '' && ofPrefix !== radix)) return undefined;
  let value = 0n;
  if (body.length > 1_000) return undefined;
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
