import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';

const patienceMs = 10_000;

/**
 * Removes a directory and all in it, and tells whether it is gone; never throws. Commands may have made what Node cannot remove, such as paths longer than
 * a system call takes.
 */
export function removeTree(path: string): boolean {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    spawnSync('rm', ['-rf', '--', path], { stdio: 'ignore', timeout: patienceMs });
  }
  return !existsSync(path);
}
