import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { nameAt } from './series-path.ts';

/** A file of a series that was there already. */
export interface FoundFile {
  name: string;
  allocatedBytes: number;
  /** Seconds. */
  modifiedAt: number;
  madeAt: number;
}

const sliceMs = 10;
/** Deeper than any name of 255 bytes. */
const maxDepth = 130;

/** Tells of every file of a series below a folder, in turns of the loop; resolves with how many folders are below it. What cannot be read is left out. */
export async function scanFiles(folder: string, found: (file: FoundFile) => void): Promise<number> {
  const folders = [''];
  let count = -1;
  let began = performance.now();
  for (let below = folders.pop(); below !== undefined; below = folders.pop()) {
    count += 1;
    for (const entry of entriesOf(join(folder, below))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory() && path.split('/').length < maxDepth) folders.push(path);
      const name = entry.isFile() ? nameAt(path) : undefined;
      if (name === undefined) continue;
      const stat = statSync(join(folder, path), { throwIfNoEntry: false });
      if (stat === undefined) continue;
      const [modifiedAt, madeAt] = [stat.mtimeMs, stat.birthtimeMs].map((at) => Math.floor(at / 1000)) as [
        number,
        number,
      ];
      found({ name, allocatedBytes: stat.blocks * 512, modifiedAt, madeAt });
      if (performance.now() - began < sliceMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      began = performance.now();
    }
  }
  return count;
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}
