import { readdirSync, readFileSync } from 'node:fs';

/** What a process and everything below it uses at one moment. */
export interface TreeUsage {
  /** Resident memory, bytes, summed over the processes (shared pages count once each). */
  rssBytes: number;
  /** User and system time, ms, of the living and of the children they waited for. */
  cpuMs: number;
  /** Of that, what is of children that have ended. */
  endedCpuMs: number;
  /** Of that, what shells that live have used themselves. */
  shellCpuMs: number;
  processes: number;
}

/** `USER_HZ`: fixed at 100 for `/proc` on every architecture Node runs on. */
const tickMs = 10;
const pageBytes = 4096;

interface Process {
  pid: number;
  parent: number;
  isShell: boolean;
  cpuMs: number;
  endedCpuMs: number;
  rssBytes: number;
}

/** Reads the usage of `root` and its descendants from `/proc` (proc_pid_stat(5)). */
export function treeUsage(root: number): TreeUsage {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
  const members = new Set([root]);
  for (let size = 0; size !== members.size; ) {
    size = members.size;
    for (const { pid, parent } of processes) if (members.has(parent)) members.add(pid);
  }
  const usage = { rssBytes: 0, cpuMs: 0, endedCpuMs: 0, shellCpuMs: 0, processes: 0 };
  for (const { pid, isShell, cpuMs, endedCpuMs, rssBytes } of processes) {
    if (!members.has(pid)) continue;
    usage.rssBytes += rssBytes;
    usage.cpuMs += cpuMs;
    usage.endedCpuMs += endedCpuMs;
    if (isShell) usage.shellCpuMs += cpuMs - endedCpuMs;
    usage.processes += 1;
  }
  return usage;
}

/** User and system time of one process, ms, children that it waited for included; 0 where it is gone. */
export function processCpuMs(pid: number): number {
  return readProcess(pid)?.cpuMs ?? 0;
}

function readProcess(pid: number): Process | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The program's name may hold spaces and parentheses; the fields begin after its last one. Index 0 is field 3, `state`.
  const nameEnd = text.lastIndexOf(')');
  const fields = text.slice(nameEnd + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  const endedCpuMs = (field(16) + field(17)) * tickMs;
  return {
    pid,
    parent: field(4),
    isShell: text.slice(text.indexOf('(') + 1, nameEnd) === 'sh',
    cpuMs: (field(14) + field(15)) * tickMs + endedCpuMs,
    endedCpuMs,
    rssBytes: field(24) * pageBytes,
  };
}
