import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { nameAt } from './series-path.ts';

/** A file of a series that was there already. */
export interface FoundFile {
  name: string;
  allocatedBytes: number;
  /** Seconds. */
  modifiedAt: number;
}

const sliceMs = 10;
/** Deeper than any name of 255 bytes. */
const maxDepth = 130;

/** Tells of every file of a series below a folder, in turns of the loop. What cannot be read is left out. */
export async function scanFiles(folder: string, found: (file: FoundFile) => void): Promise<void> {
  const folders = [''];
  let began = performance.now();
  for (let below = folders.pop(); below !== undefined; below = folders.pop()) {
    for (const entry of entriesOf(join(folder, below))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory() && path.split('/').length < maxDepth) folders.push(path);
      const name = entry.isFile() ? nameAt(path) : undefined;
      if (name === undefined) continue;
      const stat = statSync(join(folder, path), { throwIfNoEntry: false });
      if (stat === undefined) continue;
      found({ name, allocatedBytes: stat.blocks * 512, modifiedAt: Math.floor(stat.mtimeMs / 1000) });
      if (performance.now() - began < sliceMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      began = performance.now();
    }
  }
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}
