/** What a process's /proc/PID/stat says, as far as it is used. Times are in clock ticks. */
export interface ProcessStat {
  pid: number;
  name: string;
  /** One letter, e.g. `S`. */
  state: string;
  threads: number;
  cpuTicks: number;
  /** Ticks from boot to the start of the process: with the pid, its identity. */
  startTicks: number;
  residentPages: number;
}

/** Places in the fields that follow the name (proc_pid_stat(5) counts them from 3). */
const FIELD = { state: 0, userTicks: 11, systemTicks: 12, threads: 17, startTicks: 19, residentPages: 21 };

/**
 * Parses /proc/PID/stat; undefined when it was cut or is of another shape. The name may hold spaces, parentheses and line ends,
 * so the fields begin after the last `)`.
 */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const open = text.indexOf(' (');
  const close = text.lastIndexOf(') ');
  if (open <= 0 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ', FIELD.residentPages + 1);
  const number = (field: number) => Number(fields[field] ?? Number.NaN);
  const stat = {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 2, close),
    state: fields[FIELD.state] ?? '',
    threads: number(FIELD.threads),
    cpuTicks: number(FIELD.userTicks) + number(FIELD.systemTicks),
    startTicks: number(FIELD.startTicks),
    residentPages: number(FIELD.residentPages),
  };
  const { name: _name, state, ...numbers } = stat;
  return /^[A-Za-z]$/.test(state) && Object.values(numbers).every(Number.isFinite) ? stat : undefined;
}

/** Effective user id and resident bytes from /proc/PID/status; kernel threads have no memory, so 0. */
export function parseStatus(text: string): { uid: number; memoryBytes: number } | undefined {
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(text)?.[1];
  if (uid === undefined) return undefined;
  return { uid: Number(uid), memoryBytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024 };
}

/** How many processes are in each state. */
export interface StateCounts {
  running: number;
  sleeping: number;
  blocked: number;
  idle: number;
  stopped: number;
  zombie: number;
  other: number;
}

/** Letters of fs/proc/array.c. `I` is there since Linux 4.14; before, idle kernel threads show as `D`. */
const stateOfLetter: { [letter: string]: keyof StateCounts } = {
  R: 'running',
  S: 'sleeping',
  D: 'blocked',
  I: 'idle',
  T: 'stopped',
  t: 'stopped',
  Z: 'zombie',
};

/** Counts processes by state. */
export function countStates(processes: readonly ProcessStat[]): StateCounts {
  const counts = { running: 0, sleeping: 0, blocked: 0, idle: 0, stopped: 0, zombie: 0, other: 0 };
  for (const { state } of processes) counts[stateOfLetter[state] ?? 'other']++;
  return counts;
}
