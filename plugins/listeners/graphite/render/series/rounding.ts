/** A value rounded to digits after the point, halves to the even digit, as Python rounds; `digits` below 0 rounds before the point. */
export function roundHalfEven(value: number, digits: number): number {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e21 || digits > 50) return value;
  if (digits < 0) {
    const unit = 10 ** -digits;
    return roundHalfEven(value / unit, 0) * unit;
  }
  const exact = Math.abs(value).toFixed(Math.min(100, digits + 40));
  const point = exact.indexOf('.');
  const kept = exact.slice(0, point + 1 + digits).replace(/\.$/, '');
  const isHalf = /^50*$/.test(exact.slice(point + 1 + digits));
  const rounded =
    isHalf && Number(kept.at(-1)) % 2 === 0 ? Number(kept) : Number(Math.abs(value).toFixed(digits));
  return value < 0 ? -rounded : rounded;
}
