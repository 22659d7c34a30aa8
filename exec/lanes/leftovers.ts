import { readdirSync, readlinkSync, truncateSync } from 'node:fs';
import { outputSize } from './output-file.ts';
import { signalProcess } from './processes.ts';

/**
 * Ends processes that go on writing into the unlinked output of a command that has ended, once they wrote more than `maxBytes`: nobody
 * reads it, and it would fill the memory. `directory` is where the output files were. Returns the pids it ended.
 */
export function endLeftovers(directory: string, maxBytes: number): number[] {
  return processIds().filter((pid) => {
    const kept = [1, 2].map((stream) => `/proc/${pid}/fd/${stream}`);
    const flooded = kept.filter((path) => isUnlinkedOutput(path, directory) && outputSize(path) > maxBytes);
    if (flooded.length === 0) return false;
    signalProcess(pid, 'SIGKILL');
    for (const path of flooded) empty(path);
    return true;
  });
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function isUnlinkedOutput(path: string, directory: string): boolean {
  try {
    const target = readlinkSync(path);
    return target.startsWith(`${directory}/`) && target.endsWith(' (deleted)');
  } catch {
    return false;
  }
}

/** Other processes may hold the same file. */
function empty(path: string): void {
  try {
    truncateSync(path);
  } catch {
    // Its last writer has ended, and the file with it.
  }
}
