import type { Clock } from 'opsbro/sdk';
import type { WriteAheadLog } from './log.ts';
import { readSegment } from './log-reader.ts';
import { orderPoints } from './order.ts';
import { ahead, type PointRing } from './point-ring.ts';
import type { Series, SeriesFiles } from './series-files.ts';

/** What files that the disk did not take are written again by. */
export interface UnsafeFilesParts {
  ring: PointRing;
  files: SeriesFiles;
  log: WriteAheadLog;
  clock: Clock;
  /** How far the finest archive of a file reaches back at least. */
  reachSeconds: number;
  /** By number. */
  series: readonly Series[];
  /** The disk did not take a file, or has all of them after that. */
  health(error: NodeJS.ErrnoException | null): void;
  /** One file is given up; what the log alone had of it is gone. */
  failed(series: Series, error: NodeJS.ErrnoException, points: number): void;
}

interface Unsafe {
  error: NodeJS.ErrnoException;
  failures: number;
  /** Points of it that the log has. */
  points: number;
}

const firstPauseMs = 1000;
const longestPauseMs = 60_000;
/** The tenth failure in a row comes after five minutes: longer than a path to a disk takes to come back. */
const mostFailures = 10;
/** The log may not take the disk for the sake of one file. */
const mostLogBytes = 256 * 2 ** 20;
const sliceMs = 10;

/**
 * Within how many seconds what was read may be written together: at the end the first of it must not be too old for the finest archive. Files that were
 * there may reach back for less than those that are made now.
 */
export function togetherSeconds(reachSeconds: number, most = 60): number {
  return Math.min(reachSeconds / 2, most);
}

/**
 * Files whose points the disk did not take. The system counts what it could not write as written, so another sync would say that all is well:
 * what the log has of such a file is written once more, and the log forgets nothing until the disk has that.
 */
export class UnsafeFiles {
  readonly #parts: UnsafeFilesParts;
  readonly #all = new Map<Series, Unsafe>();
  /** Written again, and not synced yet. */
  readonly #rewritten = new Map<Series, Unsafe>();
  #nextAt = Number.NEGATIVE_INFINITY;
  /** What comes for one of them has to wait in memory until this is over. */
  isRewriting = false;

  constructor(parts: UnsafeFilesParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#all.size;
  }

  /** When they are to be written again, by the monotonic clock. */
  get nextAt(): number {
    return this.#nextAt;
  }

  has(series: Series): boolean {
    return this.#all.has(series);
  }

