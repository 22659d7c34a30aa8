import { closeSync, fstatSync, openSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Schemas } from '../schemas/schemas.ts';
import type { FetchedPoints } from '../series-reader.ts';
import { fetchPoints } from '../whisper/fetch.ts';
import { createFile, layoutOf, writeHead } from '../whisper/file.ts';
import type { Layout } from '../whisper/layout.ts';
import { updateMany } from '../whisper/update.ts';
import { pathOf } from './series-path.ts';

/** What is known of one series. */
export interface Series {
  name: string;
  path: string;
  /** Of its file, when that was read last. */
  layout: Layout | undefined;
  /** Bytes its file takes of the disk. */
  allocatedBytes: number;
  /** When its file was written last, and when it was made, seconds. */
  writtenAt: number;
  madeAt: number;
  /** The file went, since there was no room for it: it is made again when a point comes. */
  isGone: boolean;
}

/** What the disk did not take when it was asked to sync it. */
export interface Unsynced {
  files: Map<Series, NodeJS.ErrnoException>;
  /** Why names in some folder were not. */
  names: NodeJS.ErrnoException | undefined;
}

/** Files that are synced at a time. */
const syncsAtOnce = 4;
/** What a folder takes of the disk; those of more names than fit this are few. */
const folderBytes = 4096;

/** The Whisper files of a store. What blocks says so; all of it throws what the file system says. */
export class SeriesFiles {
  readonly folder: string;
  readonly #schemas: Schemas;
  /** Called when a file that went is made again. */
  onReturn: ((series: Series) => void) | undefined;
  /** Called when a file takes more of the disk than before. */
  onGrowth: (() => void) | undefined;
  /** Called when a file is first read that is laid out in another way than it would be made now. */
  onUnlike: ((series: Series, configured: Layout) => void) | undefined;
  /** What all files and their folders take of the disk. */
  allocatedBytes = 0;
  created = 0;
  /** Files that were no Whisper files and were set aside. */
  setAside = 0;
  /** Written since they were synced. */
  #dirty = new Set<Series>();
  #dirtyFolders = new Set<string>();
  /** Whose names were synced since the start: those of files that were there before may come from a process that was killed. */
  readonly #syncedFolders = new Set<string>();

  constructor(folder: string, schemas: Schemas) {
    this.folder = folder;
    this.#schemas = schemas;
  }

  /** What is known of a name before its file was looked at. */
  describe(name: string): Series {
    const path = join(this.folder, pathOf(name));
    return { name, path, layout: undefined, allocatedBytes: 0, writtenAt: 0, madeAt: 0, isGone: false };
  }

  /** Writes points, ascending and each second once, into the file of a series, which is made when it is not there. Blocks. */
  write(
    series: Series,
    times: ArrayLike<number>,
    values: ArrayLike<number>,
    count: number,
    now: number,
  ): void {
    const fd = this.#open(series, now);
    try {
      const layout = series.layout!;
      updateMany(fd, layout, times, values, count, now);
      series.writtenAt = now;
      if (series.allocatedBytes < layout.sizeBytes) this.#account(series, fstatSync(fd).blocks * 512);
    } finally {
      closeSync(fd);
    }
    this.#dirty.add(series);
    const folder = dirname(series.path);
    if (!this.#syncedFolders.has(folder)) this.#touchFolders(folder);
  }

  /** Names in a folder, or in one above it, are to be synced. */
  #touchFolders(from: string): void {
    for (let folder = from; folder.length >= this.folder.length; folder = dirname(folder))
      this.#dirtyFolders.add(folder);
  }

  /** Reads points; undefined where the file is not there or holds nothing of the range. Blocks. */
  fetch(series: Series, from: number, until: number, now: number): FetchedPoints | undefined {
    let fd: number;
    try {
      fd = openSync(series.path, 'r');
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
      throw error;
    }
    try {
      this.#read(fd, series);
      return series.layout === undefined ? undefined : fetchPoints(fd, series.layout, from, until, now);
    } finally {
      closeSync(fd);
    }
  }

