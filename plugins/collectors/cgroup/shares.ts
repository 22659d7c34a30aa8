import type { CounterChange, Tree } from 'opsbro/sdk';
import type { Figures } from './figures.ts';

/** The counters whose growth the next run needs. */
export function countersOf({ cpu }: Figures): { [key: string]: number } {
  return cpu ? { usageUs: cpu.usageUs, periods: cpu.periods, throttled: cpu.throttled } : {};
}

/** Turns figures into the collector's tree, with shares of limits and, from the change of `countersOf`, rates. */
export function describe(figures: Figures, change: CounterChange | undefined): Tree {
  return {
    ...(figures.memory && { memory: describeMemory(figures.memory) }),
    ...(figures.cpu && { cpu: describeCpu(figures.cpu, change) }),
    ...(figures.pids && { pids: describePids(figures.pids) }),
  };
}

function describeMemory({ usage, inactiveFile, swap, limit }: NonNullable<Figures['memory']>): Tree {
  const workingSet = Math.max(0, usage - inactiveFile);
  const tree: Tree = { usage, working_set: workingSet, swap, limited: limit !== undefined };
  if (limit !== undefined) tree.limit = limit;
  return { ...tree, pct_used: percent(workingSet, limit) };
}

function describeCpu(cpu: NonNullable<Figures['cpu']>, change: CounterChange | undefined): Tree {
  const { usageUs = 0, periods = 0, throttled = 0 } = change?.deltas ?? {};
  const used = percent(usageUs, (change?.seconds ?? 0) * 1_000_000);
  const tree: Tree = { usage_us: cpu.usageUs, pct_used: used, limited: cpu.limitCores !== undefined };
  if (cpu.limitCores !== undefined) tree.limit_cores = cpu.limitCores;
  return {
    ...tree,
    pct_of_limit: percent(used / 100, cpu.limitCores),
    periods: cpu.periods,
    throttled: cpu.throttled,
    throttled_us: cpu.throttledUs,
    pct_throttled: percent(throttled, periods),
  };
}

function describePids({ current, limit }: NonNullable<Figures['pids']>): Tree {
  const tree: Tree = { current, limited: limit !== undefined };
  if (limit !== undefined) tree.limit = limit;
  return { ...tree, pct_used: percent(current, limit) };
}

/** `part` of `whole` in % with two decimals; 0 when there is no whole. */
function percent(part: number, whole: number | undefined): number {
  if (whole === undefined || !(whole > 0) || !(part > 0)) return 0;
  return Math.round((part / whole) * 10_000) / 100;
}
