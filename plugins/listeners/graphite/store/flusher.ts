import type { Clock } from 'opsbro/sdk';
import type { WriteAheadLog } from './log.ts';
import { orderPoints } from './order.ts';
import { ahead, chunkPoints, type PointRing } from './point-ring.ts';
import type { Series, SeriesFiles } from './series-files.ts';
import { togetherSeconds, UnsafeFiles } from './unsafe-files.ts';

/** What brings points to their files works on. */
export interface FlusherParts {
  ring: PointRing;
  files: SeriesFiles;
  log: WriteAheadLog;
  clock: Clock;
  /** By number. */
  series: readonly Series[];
  /** How long a point may wait, so that those of one series are written together. */
  flushMs: number;
  /** How far the finest archive of a file reaches back at least. */
  reachSeconds: number;
  /** The disk took nothing, or not all, or took it again after that. */
  health(error: NodeJS.ErrnoException | null): void;
  /** One file could not be written; these points of it are gone. */
  failed(series: Series, error: NodeJS.ErrnoException, points: number): void;
  /** There is room again. */
  relieved(): void;
}

const sliceMs = 10;
/** So many points of each series make one write as cheap as it gets; when nothing more comes so few do, since waiting would gain little. */
const manyOfSeries = 100;
const someOfSeries = 4;
const leastAtOnce = 16_384;
const retryMs = 1000;
/** What an earlier life read within such a time is written together where each series has few points. */
const longestTogetherSeconds = 300;
/** There is no room on the disk, or none for this user: waiting may help, leaving points out does not. */
const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE']);

/** Brings points from memory into their files, those that wait longest first, in short turns; then lets the log forget them. */
export class Flusher {
  readonly #parts: FlusherParts;
  readonly #unsafe: UnsafeFiles;
  readonly #tickMs: number;
  /** Where the ring ended at what time. */
  readonly #marks: { at: number; position: number }[] = [];
  #cursor = 0;
  /** What was found due before, and is being written. */
  #due = 0;
  /** Where the ring ended at the last turn, and since when. */
  #seen = 0;
  #seenMs = 0;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #isSoon = false;
  #syncing: Promise<void> | null = null;
  /** After one that failed the next has to wait, and is made though nothing more comes. */
  #checkpointAt = Number.NEGATIVE_INFINITY;
  #isUnsynced = false;
  #isFailing = false;
  #isStopped = false;
  /** When the points that wait were read, the first and the last of them: they are of an earlier life. Undefined: now. */
  #past: { from: number; to: number } | undefined;
  #times = new Float64Array(1024);
  #values = new Float64Array(1024);
  /** Points that reached their files. */
  written = 0;

