import type { Json, JsonObject } from 'opsbro/sdk';
import type { ProcessStat } from './stat.ts';

/** USER_HZ, the unit of times in /proc: 100 on every architecture that Linux still runs on but alpha. */
const TICKS_PER_SECOND = 100;

/** Remembered processes: at most 24 characters each, so that the state stays below its 256 KiB. */
const MAXIMUM_REMEMBERED = 8000;

/** Base of the numbers in the state: fewer characters than in decimal. */
const RADIX = 36;

/** CPU ticks as one run leaves them to the next. */
export interface RememberedTicks {
  /** `pid start ticks pid start ticks …` of processes that have used CPU: one text costs less to keep than thousands of numbers. */
  ticks: string;
  /** False when there were more than can be remembered: an absent process is then not a new one. */
  complete: boolean;
}

/** Reads from the state what `rememberTicks` wrote; undefined on a first run or when it is of another shape. */
export function recallTicks(kept: Json | undefined): RememberedTicks | undefined {
  if (typeof kept !== 'object' || kept === null || Array.isArray(kept)) return undefined;
  const { ticks, complete } = kept;
  return typeof ticks === 'string' && typeof complete === 'boolean' ? { ticks, complete } : undefined;
}

/** What the next run must know of this one. */
export function rememberTicks(processes: readonly ProcessStat[]): RememberedTicks & JsonObject {
  let used = processes.filter((process) => process.cpuTicks > 0);
  const complete = used.length <= MAXIMUM_REMEMBERED;
  if (!complete)
    used = used.sort((left, right) => right.cpuTicks - left.cpuTicks).slice(0, MAXIMUM_REMEMBERED);
  const numbers = used.flatMap((process) => [process.pid, process.startTicks, process.cpuTicks]);
  return { complete, ticks: numbers.map((number) => number.toString(RADIX)).join(' ') };
}

/**
 * CPU use of each process over `seconds` since `before` by pid, % of one core with one decimal; processes that used none are
 * absent. A process of the same pid and another start is a new one; ticks never count backwards.
 */
export function cpuPercentages(
  processes: readonly ProcessStat[],
  before: RememberedTicks | undefined,
  seconds: number,
): Map<number, number> {
  const percentages = new Map<number, number>();
  if (!before || !(seconds > 0)) return percentages;
  const known = indexByPid(before.ticks);
  for (const process of processes) {
    const earlier = known.get(process.pid);
    if (!earlier && !before.complete) continue;
    const same = earlier?.start === process.startTicks;
    const ticks = process.cpuTicks - (same ? earlier.ticks : 0);
    if (ticks <= 0) continue;
    percentages.set(process.pid, Math.round((ticks / TICKS_PER_SECOND / seconds) * 1000) / 10);
  }
  return percentages;
}

function indexByPid(text: string): Map<number, { start: number; ticks: number }> {
  const numbers = text.split(' ').map((number) => Number.parseInt(number, RADIX));
  const known = new Map<number, { start: number; ticks: number }>();
  for (let at = 0; at + 2 < numbers.length; at += 3)
    known.set(numbers[at] as number, { start: numbers[at + 1] as number, ticks: numbers[at + 2] as number });
  return known;
}

/** The `count` processes with the highest positive rank, highest first; equal ranks by pid, so that lists do not flicker. */
export function highest(
  processes: readonly ProcessStat[],
  count: number,
  rank: (process: ProcessStat) => number,
): ProcessStat[] {
  return processes
    .filter((process) => rank(process) > 0)
    .sort((left, right) => rank(right) - rank(left) || left.pid - right.pid)
    .slice(0, count);
}
