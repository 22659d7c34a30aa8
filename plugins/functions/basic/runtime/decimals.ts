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

/** Notation `e`: one digit, a point, `decimals` digits, an exponent of at least two. */
export function exponential(value: number, decimals: number, alternate: boolean): string {
  const [digits, exponent] = scientific(value, decimals);
  const point = decimals > 0 || alternate ? '.' : '';
  return digits[0] + point + digits.slice(1) + withExponent(exponent);
}

/** Notation `g`; `bare` is a float's notation without a type, which keeps one decimal and turns to an exponent one digit earlier. */
export function general(value: number, precision: number, alternate: boolean, bare: boolean): string {
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