  /** Takes the room that a file was found to take. */
  #account(series: Series, bytes: number): void {
    const more = bytes - series.allocatedBytes;
    this.allocatedBytes += more;
    series.allocatedBytes = bytes;
    if (more > 0) this.onGrowth?.();
  }

  /** A file that was there at the start. */
  found(series: Series, allocatedBytes: number, times: { writtenAt: number; madeAt: number }): void {
    Object.assign(series, times);
    this.#account(series, allocatedBytes);
  }

  /** Folders that were there at the start. */
  foundFolders(count: number): void {
    this.allocatedBytes += count * folderBytes;
  }

  /** Takes the file of a series away, and folders that are empty then; its points are gone. Blocks. */
  remove(series: Series): void {
    rmSync(series.path, { force: true });
    this.#account(series, 0);
    series.isGone = true;
    series.layout = undefined;
    this.#dirty.delete(series);
    this.#removeFolders(dirname(series.path));
  }

  #removeFolders(from: string): void {
    for (let folder = from; folder.length > this.folder.length; folder = dirname(folder)) {
      try {
        rmdirSync(folder);
      } catch {
        return;
      }
      this.#syncedFolders.delete(folder);
      this.allocatedBytes -= folderBytes;
    }
  }

  /** Writes the head of a file once more, as it is known: the disk may not have taken it. Blocks. */
  restore({ path, layout }: Series): void {
    const fd = layout === undefined ? undefined : openThere(path);
    if (fd === undefined) return;
    try {
      writeHead(fd, layout!);
    } finally {
      closeSync(fd);
    }
  }

  /**
   * Resolves once all that was written before is on the disk, but for what it resolves with: such a file has to be written again, since the
   * system would say of the next sync that all is well. Names are synced again as they are.
   */
  async sync(): Promise<Unsynced> {
    const [files, folders] = [this.#dirty, this.#dirtyFolders];
    this.#dirty = new Set();
    this.#dirtyFolders = new Set();
    const unsynced: Unsynced = { files: new Map(), names: undefined };
    await eachAtOnce([...files], (series) =>
      syncOf(series.path, 'r+').catch((error: NodeJS.ErrnoException) => {
        unsynced.files.set(series, error);
      }),
    );
    await eachAtOnce([...folders], async (path) => {
      try {
        await syncOf(path, 'r');
        this.#syncedFolders.add(path);
      } catch (error) {
        unsynced.names ??= error as NodeJS.ErrnoException;
        this.#dirtyFolders.add(path);
      }
    });
    return unsynced;
  }

  #read(fd: number, series: Series): void {
    const known = series.layout;
    series.layout = layoutOf(fd, known);
    if (known !== undefined || series.layout === undefined) return;
    const configured = this.#schemas.layoutFor(series.name);
    if (!series.layout.head.equals(configured.head)) this.onUnlike?.(series, configured);
  }

  #open(series: Series, now: number): number {
    const fd = openThere(series.path);
    if (fd !== undefined) {
      this.#read(fd, series);
      if (series.layout !== undefined) return fd;
      closeSync(fd);
      renameSync(series.path, `${series.path}.damaged`);
      this.setAside += 1;
    }
    const layout = this.#schemas.layoutFor(series.name);
    this.allocatedBytes += folderBytes * createFile(series.path, layout);
    series.layout = layout;
    series.madeAt = now;
    if (series.isGone) this.onReturn?.(series);
    series.isGone = false;
    this.created += 1;
    this.#touchFolders(dirname(series.path));
    return openSync(series.path, 'r+');
  }
}

/** Undefined where somebody took the file away. */
function openThere(path: string): number | undefined {
  try {
    return openSync(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function eachAtOnce<Item>(items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  const waiting = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (const item of waiting) await run(item);
  };
  await Promise.all(Array.from({ length: syncsAtOnce }, lane));
}

async function syncOf(path: string, flags: string): Promise<void> {
  const file = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    // Somebody took it away: there is nothing to sync.
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  await file?.datasync().finally(() => file.close());
}
