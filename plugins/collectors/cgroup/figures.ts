/** What one reading of a control group says, of either version. A missing part has no controller here. */
export interface Figures {
  memory?: { usage: number; inactiveFile: number; swap: number; limit?: number };
  cpu?: { usageUs: number; limitCores?: number; periods: number; throttled: number; throttledUs: number };
  pids?: { current: number; limit?: number };
}

/** Version 1 writes the largest counter, rounded to a page, where there is no limit; no machine has 2^60 bytes. */
const NO_LIMIT = 2 ** 60;

/** Parses a counter or a limit; undefined for `max`, `-1`, version 1's largest counter, and what is no number. */
export function parseLimit(text: string | undefined): number | undefined {
  const value = parseCount(text);
  return value === undefined || value >= NO_LIMIT ? undefined : value;
}

/** Parses a counter; undefined when the text is no unsigned integer. */
export function parseCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text.trim()) ? Number(text) : undefined;
}

/** Parses files of `key value` lines such as memory.stat and cpu.stat. */
export function parseKeyed(text: string | undefined): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of (text ?? '').split('\n')) {
    const [key, value] = line.split(' ');
    const count = parseCount(value);
    if (key && count !== undefined) values.set(key, count);
  }
  return values;
}

/** The smallest of the limits that exist; undefined when none does. */
export function smallest(limits: readonly (number | undefined)[]): number | undefined {
  const set = limits.filter((limit) => limit !== undefined);
  return set.length === 0 ? undefined : Math.min(...set);
}

/** Spreads into an object only when there is a limit. */
export function withLimit<Name extends string>(
  name: Name,
  limit: number | undefined,
): { [key in Name]?: number } {
  return (limit === undefined ? {} : { [name]: limit }) as { [key in Name]?: number };
}
