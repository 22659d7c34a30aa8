import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const name = 'launcher';

/** Writes down the launcher of an agent in its run directory, so that it can be stopped while no agent answers. Its failure is no error. */
export function noteLauncher(run: string, pid: number): void {
  try {
    writeFileSync(join(run, name), `${pid} ${startTicks(pid)}\n`, { mode: 0o600 });
  } catch {
    // A full disk must not keep the agent from starting.
  }
}

/** The launcher of the agent of a data directory, while it lives; null when there is none, or its pid is another process by now. */
export function findLauncher(data: string): number | null {
  try {
    const [pid = 0, ticks] = readFileSync(join(data, 'run', name), 'utf8')
      .trim()
      .split(' ')
      .map(Number);
    return pid > 1 && ticks === startTicks(pid) ? pid : null;
  } catch {
    return null;
  }
}

/** When a process began, in ticks since boot (proc_pid_stat(5)): with the pid it names the process for good. Throws when there is none. */
function startTicks(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
}
