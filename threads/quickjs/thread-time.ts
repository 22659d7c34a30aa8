import { openSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import type { ThreadTimes } from '../deadline/starvation.ts';

let schedule: number | null | undefined;

/**
 * Milliseconds this thread has run on a processor, so that a busy host does not make guest code time out: the first number of
 * `/proc/thread-self/schedstat` (nanoseconds; Linux's Documentation/scheduler/sched-stats.rst). Wall time where that cannot be read.
 */
export function threadMs(): number {
  if (schedule === undefined) schedule = openSchedule();
  if (schedule === null) return performance.now();
  const bytes = Buffer.alloc(64);
  const size = readSync(schedule, bytes, 0, bytes.length, 0);
  return Number.parseInt(bytes.toString('latin1', 0, size), 10) / 1e6;
}

function openSchedule(): number | null {
  try {
    const file = openSync('/proc/thread-self/schedstat', 'r');
    const bytes = Buffer.alloc(64);
    const size = readSync(file, bytes, 0, bytes.length, 0);
    return Number.parseInt(bytes.toString('latin1', 0, size), 10) > 0 ? file : null;
  } catch {
    return null;
  }
}

/** This thread's directory in /proc, '' where that cannot be told. */
export function threadDirectory(): string {
  try {
    return `/proc/${readlinkSync('/proc/thread-self')}`;
  } catch {
    return '';
  }
}

/**
 * What the scheduler counted of the thread of a directory: the first two numbers of its `schedstat`. A wait that goes on is counted when it ends.
 * Undefined where the kernel does not tell.
 */
export function threadTimes(directory: string): ThreadTimes | undefined {
  try {
    const [used, waited] = readFileSync(`${directory}/schedstat`, 'latin1').split(' ').map(Number);
    if (used === undefined || waited === undefined || used + waited === 0) return undefined;
    return { usedMs: used / 1e6, waitedMs: waited / 1e6 };
  } catch {
    return undefined;
  }
}

/** What the thread of a directory has used of a processor, ms; `otherwise` where the kernel does not tell. */
export function processorMs(directory: string, otherwise: number): number {
  return threadTimes(directory)?.usedMs ?? otherwise;
}
