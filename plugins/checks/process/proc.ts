/** What /proc/PID/stat says of a process. */
export interface ProcessStat {
  pid: number;
  /** At most 15 characters: the kernel cuts it. */
  command: string;
  state: string;
  /** Ticks of user and system time since it started. */
  ticks: number;
  /** Ticks after boot when it started: with the pid it names a process. */
  startTicks: number;
}

/** Ticks in a second that /proc counts with: fixed for all of Linux' architectures that Node runs on (time(7), USER_HZ). */
export const ticksPerSecond = 100;

/** Parses /proc/PID/stat (proc(5)); undefined for anything else. The command may hold spaces and parentheses. */
export function parseStat(text: string): ProcessStat | undefined {
  const [, pid, command, rest] = /^(\d+) \((.*)\) (.+)$/s.exec(text.trim()) ?? [];
  const fields = rest?.split(' ') ?? [];
  const [user, system, start] = [fields[11], fields[12], fields[19]].map(Number);
  if (command === undefined || user === undefined || system === undefined || start === undefined)
    return undefined;
  if (![user, system, start].every(Number.isFinite)) return undefined;
  return { pid: Number(pid), command, state: fields[0] ?? '', ticks: user + system, startTicks: start };
}

/** Effective user and resident bytes of /proc/PID/status; a kernel thread has no memory. */
export function parseStatus(text: string): { uid: number; memoryBytes: number } | undefined {
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(text)?.[1];
  if (uid === undefined) return undefined;
  return { uid: Number(uid), memoryBytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024 };
}

/** The arguments of /proc/PID/cmdline, the program first; none of a kernel thread. A program that writes its own title leaves one. */
export function parseArguments(text: string): string[] {
  const line = text.replace(/\0+$/, '');
  return line === '' ? [] : line.split('\0');
}

/** The number of a user by name or number as /etc/passwd has it; undefined for a name that is not there. */
export function uidOf(user: string, passwd: string): number | undefined {
  if (/^\d+$/.test(user)) return Number(user);
  for (const line of passwd.split('\n')) {
    const [name, , uid] = line.split(':');
    if (name === user && /^\d+$/.test(uid ?? '')) return Number(uid);
  }
  return undefined;
}
