import { accessSync, constants } from 'node:fs';

const maxKnown = 1000;
const known = new Map<string, string>();

/**
 * The path of a program that is named as on a command line, looked for in `path` (`a:b:c`) when its name has no `/`; null when it is
 * nowhere. Remembers what it found as long as it is there.
 */
export function programPath(name: string, path: string): string | null {
  if (name.includes('/')) return name;
  const key = `${name}\0${path}`;
  const last = known.get(key);
  if (last !== undefined && isExecutable(last)) return last;
  known.delete(key);
  const found = path
    .split(':')
    .map((folder) => `${folder}/${name}`)
    .find((file) => file.startsWith('/') && isExecutable(file));
  if (found === undefined || name === '') return null;
  if (known.size >= maxKnown) known.clear();
  known.set(key, found);
  return found;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
