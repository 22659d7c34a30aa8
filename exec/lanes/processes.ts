import { readdirSync, readFileSync } from 'node:fs';

/** A process, as `/proc` tells it (proc_pid_stat(5)). */
export interface ProcessEntry {
  pid: number;
  parent: number;
  group: number;
  session: number;
  /** Clock ticks since boot. Together with `pid` it names a process for good. */
  startTicks: number;
  /** Clock ticks of processor time: its own, and of the children that it has waited for. */
  usedTicks: number;
}

/** `USER_HZ`: 100 for `/proc` on every architecture Node runs on. */
export const tickMs = 10;
const recentMs = 50;

/** All processes; null where there is no `/proc`. Costs some 10 µs a process: for rare moments. */
export function readProcesses(): ProcessEntry[] | null {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return null;
  }
  const found = names.flatMap((name) => (/^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : []));
  return found.length === 0 ? null : found;
}

let recent: { processes: ProcessEntry[] | null; at: number } | null = null;

/**
 * All processes as they were at most 50 ms ago, and after the moment `since` of the monotonic clock: when hundreds of commands time out
 * together, they share one look.
 */
export function recentProcesses(since: number): ProcessEntry[] | null {
  if (recent === null || recent.at < Math.max(since, performance.now() - recentMs))
    recent = { at: performance.now(), processes: readProcesses() };
  return recent.processes;
}

/** One process; null when it does not exist, or has ended and only waits for its parent. */
export function readProcess(pid: number): ProcessEntry | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The program's name may hold spaces and parentheses; the fields begin after its last one. Index 0 is field 3, `state`.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  const usedTicks = field(14) + field(15) + field(16) + field(17);
  return { pid, parent: field(4), group: field(5), session: field(6), startTicks: field(22), usedTicks };
}

/**
 * What a lane's command has started: all that is of the lane's group or session or descends from such, without the lane itself and
 * what is older than `sinceTicks`, which earlier commands left behind. A process that left the session and whose parent has ended
 * (a daemon) is not found: nothing connects it with the lane any more.
 */
export function membersOf(lane: number, sinceTicks: number, processes: ProcessEntry[]): ProcessEntry[] {
  const family = new Set([lane]);
  for (const { pid, group, session } of processes) if (group === lane || session === lane) family.add(pid);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  }
  return processes.filter(
    ({ pid, startTicks }) => pid !== lane && family.has(pid) && startTicks >= sinceTicks,
  );
}

/** Those that still exist. */
export function living(processes: ProcessEntry[]): ProcessEntry[] {
  return processes.filter(({ pid, startTicks }) => readProcess(pid)?.startTicks === startTicks);
}

/** Signals a process, or with a negative number a group; one that is gone is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  if (pid === 0 || pid === 1 || pid === -1) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, or is not ours to signal.
  }
}
