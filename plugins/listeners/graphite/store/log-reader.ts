import { readFile } from 'node:fs/promises';
import { readCommits } from './log-format.ts';
import { recordBytes } from './point-ring.ts';

/** What a file of the log came to: its length, and how many bytes at its end could not be read. */
export interface ReadSegment {
  bytes: number;
  torn: number;
}

/** Reads a file of the log, each point to `put` with when it was read, in order and in turns of the loop. */
export async function readSegment(
  path: string,
  put: (name: string, time: number, value: number, readAt: number | undefined) => void,
): Promise<ReadSegment> {
  const names = new Map<number, string>();
  const bytes = await readFile(path);
  let torn = 0;
  const commits = readCommits(bytes, (left) => {
    torn += left;
  });
  for (const { names: named, points, readAt } of commits) {
    for (const { series, name } of named) names.set(series, name);
    for (let at = 0; at < points.length; at += recordBytes) {
      const name = names.get(points.readUInt32LE(at));
      if (name !== undefined) put(name, points.readUInt32LE(at + 4), points.readDoubleLE(at + 8), readAt);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { bytes: bytes.length, torn };
}