  /** The disk did not take what was written to a file. */
  add(series: Series, error: NodeJS.ErrnoException): void {
    const before = this.#all.get(series) ?? this.#rewritten.get(series);
    const failures = (before?.failures ?? 0) + 1;
    if (this.#all.size + this.#rewritten.size === 0)
      this.#parts.health(Object.assign(new Error(`${series.path}: ${error.message}`), { code: error.code }));
    this.#rewritten.delete(series);
    this.#all.set(series, { error, failures, points: before?.points ?? 0 });
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1));
    this.#nextAt = Math.max(this.#nextAt, this.#parts.clock.monotonic() + pauseMs);
  }

  /** The files were synced, but for these. */
  synced(failed: ReadonlyMap<Series, NodeJS.ErrnoException>): void {
    for (const [series, error] of failed) this.add(series, error);
    const isMended = this.#rewritten.size > 0;
    this.#rewritten.clear();
    this.#giveUp();
    if (this.#all.size > 0) return;
    this.#nextAt = Number.NEGATIVE_INFINITY;
    if (isMended) this.#parts.health(null);
  }

  /** Writes all of them once more, when it is time to. They are safe after the next sync. */
  async rewrite(): Promise<void> {
    const { log, clock } = this.#parts;
    if (this.#all.size === 0 || clock.monotonic() < this.#nextAt) return;
    // Those that went to make room were not to be kept.
    for (const series of [...this.#all.keys()]) if (series.isGone) this.#all.delete(series);
    this.isRewriting = true;
    const again = new Rewrite([...this.#all.keys()], this.#parts);
    try {
      // What is younger than the log is in memory; what comes from now on waits there.
      const late = this.#notLogged();
      for (const path of log.paths()) {
        await readSegment(path, (name, time, value, readAt) => again.add(name, time, value, readAt));
        await again.write();
      }
      for (const [name, time, value] of late) again.add(name, time, value);
      await again.write();
    } catch (error) {
      // The log itself cannot be read.
      for (const series of this.#all.keys()) again.failed.set(series, error as NodeJS.ErrnoException);
    } finally {
      this.isRewriting = false;
    }
    for (const [series, unsafe] of [...this.#all]) {
      unsafe.points = again.pointsOf(series);
      const error = again.failed.get(series);
      if (error !== undefined) this.add(series, error);
      else {
        this.#all.delete(series);
        this.#rewritten.set(series, unsafe);
      }
    }
  }

  #notLogged(): [name: string, time: number, value: number][] {
    const { ring, log, series } = this.#parts;
    const found: [string, number, number][] = [];
    for (let position = log.syncedTo; ahead(ring.tail, position) > 0; position = (position + 1) >>> 0) {
      const one = series[ring.seriesAt(position)]!;
      if (this.#all.has(one)) found.push([one.name, ...ring.pointAt(position)]);
    }
    return found;
  }

  #giveUp(): void {
    const { log, failed } = this.#parts;
    const isTooMuch = log.bytes > mostLogBytes;
    for (const [series, { error, failures, points }] of [...this.#all]) {
      if (failures < mostFailures && !isTooMuch) continue;
      this.#all.delete(series);
      failed(series, error, points);
    }
  }
}

/** Points that were read at about one time, and the last of them when, seconds; undefined: now. */
interface Batch {
  from: number | undefined;
  to: number | undefined;
  points: Map<Series, { times: number[]; values: number[] }>;
}

/** Points of some series on their way from the log to their files. */
class Rewrite {
  readonly #parts: UnsafeFilesParts;
  readonly #series: ReadonlyMap<string, Series>;
  readonly #batches: Batch[] = [];
  readonly #counts = new Map<Series, number>();
  readonly failed = new Map<Series, NodeJS.ErrnoException>();

  constructor(all: readonly Series[], parts: UnsafeFilesParts) {
    this.#parts = parts;
    this.#series = new Map(all.map((series) => [series.name, series]));
    for (const series of all) this.#try(series, () => parts.files.restore(series));
  }

  pointsOf(series: Series): number {
    return this.#counts.get(series) ?? 0;
  }

  /** Takes a point that was read at that second, now where that is not said, behind those that were read before. */
  add(name: string, time: number, value: number, readAt?: number): void {
    const series = this.#series.get(name);
    if (series === undefined) return;
    let batch = this.#batches.at(-1);
    if (batch === undefined || !this.#isWith(batch, readAt)) {
      batch = { from: readAt, to: readAt, points: new Map() };
      this.#batches.push(batch);
    }
    batch.to = readAt;
    const points = batch.points.get(series) ?? { times: [], values: [] };
    batch.points.set(series, points);
    points.times.push(time);
    points.values.push(value);
  }

  #isWith({ from }: Batch, readAt: number | undefined): boolean {
    if (from === undefined || readAt === undefined) return from === readAt;
    return Math.abs(readAt - from) <= togetherSeconds(this.#parts.reachSeconds);
  }

  /** Brings what was added to the files, as it would have come there then, in turns of the loop. */
  async write(): Promise<void> {
    let began = performance.now();
    for (const { points, to } of this.#batches.splice(0))
      for (const [series, { times, values }] of points) {
        this.#write(series, Float64Array.from(times), Float64Array.from(values), to);
        if (performance.now() - began < sliceMs) continue;
        await new Promise((resolve) => setImmediate(resolve));
        began = performance.now();
      }
  }

  #write(series: Series, times: Float64Array, values: Float64Array, readAt: number | undefined): void {
    const { files, clock } = this.#parts;
    const now = readAt ?? Math.floor(clock.now() / 1000);
    this.#counts.set(series, this.pointsOf(series) + times.length);
    const count = orderPoints(times, values, times.length);
    this.#try(series, () => files.write(series, times, values, count, now));
  }

  #try(series: Series, run: () => void): void {
    // What failed is written whole the next time.
    if (this.failed.has(series)) return;
    try {
      run();
    } catch (error) {
      this.failed.set(series, error as NodeJS.ErrnoException);
    }
  }
}
