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

const [data, created, renamed, unlinked, synced, refused] = [1, 2, 3, 4, 5, 6];
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
  /** Syncs of files that the disk had refused. */
  refused: number;
}

/** Begins a journal anew: what was done before counts as being on the disk. */
export function clearJournal(journals: string): void {
  rmSync(journals, { recursive: true, force: true });
  mkdirSync(journals, { recursive: true });
}

/**
 * Takes back, last things first, what was done below a folder and not synced, as `shim.c` has noted it: bytes of files that no `fdatasync` followed,
 * or one that the disk refused, whatever followed that; and names that no sync of their folder did. A file that was taken away may be gone all the
 * same, as `random` has it: nobody promises that a change without a sync is not on the disk. The processes must have ended.
 */
export function cutPower(root: string, journals: string, random: () => number): Undone {
  const entries = readJournals(journals);
  const safe = onDisk(entries);
  const undone: Undone = { writes: 0, bytes: 0, names: 0, refused: 0 };
  undone.refused = entries.filter(({ kind }) => kind === refused).length;
  const paths = new Map([...filesBelow(root), ...filesBelow(journals)]);
  const kept = new Map<number, Kept>();
  for (const entry of entries.filter(({ kind }) => kind === data).reverse()) {
    const path = paths.get(entry.inode);
    const later = kept.get(entry.inode) ?? { ranges: [] };
    kept.set(entry.inode, later);
    if (safe.has(entry)) later.ranges.push([entry.offset, entry.offset + entry.bytes.length]);
    if (path === undefined || safe.has(entry)) continue;
    undoData(path, entry, later);
    undone.writes += 1;
    undone.bytes += entry.bytes.length;
  }
  for (const entry of entries.filter(({ kind }) => isName(kind)).reverse()) {
    if (safe.has(entry)) continue;
    const { kind, bytes } = entry;
    const [one = '', other = '', third = ''] = bytes.toString().split('\0');
    if (kind === created) rmSync(one, { recursive: true, force: true });
    else if (kind === renamed) undoRename(one, other, third);
    else if (existsSync(one) || random() < 0.5) continue;
    else linkSync(other, one);
    undone.names += 1;
  }
  return undone;
}

function isName(kind: number): boolean {
  return kind === created || kind === renamed || kind === unlinked;
}

/** Changes that a sync has brought to the disk; none that one before it was to bring, which the disk refused. */
function onDisk(entries: readonly Entry[]): Set<Entry> {
  const safe = new Set<Entry>();
  const waiting = new Map<number, Entry[]>();
  for (const entry of entries) {
    const { kind, inode, offset } = entry;
    const before = waiting.get(inode) ?? [];
    waiting.set(inode, before);
    if (kind !== synced && kind !== refused) before.push(entry);
    else {
      const reached = before.filter(({ sequence }) => sequence <= offset);
      if (kind === synced) for (const one of reached) safe.add(one);
      before.splice(0, before.length, ...before.filter(({ sequence }) => sequence > offset));
    }
  }
  return safe;
}

/** Of a file: what was written later than what is taken back, and is on the disk. */
interface Kept {
  ranges: [from: number, to: number][];
}

function undoData(path: string, { offset, size, bytes }: Entry, { ranges }: Kept): void {
  const fd = openSync(path, 'r+');
  try {
    let from = offset;
    const end = offset + bytes.length;
    while (from < end) {
      const over = ranges.filter(([begin, to]) => begin <= from && from < to);
      const next = Math.min(end, ...ranges.map(([begin]) => begin).filter((begin) => begin > from));
      if (over.length === 0) writeSync(fd, bytes, from - offset, next - from, from);
      from = over.length === 0 ? next : Math.max(...over.map(([, to]) => to));
    }
    // A sync brings the size with it.
    if (ranges.length === 0) ftruncateSync(fd, size);
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
        // Of a sync, refused or not: up to which entry it reached.
        offset: [synced, refused].includes(entry.kind) ? before + entry.offset : entry.offset,
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
