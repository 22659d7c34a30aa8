const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const sizes = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, kB: 1e3, MB: 1e6, GB: 1e9 } as const;

/** Milliseconds of `10s`, `5m`, `2h`, `1d`, `250ms`, or of a number of seconds (as number or digits); undefined when it is none of these. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value * 1000 : undefined;
  const match =
    typeof value === 'string' ? /^\s*(\d{1,9}(?:\.\d{1,6})?)\s*(ms|s|m|h|d)?\s*$/.exec(value) : null;
  return match === null ? undefined : Number(match[1]) * units[(match[2] ?? 's') as keyof typeof units];
}

/** Bytes of `32MiB`, `4KiB`, `1GB`, `512B`, or of a plain number; undefined when it is none of these. */
export function parseSize(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  const match =
    typeof value === 'string' ? /^\s*(\d{1,15}(?:\.\d{1,6})?)\s*([KMG]iB|kB|[MG]B|B)?\s*$/.exec(value) : null;
  return match === null
    ? undefined
    : Math.round(Number(match[1]) * sizes[(match[2] ?? 'B') as keyof typeof sizes]);
}
