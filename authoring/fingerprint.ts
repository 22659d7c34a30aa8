import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const mostFiles = 1000;

/** Changes when a file of the plugin at `path` does: names, sizes, times. Dependencies and hidden files do not count. Never throws. */
export function fingerprint(path: string): string {
  const seen: string[] = [];
  const visit = (file: string): void => {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined || seen.length > mostFiles) return;
    if (!stats.isDirectory()) {
      seen.push(`${file} ${stats.size} ${stats.mtimeMs} ${stats.ino}`);
      return;
    }
    for (const name of readdirSync(file).sort())
      if (!name.startsWith('.') && name !== 'node_modules') visit(join(file, name));
  };
  try {
    visit(path);
  } catch {
    // A folder that goes while it is read: the next look sees what became of it.
  }
  return seen.join('\n');
}
