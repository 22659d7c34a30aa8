import {
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const [data, created, renamed, unlinked, synced] = [1, 2, 3, 4, 5];
const headBytes = 40;

interface Entry {
  kind: number;
  sequence: number;
  inode: number;
  offset: number;
  size: number;
  bytes: Buffer;
}

/** What a power cut took. */
export interface Undone {
  /** Writes and truncations of files. */
  writes: number;
  bytes: number;
  /** Names that were given, changed or taken away. */
  names: number;
}

/** Begins a journal anew: what was done before counts as being on the disk. */
export function clearJournal(journals: string): void {
  rmSync(journals, { recursive: true, force: true });
  mkdirSync(journals, { recursive: true });
}

/**
 * Takes back, last things first, what was done below a folder and not synced, as `shim.c` has noted it: bytes of files that no `fdatasync` followed,
 * and names that no sync of their folder did. The processes must have ended.
 */
export function cutPower(root: string, journals: string): Undone {
  const entries = readJournals(journals);
  const reached = new Map<number, number>();
  for (const { kind, inode, offset } of entries)
    if (kind === synced) reached.set(inode, Math.max(offset, reached.get(inode) ?? 0));
  const lost = entries
    .filter(({ kind, sequence, inode }) => kind !== synced && sequence > (reached.get(inode) ?? 0))
    .reverse();
  const undone: Undone = { writes: 0, bytes: 0, names: 0 };
  const paths = new Map([...filesBelow(root), ...filesBelow(journals)]);
  for (const entry of lost.filter(({ kind }) => kind === data)) {
    const path = paths.get(entry.inode);
    if (path === undefined) continue;
    undoData(path, entry);
    undone.writes += 1;
    undone.bytes += entry.bytes.length;
  }
  for (const { kind, bytes } of lost) {
    if (kind === data) continue;
    const [one = '', other = '', third = ''] = bytes.toString().split('\0');
    if (kind === created) rmSync(one, { recursive: true, force: true });
    else if (kind === renamed) undoRename(one, other, third);
    else if (kind === unlinked && !existsSync(one)) linkSync(other, one);
    undone.names += 1;
  }
  return undone;
}

function undoData(path: string, { offset, size, bytes }: Entry): void {
  const fd = openSync(path, 'r+');
  try {
    if (bytes.length > 0) writeSync(fd, bytes, 0, bytes.length, offset);
    ftruncateSync(fd, size);
  } finally {
    closeSync(fd);
  }
}

/** The journal is written before what it tells of, which then may not have happened. */
function undoRename(from: string, to: string, kept: string): void {
  if (!existsSync(from) && existsSync(to)) renameSync(to, from);
  if (kept !== '' && !existsSync(to)) linkSync(kept, to);
}

/** The entries of all processes, one after the other: each of them counts from 1. */
function readJournals(journals: string): Entry[] {
  const names = readdirSync(journals).filter((name) => /^journal-\d$/.test(name));
  const entries: Entry[] = [];
  for (const name of names.sort()) {
    const before = entries.at(-1)?.sequence ?? 0;
    for (const entry of readEntries(readFileSync(join(journals, name))))
      entries.push({
        ...entry,
        sequence: before + entry.sequence,
        // Of a sync: up to which entry it reached.
        offset: entry.kind === synced ? before + entry.offset : entry.offset,
      });
  }
  return entries;
}

/** Whole entries: the kill may have cut the last one off. */
function readEntries(bytes: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at + headBytes <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 4);
    const end = at + headBytes + length;
    if (end > bytes.length) break;
    const number = (field: number): number => Number(bytes.readBigUInt64LE(at + 8 * field));
    const [sequence, inode, offset, size] = [number(1), number(2), number(3), number(4)] as const;
    const kind = bytes.readUInt32LE(at);
    entries.push({ kind, sequence, inode, offset, size, bytes: bytes.subarray(at + headBytes, end) });
    at = end;
  }
  return entries;
}

function* filesBelow(folder: string): Generator<[inode: number, path: string]> {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    yield [statSync(path).ino, path];
  }
}
