import { closeSync, openSync } from 'node:fs';
import { fetchPoints } from './fetch.ts';
import { layoutOf } from './file.ts';

/** Values of a file, one a second from `begin` on, for tests; undefined where there is none. */
export function seriesPoints(path: string, begin: number, seconds: number): number[] | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const layout = layoutOf(fd);
    const now = Math.floor(Date.now() / 1000);
    const found = layout && fetchPoints(fd, layout, begin - 1, begin + seconds - 1, now);
    return found && [...found.values];
  } finally {
    closeSync(fd);
  }
}
