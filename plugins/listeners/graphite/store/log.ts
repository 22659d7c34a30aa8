import { type FileHandle, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from 'opsbro/sdk';
import { Arrivals } from './arrivals.ts';
import { commitHead, type SegmentName, segmentHead } from './log-format.ts';
import { readSegment } from './log-reader.ts';
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
  /** More points are on the disk. */
  synced(): void;
  /** Points were not safe for so long: longer than is promised. */
  late(ms: number): void;
}

interface Segment {
  path: string;
  /** The position behind its last point. */
  end: number;
  bytes: number;
  /** It has points that memory could not keep: they come back with the next start, so it stays. */
  isHeld: boolean;
}

/** Points are written at most so long after they came, sooner when there are many, and a sync begins at most so long after the one before. */
const commitMs = 100;
const syncMs = 400;
const manyPoints = 16_384;
const retryMs = 1000;
const maxSegmentBytes = 64 * 2 ** 20;
const maxSegmentMs = 300_000;
/** What was read longer ago than this is promised to be on the disk. */
const promisedMs = 1000;

/**
 * The log that makes points survive: what the ring holds is appended within 200 ms and synced within a second. While a sync runs, what comes is
 * appended already, so that the next one has it all. Files follow each other; one goes when all of its points are in their own files, and those are
 * synced.
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
  /** When it was appended last, and when the last sync began. */
  #appendedMs = Number.NEGATIVE_INFINITY;
  #syncedMs = Number.NEGATIVE_INFINITY;
  readonly #segments: Segment[] = [];
  readonly #named = new Set<number>();
  readonly #arrivals = new Arrivals();
  #timer: NodeJS.Timeout | undefined;
  #appending: Promise<void> | null = null;
  #syncing: Promise<void> | null = null;
  #active = 0;
  /** Why one of them failed: nothing begins until both have ended and the file is given up. */
  #error: NodeJS.ErrnoException | undefined;
  #isFailing = false;
  #retryAt = Number.NEGATIVE_INFINITY;
  #isClosing = false;
  /** A file is being ended, which syncs it: the system tells one of two syncs at a time that it failed, and that must not be the other. */
  #isRotating = false;
  /** The file that is written has to stay, as `isHeld` says. */
  #isHeld = false;
  #waiters: { position: number; resolve: (isKept: boolean) => void }[] = [];

  constructor(parts: LogParts) {
    this.#parts = parts;
  }

  /** Up to where points are on the disk, and may leave the ring: what a sync that fails was to cover is written once more. */
  get syncedTo(): number {
    return this.#synced;
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  get isWriting(): boolean {
    return this.#appending !== null || this.#syncing !== null;
  }

  /** For how long the oldest point is not safe now, and was at most, milliseconds. */
  get unsafeMs(): { now: number; most: number } {
    return {
      now: Math.round(this.#arrivals.waitingMs(this.#parts.clock.monotonic())),
      most: Math.round(this.#arrivals.longestMs),
    };
  }

  get segments(): number {
    return this.paths().length;
  }

  /** What all files take. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, this.#file === null ? 0 : this.#bytes);
  }

  /** All files, the oldest first. */
  paths(): string[] {
    return [...this.#segments.map(({ path }) => path), ...(this.#file === null ? [] : [this.#path])];
  }

  /**
   * Reads what an earlier life left, in order, each point to `put` with the second in which it was read where that is known, in turns of the loop. `put` brings it into the ring, where it counts as
   * written: the files of that life stay until it is in its own, and until the next start where `put` says that it had no room. Resolves with how
   * many bytes could not be read.
   */
  async replay(
    put: (name: string, time: number, value: number, readAt: number | undefined) => boolean,
  ): Promise<number> {
    const { folder, ring } = this.#parts;
    await makeFolder(folder, 0o700);
    let torn = 0;
    for (const name of (await readdir(folder)).filter((each) => /^\d{10}\.log$/.test(each)).sort()) {
      const path = join(folder, name);
      this.#sequence = Number.parseInt(name, 10);
      let isHeld = false;
      const read = await readSegment(path, (series, time, value, readAt) => {
        if (!put(series, time, value, readAt)) isHeld = true;
        this.#written = ring.tail;
        this.#synced = ring.tail;
      });
      torn += read.torn;
      this.#segments.push({ path, end: ring.tail, bytes: read.bytes, isHeld });
    }
    return torn;
  }

  /** Says that points came; they are written soon. Costs nothing when that is planned already. */
  soon(): void {
    if (!this.#hasWork()) return;
    const { ring, clock } = this.#parts;
    this.#arrivals.note(ring.tail, clock.monotonic());
    const isMany = this.#appending === null && ahead(ring.tail, this.#written) >= manyPoints;
    if (this.#timer === undefined || isMany) this.#turn();
  }

  /** Resolves with true once all points up to `position` are on the disk; a sync is made for it. With false when some had to be dropped. */
  synced(position: number): Promise<boolean> {
    if (ahead(this.#synced, position) >= 0) return Promise.resolve(true);
    const done = new Promise<boolean>((resolve) => this.#waiters.push({ position, resolve }));
    if (!this.#isFailing) this.#turn();
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

  async forget(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await unlink(path).catch(() => undefined);
      const index = this.#segments.findIndex((segment) => segment.path === path);
      if (index >= 0) this.#segments.splice(index, 1);
    }
  }

  /** The ring had to drop points before `position` that were not written. Nobody who waits is told that they are kept. */
  dropped(position: number): void {
    this.#arrivals.done(position, this.#parts.clock.monotonic());
    if (ahead(position, this.#written) > 0) this.#written = position;
    // Nothing before it is left that a sync could be of.
    if (ahead(position, this.#synced) > 0) this.#synced = position;
    for (const { resolve } of this.#waiters.splice(0)) resolve(false);
  }

  /** Writes and syncs what there is, and closes the file. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    while (this.isWriting) await Promise.all([this.#appending, this.#syncing]);
    try {
      if (!this.#isFailing) await this.#append();
      if (!this.#isFailing) await this.#sync();
    } catch (error) {
      this.#parts.health(error as NodeJS.ErrnoException);
    }
    await this.#file?.close().catch(() => undefined);
    this.#file = null;
  }

  #hasWork(): boolean {
    return ahead(this.#parts.ring.tail, this.#synced) > 0;
  }

  /** Begins what is due, and plans the next turn. */
  #turn(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isClosing || this.#error !== undefined) return;
    const now = this.#parts.clock.monotonic();
    if (this.#appending === null && this.#appendAt() <= now)
      this.#appending = this.#watch(this.#append(), () => {
        this.#appending = null;
      });
    if (this.#syncing === null && this.#syncAt() <= now)
      this.#syncing = this.#watch(this.#sync(), () => {
        this.#syncing = null;
      });
    const next = Math.min(
      this.#appending === null ? this.#appendAt() : Number.POSITIVE_INFINITY,
      this.#syncing === null ? this.#syncAt() : Number.POSITIVE_INFINITY,
    );
    if (next < Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(() => this.#turn(), Math.max(1, next - now));
  }

  #appendAt(): number {
    const unwritten = ahead(this.#parts.ring.tail, this.#written);
    if (unwritten <= 0) return Number.POSITIVE_INFINITY;
    const last = this.#waiters.at(-1);
    const isAwaited = last !== undefined && ahead(last.position, this.#written) > 0;
    const isHurried = isAwaited || unwritten >= manyPoints;
    return Math.max(this.#retryAt, isHurried ? Number.NEGATIVE_INFINITY : this.#appendedMs + commitMs);
  }

  #syncAt(): number {
    if (this.#isRotating || ahead(this.#written, this.#synced) <= 0) return Number.POSITIVE_INFINITY;
    const [first] = this.#waiters;
    const isAwaited = first !== undefined && ahead(this.#written, first.position) >= 0;
    return isAwaited ? Number.NEGATIVE_INFINITY : this.#syncedMs + syncMs;
  }

  /** What an operation ends in: the next turn, and where one failed and none is under way any more, another file before that. */
  async #watch(operation: Promise<void>, ended: () => void): Promise<void> {
    this.#active += 1;
    try {
      await operation;
    } catch (error) {
      this.#error ??= error as NodeJS.ErrnoException;
    }
    this.#active -= 1;
    if (this.#error !== undefined && this.#active === 0) await this.#giveUp();
    ended();
    this.#turn();
  }

  async #giveUp(): Promise<void> {
    const { clock, health } = this.#parts;
    await this.#abandon();
    const [error, isNew] = [this.#error!, !this.#isFailing];
    this.#error = undefined;
    this.#isFailing = true;
    this.#retryAt = clock.monotonic() + retryMs;
    if (isNew) health(error);
  }

  /** Writes what has come; what comes meanwhile is for the next time. */
  async #append(): Promise<void> {
    const { ring, clock } = this.#parts;
    const { tail } = ring;
    if (ahead(tail, this.#written) <= 0) return;
    this.#appendedMs = clock.monotonic();
    await this.#rotate();
    this.#file ??= await this.#open();
    while (ahead(tail, this.#written) > 0) await this.#write(this.#file);
  }

  async #sync(): Promise<void> {
    const { clock, health, late } = this.#parts;
    const position = this.#written;
    if (this.#file === null || ahead(position, this.#synced) <= 0) return;
    this.#syncedMs = clock.monotonic();
    await this.#file.datasync();
    if (ahead(position, this.#synced) > 0) this.#synced = position;
    const lateMs = this.#arrivals.done(position, clock.monotonic());
    if (lateMs > promisedMs) late(Math.round(lateMs));
    this.#parts.synced();
    this.#release();
    if (this.#isFailing) health(null);
    this.#isFailing = false;
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

  /** Ends a file that is large or old; all in it is synced before anything is in the next. */
  async #rotate(): Promise<void> {
    const isOld = this.#parts.clock.monotonic() - this.#openedMs >= maxSegmentMs;
    if (this.#file === null || !(isOld || this.#bytes >= maxSegmentBytes)) return;
    this.#isRotating = true;
    await this.#syncing;
    if (this.#error !== undefined) throw this.#error;
    await this.#sync();
    this.#isRotating = false;
    const file = this.#file;
    this.#file = null;
    this.#retire();
    await file.close();
  }

  /** The file that was written is one of those that wait now. */
  #retire(): void {
    const [path, end, bytes, isHeld] = [this.#path, this.#written, this.#bytes, this.#isHeld];
    this.#segments.push({ path, end, bytes, isHeld });
    this.#isHeld = false;
  }

  async #write(file: FileHandle): Promise<void> {
    const { ring, nameOf, clock } = this.#parts;
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
    const head = commitHead(names, [points], Math.floor(clock.now() / 1000));
    await writeAll(file, [head, points]);
    this.#bytes += head.length + points.length;
    this.#written = (from + count) >>> 0;
  }

  /** A file that took a part of a write ends there: a later commit behind it would be lost. */
  async #abandon(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    this.#isRotating = false;
    if (file === null) return;
    await file.truncate(this.#bytes).catch(() => undefined);
    await file.close().catch(() => undefined);
    this.#retire();
    // Of what was not synced nobody knows what is on the disk: it is written again, as far as it had not to be dropped.
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