  constructor(parts: FlusherParts) {
    this.#parts = parts;
    this.#unsafe = new UnsafeFiles(parts);
    this.#tickMs = Math.max(50, Math.min(1000, parts.flushMs / 4));
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Says that points came. */
  soon(): void {
    const { ring } = this.#parts;
    const isPressed = ring.waiting > 0 && !this.#isFailing && !this.#isBlocked && this.#isWorthwhile();
    if (this.#isStopped || (this.#timer !== undefined && (this.#isSoon || !isPressed))) return;
    if (isPressed) this.#at(0);
    else if (ring.waiting > 0 || ring.used > 0 || this.#isUnsynced)
      this.#at(this.#isFailing ? retryMs : this.#tickMs);
  }

  /** Brings the waiting points of one series to its file now. Blocks; throws what the file system says. */
  flush(number: number): void {
    const { ring, files, series, clock } = this.#parts;
    const size = ring.count(number);
    if (size === 0 || this.#unsafe.has(series[number]!)) return;
    if (size > this.#times.length) {
      this.#times = new Float64Array(2 ** Math.ceil(Math.log2(size)));
      this.#values = new Float64Array(this.#times.length);
    }
    ring.read(number, this.#times, this.#values);
    const count = orderPoints(this.#times, this.#values, size);
    const now = this.#past?.to ?? Math.floor(clock.now() / 1000);
    files.write(series[number]!, this.#times, this.#values, count, now);
    ring.take(number);
    this.written += size;
  }

  /**
   * What comes from here on was read at that moment, seconds, by an earlier life, and is written as that would have done: a point that is too
   * old for the finest archive by now was none then, and coarser ones are to have the sum of all and not the last. Blocks.
   */
  liveAt(readAt: number | undefined): void {
    if (readAt === undefined) return;
    const { ring, reachSeconds } = this.#parts;
    const isFew = ring.waiting < someOfSeries * ring.waitingSeries;
    const longest = togetherSeconds(reachSeconds, isFew ? longestTogetherSeconds : undefined);
    if (this.#past !== undefined && Math.abs(readAt - this.#past.from) <= longest) {
      this.#past.to = readAt;
      return;
    }
    this.liveNow();
    this.#past = { from: readAt, to: readAt };
  }

  /** Writes what is of an earlier life; what comes from here on is read now. Blocks. */
  liveNow(): void {
    this.flushAll();
    this.#past = undefined;
  }

  /** Empties the ring as far as the disk allows, to take one more chunk; false when that was not possible. Blocks. */
  makeRoom(): boolean {
    const { ring, log } = this.#parts;
    // Who takes points asks for each of them; whether the disk takes something again the next turn finds out.
    if (this.#isFailing && this.#timer !== undefined) return false;
    const target = (ring.oldest + chunkPoints) >>> 0;
    while (ahead(target, ring.oldest) > 0) {
      const before = ring.oldest;
      if (ring.waits(before) && !this.#write(ring.seriesAt(before))) return false;
      ring.release(log.syncedTo);
      if (ring.oldest === before) return false;
    }
    return true;
  }

  /** Lets go of points that are in their files, and on the disk by now. */
  release(): void {
    const { ring, log, relieved } = this.#parts;
    ring.release(log.syncedTo);
    relieved();
  }

  /** Brings everything to the files. Blocks. */
  flushAll(): void {
    this.#until(this.#parts.ring.tail, Number.POSITIVE_INFINITY);
  }

  /** Resolves when no sync is under way; nothing is flushed any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
    await this.#syncing;
  }

  /** Syncs the files and lets the log forget what is in them. */
  checkpoint(): Promise<void> {
    this.#syncing ??= this.#checkpoint().finally(() => {
      this.#syncing = null;
    });
    return this.#syncing;
  }

  #at(delayMs: number): void {
    clearTimeout(this.#timer as NodeJS.Timeout);
    this.#isSoon = delayMs === 0;
    this.#timer = this.#isSoon ? setImmediate(() => this.#turn()) : setTimeout(() => this.#turn(), delayMs);
  }

  #turn(): void {
    this.#timer = undefined;
    const { ring, log, clock } = this.#parts;
    const isDone = this.#until(this.#target(), performance.now() + sliceMs);
    if (this.#isStopped) return;
    if (!isDone && !this.#isFailing && !this.#isBlocked) this.#at(0);
    else this.soon();
    this.#parts.relieved();
    // Under load, and while the disk is full, there is always more to do, and what the log keeps is what takes the room.
    if (clock.monotonic() < this.#checkpointAt) return;
    if (this.#isUnsynced || log.obsolete(ring.oldest).length > 0) void this.checkpoint();
  }

  /** Points of unsafe files stay where they are: those files are being written again, or the log does not take anything either. */
  get #isBlocked(): boolean {
    return this.#unsafe.isRewriting || (this.#unsafe.size > 0 && this.#parts.log.isFailing);
  }

  /** There are so many points, of all series or of each, that waiting for more would gain nothing. */
  #isWorthwhile(): boolean {
    const { used, capacity, waiting, waitingSeries } = this.#parts.ring;
    return used > capacity / 2 || (waiting >= leastAtOnce && waiting >= manyOfSeries * waitingSeries);
  }

  /** Nothing more comes, and what there is is worth a write for each series. */
  #isQuiet(now: number): boolean {
    const { tail, waiting, waitingSeries } = this.#parts.ring;
    if (tail !== this.#seen) this.#seenMs = now;
    this.#seen = tail;
    return now - this.#seenMs >= this.#tickMs / 2 && waiting >= someOfSeries * waitingSeries;
  }

  /** Up to where points are due: those that wait long enough, all of them when that is worthwhile. */
  #target(): number {
    const { ring, clock, flushMs } = this.#parts;
    const now = clock.monotonic();
    const isQuiet = this.#isQuiet(now);
    this.#marks.push({ at: now, position: ring.tail });
    if (isQuiet || this.#isWorthwhile()) {
      this.#marks.length = 0;
      this.#due = ring.tail;
    }
    while (this.#marks.length > 0 && now - this.#marks[0]!.at >= flushMs)
      this.#due = this.#marks.shift()!.position;
    if (ahead(this.#cursor, this.#due) > 0) this.#due = this.#cursor;
    return this.#due;
  }

  /** True when everything before `target` is in its file. */
  #until(target: number, deadline: number): boolean {
    const { ring, log } = this.#parts;
    if (ahead(ring.oldest, this.#cursor) > 0) this.#cursor = ring.oldest;
    let looked = 0;
    while (ahead(target, this.#cursor) > 0) {
      if (ring.waits(this.#cursor)) {
        if (!this.#write(ring.seriesAt(this.#cursor))) break;
        if (performance.now() > deadline) break;
      }
      this.#cursor = (this.#cursor + 1) >>> 0;
      looked += 1;
      if ((looked & 0xfff) === 0 && performance.now() > deadline) break;
    }
    ring.release(log.syncedTo);
    return ahead(target, this.#cursor) <= 0;
  }

  /** False when the disk is full, or these points have to wait. */
  #write(number: number): boolean {
    const { ring, series, failed, health } = this.#parts;
    if (this.#unsafe.has(series[number]!)) {
      if (this.#isBlocked) return false;
      // The log has them, or will: it keeps them for this file.
      this.written += ring.count(number);
      ring.take(number);
      return true;
    }
    try {
      this.flush(number);
      if (this.#isFailing) health(null);
      this.#isFailing = false;
      return true;
    } catch (thrown) {
      const error = thrown as NodeJS.ErrnoException;
      if (fullCodes.has(error.code ?? '')) {
        if (!this.#isFailing) health(error);
        this.#isFailing = true;
        return false;
      }
      if (error.code === 'EIO') {
        this.#unsafe.add(series[number]!, error);
        this.#isUnsynced = true;
        return this.#write(number);
      }
      failed(series[number]!, error, ring.count(number));
      ring.take(number);
      return true;
    }
  }

  async #checkpoint(): Promise<void> {
    const { files, log, ring, clock, health } = this.#parts;
    const paths = log.obsolete(ring.oldest);
    try {
      await this.#unsafe.rewrite();
      const unsynced = await files.sync();
      this.#unsafe.synced(unsynced.files);
      if (unsynced.names !== undefined) throw unsynced.names;
      this.#isUnsynced = this.#unsafe.size > 0;
      if (!this.#isUnsynced) await log.forget(paths);
      this.#checkpointAt = this.#unsafe.nextAt;
    } catch (error) {
      this.#isUnsynced = true;
      this.#checkpointAt = Math.max(clock.monotonic() + retryMs, this.#unsafe.nextAt);
      health(error as NodeJS.ErrnoException);
    }
    if (this.#isUnsynced) this.soon();
  }
}
