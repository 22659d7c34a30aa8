import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { headBytes, type Layout, readLayout } from './layout.ts';

const head = Buffer.allocUnsafe(headBytes(64));

/**
 * Makes a file of this layout without points, or replaces the one that is there. It takes no more room than its head: places are holes until
 * written. It has its name only once its head is written. Its folders are made; returns how many. Blocks.
 */
export function createFile(path: string, layout: Layout): number {
  const temporary = `${path}.new`;
  let folders = 0;
  let fd: number;
  try {
    fd = openSync(temporary, 'w', 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const first = mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    folders = first === undefined ? 0 : stepsOf(dirname(path)) - stepsOf(first) + 1;
    fd = openSync(temporary, 'w', 0o644);
  }
  try {
    writeHead(fd, layout);
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  } finally {
    closeSync(fd);
  }
  return folders;
}

/** Gives an open file its head and its size; points that stand there stay. Blocks. */
export function writeHead(fd: number, { head, sizeBytes }: Layout): void {
  ftruncateSync(fd, sizeBytes);
  if (writeSync(fd, head, 0, head.length, 0) < head.length)
    throw Object.assign(new Error('ENOSPC: no room for the head of a file'), { code: 'ENOSPC' });
}

function stepsOf(path: string): number {
  return path.split('/').length;
}

/** Reads the layout of an open file: `known` itself where the file has it, undefined where it is no Whisper file. Blocks. */
export function layoutOf(fd: number, known?: Layout): Layout | undefined {
  const length = readSync(fd, head, 0, head.length, 0);
  if (known !== undefined && known.head.compare(head, 0, known.head.length) === 0) return known;
  return readLayout(head, length);
}
