/** The columns of a `cpu` line, in order (proc_pid_stat(5) and Documentation/filesystems/proc.rst). */
export const columns = [
  'user',
  'nice',
  'system',
  'idle',
  'iowait',
  'irq',
  'softirq',
  'steal',
  'guest',
  'guest_nice',
] as const;

/** Ticks per column since boot. Kernels before 2.6.33 lack the last columns: those are 0. */
export type CpuTicks = { [column in (typeof columns)[number]]: number };

/**
 * The `cpu` lines of `/proc/stat`, keyed `cpu_all`, `cpu0`, `cpu1` …; a line cut short or without numbers is left out.
 * Only the head of the text is looked at, since the `intr` line behind it can be long.
 */
export function parseStat(text: string): Map<string, CpuTicks> {
  const cpus = new Map<string, CpuTicks>();
  let start = 0;
  while (text.startsWith('cpu', start)) {
    const end = text.indexOf('\n', start);
    // The last line is only whole when its end was read too.
    if (end < 0) break;
    const [name = '', ...fields] = text.slice(start, end).trim().split(/ +/);
    const ticks = parseTicks(fields);
    if (ticks !== undefined) cpus.set(name === 'cpu' ? 'cpu_all' : name, ticks);
    start = end + 1;
  }
  return cpus;
}

function parseTicks(fields: string[]): CpuTicks | undefined {
  if (fields.length < 4) return undefined;
  const numbers = columns.map((_, index) => Number(fields[index] ?? 0));
  if (!numbers.every(Number.isFinite)) return undefined;
  return Object.fromEntries(columns.map((name, index) => [name, numbers[index]])) as CpuTicks;
}

/** Counters of all processors, flat, as `ctx.state` keeps them: `cpu0.3` is the fourth column of `cpu0`. */
export function flatCounters(cpus: Map<string, CpuTicks>): { [key: string]: number } {
  const flat: { [key: string]: number } = {};
  for (const [name, ticks] of cpus)
    for (const [index, column] of columns.entries()) flat[`${name}.${index}`] = ticks[column];
  return flat;
}

/**
 * The share of each column in one processor's time, keyed `%user` …, in percent with two decimals; they sum to 100. The kernel
 * counts guests in `user` and `nice` too, so they are taken out there, as mpstat does. A column missing from `deltas` (its
 * counter went backwards, which `iowait` may) is left out. Undefined when no time passed.
 */
export function percentages(
  deltas: { [key: string]: number },
  name: string,
): { [key: string]: number } | undefined {
  const ticks: { [column: string]: number } = {};
  for (const [index, column] of columns.entries()) {
    const delta = deltas[`${name}.${index}`];
    if (delta !== undefined) ticks[column] = delta;
  }
  withoutGuests(ticks, 'user', 'guest');
  withoutGuests(ticks, 'nice', 'guest_nice');
  const total = Object.values(ticks).reduce((sum, value) => sum + value, 0);
  if (total === 0) return undefined;
  return Object.fromEntries(
    Object.entries(ticks).map(([column, value]) => [
      `%${column}`,
      Math.round((value * 10_000) / total) / 100,
    ]),
  );
}

function withoutGuests(ticks: { [column: string]: number }, column: string, guests: string): void {
  if (ticks[column] !== undefined) ticks[column] = Math.max(0, ticks[column] - (ticks[guests] ?? 0));
}
