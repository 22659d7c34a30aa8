import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { OpsbroError } from '../../core/errors.ts';
import { removeTree } from './remove-tree.ts';

/**
 * Opens a directory that nobody else can write to, the first of `candidates` that can be had, and empties it of what a killed agent
 * left. Others may pass through it, since each lane's own directory in it belongs to the lane's user alone. Throws
 * `OPSBRO_HOST_IO` when none can be had.
 */
export function openPrivateDirectory(candidates: string[]): string {
  const reasons: string[] = [];
  for (const path of candidates) {
    try {
      mkdirSync(path, { mode: 0o711, recursive: false });
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') {
        reasons.push((thrown as Error).message);
        continue;
      }
    }
    const found = lstatSync(path, { throwIfNoEntry: false });
    // In a directory for everybody somebody else may have been first.
    if (found === undefined || !found.isDirectory() || found.uid !== process.getuid?.()) {
      reasons.push(`${path} belongs to somebody else`);
      continue;
    }
    chmodSync(path, 0o711);
    const kept = readdirSync(path).filter((name) => !removeTree(join(path, name)));
    if (kept.length === 0) return path;
    reasons.push(`${join(path, kept[0] ?? '')} cannot be removed`);
  }
  throw new OpsbroError(
    'OPSBRO_HOST_IO',
    `no directory for the output of commands: ${reasons.join('; ')}; free one of them`,
  );
}

/** Opens it again where somebody removed it. Throws as `openPrivateDirectory` does. */
export function keepPrivateDirectory(path: string): void {
  if (!existsSync(path)) openPrivateDirectory([path]);
}
