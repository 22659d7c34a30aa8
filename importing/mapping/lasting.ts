/** Whole seconds as `90s`, `5m`, `2h`, `1d`: the largest unit that leaves no rest. */
export function lastingText(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
  ] as const;
  const unit = units.find(([length]) => whole % length === 0);
  return unit === undefined ? `${whole}s` : `${whole / unit[0]}${unit[1]}`;
}

/** A number of a directive; undefined when it is none. */
export function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
