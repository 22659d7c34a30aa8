import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';

/** The files that paths name: a directory stands for its `monitor*.ini`. Throws a `config` failure for a path that is not there. */
export function monitorFiles(paths: readonly string[]): string[] {
  const files = paths.flatMap((path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) throw new Failure('config', `Config file does not exist: ${path}`);
    return found.isDirectory() ? filesOf(path) : [path];
  });
  return [...new Set(files)];
}

function filesOf(directory: string): string[] {
  const names = readdirSync(directory).filter((name) => /^monitor.*\.ini$/.test(name));
  return names.sort().map((name) => join(directory, name));
}

/** Changes whenever a file does; undefined when it is not there. */
export function fingerprintOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.ino} ${found.size} ${found.mtimeMs}`;
}
