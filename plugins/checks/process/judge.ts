import { type CounterChange, type Finding, stateOf, type Threshold } from 'opsbro/sdk';
import type { Description, Match } from './match.ts';
import { ticksPerSecond } from './proc.ts';

/** The options of the manifest. */
export interface Options extends Description {
  count_warning?: Threshold;
  count_critical: Threshold;
  judge: 'total' | 'each';
  cpu_warning?: Threshold;
  cpu_critical?: Threshold;
  memory_warning?: Threshold;
  memory_critical?: Threshold;
}

/** What processes take: one, or all together. `cpuPercent` is of one processor; undefined before the second run. */
export interface Usage {
  name: string;
  cpuPercent: number | undefined;
  memoryBytes: number;
}

const maxNamed = 5;

/** How a process is named in `ctx.state`: a pid is used again. */
export function keyOf({ pid, startTicks }: Match): string {
  return `${pid}/${startTicks}`;
}

/** What each process took since the last run. */
export function usages(found: Match[], change: CounterChange | undefined): Usage[] {
  return found.map((match) => {
    const ticks = change?.deltas[keyOf(match)];
    const seconds = change?.seconds ?? 0;
    const cpuPercent = ticks === undefined ? undefined : (100 * ticks) / ticksPerSecond / seconds;
    return { name: `${match.command}(${match.pid})`, cpuPercent, memoryBytes: match.memoryBytes };
  });
}

/** What all take together; one that was not there at the last run counts once it was. */
export function totalOf(each: Usage[]): Usage {
  const known = each.flatMap(({ cpuPercent }) => cpuPercent ?? []);
  return {
    name: 'together',
    cpuPercent: known.length === 0 ? undefined : known.reduce((sum, percent) => sum + percent, 0),
    memoryBytes: each.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
  };
}

/** Judges number, CPU and memory. */
export function judgeUsage(each: Usage[], options: Options): Finding[] {
  const { count_warning: warning, count_critical: critical } = options;
  const number = each.length === 1 ? '1 process' : `${each.length} processes`;
  const count: Finding = { state: stateOf(each.length, { warning, critical }), text: number };
  if (each.length === 0) return [count];
  if (options.judge === 'total') return [count, ...judgeOne(totalOf(each), options)];
  const findings = each.flatMap((usage) => judgeOne(usage, options));
  const bad = findings.filter(({ state }) => state !== 'ok');
  const [worst = 'warning'] = bad.some(({ state }) => state === 'critical') ? ['critical' as const] : [];
  const more: Finding[] =
    bad.length > maxNamed ? [{ state: worst, text: `and ${bad.length - maxNamed} more` }] : [];
  return [count, ...bad.sort((a, b) => a.state.localeCompare(b.state)).slice(0, maxNamed), ...more];
}

function judgeOne({ name, cpuPercent, memoryBytes }: Usage, options: Options): Finding[] {
  const { cpu_warning, cpu_critical, memory_warning, memory_critical } = options;
  const memory = `${name} ${(memoryBytes / 2 ** 20).toFixed(1)} MiB of memory`;
  const findings: Finding[] = [
    { state: stateOf(memoryBytes, { warning: memory_warning, critical: memory_critical }), text: memory },
  ];
  if (cpuPercent !== undefined) {
    const state = stateOf(cpuPercent, { warning: cpu_warning, critical: cpu_critical });
    findings.unshift({ state, text: `${name} ${cpuPercent.toFixed(1)} % of a processor` });
  }
  return findings;
}
