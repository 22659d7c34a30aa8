import { type FileHandle, open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from 'opsbro/sdk';
import { commitHead, readCommits, type SegmentName, segmentHead } from './log-format.ts';
import { makeFolder, syncFolder } from './make-folder.ts';
import { ahead, type PointRing, recordBytes } from './point-ring.ts';

/** What the log needs of the store. */
export interface LogParts {
  folder: string;
  ring: PointRing;
  clock: Clock;
  nameOf(series: number): string;
  /** A commit failed, or one succeeded after that. */
  health(error: NodeJS.ErrnoException | null): void;
}

interface Segment {
  path: string;
  /** The position behind its last point. */
  end: number;
  /** It has points that memory could not keep: they come back with the next start, so it stays. */
  isHeld: boolean;
}

/** Points are written at most so long after they came, and are on the disk at most so long after that. */
const commitMs = 150;
const syncMs = 500;
const retryMs = 1000;
const maxSegmentBytes = 64 * 2 ** 20;
const maxSegmentMs = 300_000;

/**
 * The log that makes points survive: what the ring holds is appended within 200 ms and synced within a second. Files follow each other; one goes
 * when all of its points are in their own files, and those are synced.
 */
export class WriteAheadLog {
  readonly #parts: LogParts;
  #file: FileHandle | null = null;
  #path = '';
  #sequence = 0;
  #bytes = 0;
  #openedMs = 0;
  /** Everything before it is in the file, and everything before `#synced` on the disk. */
  #written = 0;
  #synced = 0;
  #syncedMs = 0;
  readonly #segments: Segment[] = [];
  readonly #named = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | null = null;
  #isFailing = false;
  #wantsRotation = false;
  /** The file that is written has to stay, as `isHeld` says. */
  #isHeld = false;
  #waiters: { position: number; resolve: (isKept: boolean) => void }[] = [];

  constructor(parts: LogParts) {
    this.#parts = parts;
  }

  /** Up to where points may leave the ring: what is being written stays. */
  get written(): number {
    return this.#written;
  }

  /** Up to where points are on the disk. */
  get syncedTo(): number {
    return this.#synced;
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  get isWriting(): boolean {
    return this.#running !== null;
  }

  get segments(): number {
    return this.#segments.length + (this.#file === null ? 0 : 1);
  }

  /**
   * Reads what an earlier life left, in order, each point to `put`, in turns of the loop. `put` brings it into the ring, where it counts as
   * written: the files of that life stay until it is in its own. Resolves with how many bytes could not be read.
   */
  async replay(put: (name: string, time: number, value: number) => void): Promise<number> {
    const { folder, ring } = this.#parts;
    await makeFolder(folder, 0o700);
    let torn = 0;
    const note = (left: number): void => {
      torn += left;
    };
    for (const name of (await readdir(folder)).filter((each) => /^\d{10}\.log$/.test(each)).sort()) {
      const path = join(folder, name);
      this.#sequence = Number.parseInt(name, 10);
      const names = new Map<number, string>();
      const bytes = await readFile(path);
      for (const commit of readCommits(bytes, note)) {
        for (const { series, name: text } of commit.names) names.set(series, text);
        for (let at = 0; at < commit.points.length; at += recordBytes) {
          const series = names.get(commit.points.readUInt32LE(at));
          if (series === undefined) continue;
          put(series, commit.points.readUInt32LE(at + 4), commit.points.readDoubleLE(at + 8));
          this.#written = ring.tail;
          this.#synced = ring.tail;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      this.#segments.push({ path, end: ring.tail, isHeld: false });
    }
    return torn;
  }

  /** Says that points came; they are written soon. Costs nothing when that is planned already. */
  soon(): void {
    if (this.#timer !== undefined || this.#running !== null || !this.#hasWork()) return;
    this.#timer = setTimeout(() => void this.#run(), this.#isFailing ? retryMs : commitMs);
  }

  /** Resolves with true once all points up to `position` are on the disk; a sync is made for it. With false when some had to be dropped. */
  synced(position: number): Promise<boolean> {
    if (ahead(this.#synced, position) >= 0) return Promise.resolve(true);
    const done = new Promise<boolean>((resolve) => this.#waiters.push({ position, resolve }));
    if (!this.#isFailing) this.#now();
    return done;
  }

  /** The files that hold nothing but points before `oldest`. */
  obsolete(oldest: number): string[] {
    return this.#segments
      .filter(({ end, isHeld }) => !isHeld && ahead(oldest, end) >= 0)
      .map(({ path }) => path);
  }

  /** Memory lets go of points that are here, and in no file of their own: what is here stays until the next start has read it. */
  hold(): void {
    for (const segment of this.#segments) segment.isHeld = true;
    this.#isHeld = this.#file !== null;
  }

  /** Begins another file soon, however young and small this one is. */
  rotateSoon(): void {
    if (this.#file === null) return;
    this.#wantsRotation = true;
    this.#now();
  }

  async forget(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await unlink(path).catch(() => undefined);
      const index = this.#segments.findIndex((segment) => segment.path === path);
      if (index >= 0) this.#segments.splice(index, 1);
    }
  }

  /** The ring had to drop points before `position` that were not written. Nobody who waits is told that they are kept. */
  dropped(position: number): void {
    if (ahead(position, this.#written) > 0) this.#written = position;
    for (const { resolve } of this.#waiters.splice(0)) resolve(false);
  }

  /** Writes and syncs what there is, and closes the file. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#running;
    if (this.#hasWork() && !this.#isFailing) await this.#run();
    await this.#file?.close().catch(() => undefined);
    this.#file = null;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #hasWork(): boolean {
    return ahead(this.#parts.ring.tail, this.#synced) > 0;
  }

  #now(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running === null) void this.#run();
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#running = this.#commit();
    await this.#running;
    this.#running = null;
    const [first] = this.#waiters;
    if (first !== undefined && !this.#isFailing) this.#now();
    else this.soon();
  }

  async #commit(): Promise<void> {
    const { ring, clock, health } = this.#parts;
    try {
      this.#file ??= await this.#open();
      // What comes meanwhile is for the next commit, else a busy sender would keep this one from its sync.
      const { tail } = ring;
      while (ahead(tail, this.#written) > 0) await this.#append(this.#file);
      const isLate = clock.monotonic() - this.#syncedMs >= syncMs;
      const due = isLate || this.#waiters.length > 0 || this.#wantsRotation;
      if (due && ahead(this.#written, this.#synced) > 0) {
        const position = this.#written;
        this.#syncedMs = clock.monotonic();
        await this.#file.datasync();
        this.#synced = position;
        this.#release();
      }
      await this.#rotate();
      if (this.#isFailing) health(null);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) health(error as NodeJS.ErrnoException);
      this.#isFailing = true;
      await this.#abandon();
    }
  }

  async #open(): Promise<FileHandle> {
    const { folder, clock } = this.#parts;
    this.#sequence += 1;
    this.#path = join(folder, `${String(this.#sequence).padStart(10, '0')}.log`);
    const file = await open(this.#path, 'wx', 0o600);
    try {
      await writeAll(file, [segmentHead]);
      // The name of the file must survive too.
      await syncFolder(folder);
    } catch (error) {
      await file.close();
      await unlink(this.#path);
      throw error;
    }
    this.#bytes = segmentHead.length;
    this.#openedMs = clock.monotonic();
    this.#named.clear();
    return file;
  }

  async #rotate(): Promise<void> {
    const file = this.#file;
    const isOld = this.#parts.clock.monotonic() - this.#openedMs >= maxSegmentMs;
    const isDue = this.#wantsRotation || isOld || this.#bytes >= maxSegmentBytes;
    if (file === null || !isDue || ahead(this.#written, this.#synced) > 0) return;
    this.#wantsRotation = false;
    this.#file = null;
    this.#retire();
    await file.close();
  }

  /** The file that was written is one of those that wait now. */
  #retire(): void {
    this.#segments.push({ path: this.#path, end: this.#written, isHeld: this.#isHeld });
    this.#isHeld = false;
  }

  async #append(file: FileHandle): Promise<void> {
    const { ring, nameOf } = this.#parts;
    const from = this.#written;
    const points = ring.bytes(from, ring.tail);
    const count = points.length / recordBytes;
    const names: SegmentName[] = [];
    for (let index = 0; index < count; index += 1) {
      const series = ring.seriesAt((from + index) >>> 0);
      if (this.#named.has(series)) continue;
      this.#named.add(series);
      names.push({ series, name: nameOf(series) });
    }
    const head = commitHead(names, [points]);
    await writeAll(file, [head, points]);
    this.#bytes += head.length + points.length;
    this.#written = (from + count) >>> 0;
  }

  /** A file that took a part of a write ends there: a later commit behind it would be lost. */
  async #abandon(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    if (file === null) return;
    await file.truncate(this.#bytes).catch(() => undefined);
    await file.close().catch(() => undefined);
    this.#retire();
    // Of what was not synced nobody knows what is on the disk: it is written again.
    const { oldest } = this.#parts.ring;
    this.#written = ahead(oldest, this.#synced) > 0 ? oldest : this.#synced;
  }

  #release(): void {
    const all = this.#waiters;
    this.#waiters = all.filter(({ position }) => ahead(this.#synced, position) < 0);
    for (const { position, resolve } of all) if (ahead(this.#synced, position) >= 0) resolve(true);
  }
}

async function writeAll(file: FileHandle, parts: Buffer[]): Promise<void> {
  const wanted = parts.reduce((sum, { length }) => sum + length, 0);
  const { bytesWritten } = await file.writev(parts);
  if (bytesWritten < wanted)
    throw Object.assign(new Error('ENOSPC: a part of a write was left out'), { code: 'ENOSPC' });
}
