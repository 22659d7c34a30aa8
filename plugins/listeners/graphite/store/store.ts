import { join } from 'node:path';
import type { Clock, JsonObject } from 'opsbro/sdk';
import type { Schemas } from '../schemas/schemas.ts';
import type { FetchedPoints, FoundName, SeriesReader } from '../series-reader.ts';
import { DiskLimit } from './disk-limit.ts';
import { Flusher } from './flusher.ts';
import { WriteAheadLog } from './log.ts';
import { makeFolder } from './make-folder.ts';
import { NameBudget, type NameLimits } from './name-budget.ts';
import { hashOf, NameTable, unknownName } from './name-table.ts';
import { NameTree } from './name-tree.ts';
import { ahead, chunkPoints, PointRing } from './point-ring.ts';
import { scanFiles } from './scan.ts';
import { type Series, SeriesFiles } from './series-files.ts';
import { maxNameBytes, normalName } from './series-path.ts';
import { UnlikeFiles } from './unlike-files.ts';

/** What a store is made of. */
export interface StoreParts {
  /** Holds `whisper/`, the files, and `log/`. */
  folder: string;
  /** The Whisper files, where they are to lie elsewhere. */
  files?: string;
  schemas: Schemas;
  limits: NameLimits & { diskBytes: number };
  /** How many points may wait in memory. */
  waitingPoints: number;
  flushMs: number;
  clock: Clock;
  /** A secret number. */
  seed: number;
  /** Something an operator should know: the event's name, and what it says. */
  tell(topic: string, message: string, data: JsonObject): void;
}

/** Counts since the start. */
export interface StoreCounts {
  /** Points taken in. */
  points: number;
  /** Points that are in their files. */
  written: number;
  /** Points lost since memory was full and the disk took nothing. */
  dropped: number;
  /** Points of names that were refused. */
  refused: number;
  /** Points whose file could not be written. */
  failed: number;
}

const tellEveryMs = 60_000;

/**
 * The metric store: takes points in without allocating for each, keeps them in memory and in a log until they are in their Whisper files, and
 * reads them again. One thread owns it. Nothing but `open`, `synced` and `close` waits.
 */
export class MetricStore implements SeriesReader {
  readonly #parts: StoreParts;
  readonly #names: NameTable;
  readonly #series: Series[] = [];
  readonly #ring: PointRing;
  readonly #files: SeriesFiles;
  readonly #unlike = new UnlikeFiles((message) => this.#tell('files-unlike', message, {}));
  readonly #log: WriteAheadLog;
  readonly #flusher: Flusher;
  readonly #budget: NameBudget;
  readonly #disk: DiskLimit;
  readonly #scratch = Buffer.allocUnsafe(1024);
  readonly #told = new Map<string, number>();
  readonly #relief = new Set<() => void>();
  #tree: NameTree | undefined;
  #tagged: string[] | undefined;
  /** Names that have a file, or points for one. */
  #living = 0;
  #dropped = 0;
  #refused = 0;
  #failed = 0;
  #points = 0;

  constructor(parts: StoreParts) {
    const { folder, clock, schemas, limits, seed, waitingPoints, flushMs } = parts;
    this.#parts = parts;
    this.#names = new NameTable(seed);
    this.#ring = new PointRing(waitingPoints);
    this.#budget = new NameBudget(limits);
    this.#files = new SeriesFiles(parts.files ?? join(folder, 'whisper'), schemas);
    this.#files.onReturn = (series) => this.#list(series);
    this.#files.onUnlike = (series, configured) => this.#unlike.note(series, configured);
    this.#disk = new DiskLimit({
      bytes: limits.diskBytes,
      files: this.#files,
      series: this.#series,
      clock,
      gone: (series) => this.#unlist(series),
      tell: (topic, message, data) => this.#tell(topic, message, data),
    });
    this.#log = new WriteAheadLog({
      folder: join(folder, 'log'),
      ring: this.#ring,
      clock,
      nameOf: (series) => this.#series[series]!.name,
      health: (error) => this.#health('the log of points', error),
      synced: () => this.#flusher.release(),
      late: (ms) =>
        this.#tell('disk-late', `the disk took ${ms} ms to take what was read: it was not safe for so long`, {
          ms,
        }),
    });
    this.#flusher = new Flusher({
      ring: this.#ring,
      files: this.#files,
      log: this.#log,
      clock,
      series: this.#series,
      flushMs,
      reachSeconds: schemas.shortestReach(),
      health: (error) => this.#health('files of points', error),
      failed: (series, error, points) => {
        this.#failed += points;
        const message = `${series.path} cannot be written: ${error.message}; ${points} points of it are lost`;
        this.#tell('file-failed', message, { points });
      },
      relieved: () => {
        if (!this.isPressed) for (const run of this.#relief) run();
      },
    });
  }

  /** What a parser begins the hash of a name with. */
  get seed(): number {
    return this.#names.seed;
  }

  /** Where the newest point stands, for `synced`. */
  get position(): number {
    return this.#ring.tail;
  }

  /** Memory is filling: whoever can wait with more should. `onRelief` tells when that is over. */
  get isPressed(): boolean {
    return this.#ring.used > this.#ring.capacity * 0.75;
  }

  /** Points that were lost since memory was full and the disk took nothing. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Reads what is there, points of an earlier life too. */
  async open(): Promise<{ names: number; bytes: number; replayed: number; torn: number }> {
    await makeFolder(this.#files.folder, 0o755);
    const folders = await scanFiles(this.#files.folder, ({ name, allocatedBytes, modifiedAt, madeAt }) => {
      const series = this.#series[this.#enter(name)]!;
      this.#files.found(series, allocatedBytes, { writtenAt: modifiedAt, madeAt });
    });
    this.#files.foundFolders(folders);
    let replayed = 0;
    let isFull = false;
    const torn = await this.#log.replay((name, time, value, readAt) => {
      this.#flusher.liveAt(readAt);
      const series = this.#seriesOf(name) ?? this.#enter(name);
      // A disk that took nothing is not asked again for each point.
      if (!isFull && !this.#ring.push(series, time, value))
        isFull = !this.#flusher.makeRoom() || !this.#ring.push(series, time, value);
      if (!isFull) replayed += 1;
      return !isFull;
    });
    this.#flusher.liveNow();
    this.#files.onGrowth = () => this.#disk.keep();
    this.#disk.keep();
    void this.#flusher.checkpoint();
    return { names: this.#living, bytes: this.#files.allocatedBytes, replayed, torn };
  }

  /**
   * Takes a point in, by the bytes of its name and their hash; what stands in `bytes` may change afterwards. `time` is in whole seconds,
   * more than 0. False when the name is refused, or there is no room for the point.
   */
  take(
    bytes: Buffer,
    from: number,
    to: number,
    hash: number,
    time: number,
    value: number,
    source: string,
  ): boolean {
    let series = this.#names.find(bytes, from, to, hash);
    if (series === unknownName) series = this.#admit(bytes, from, to, hash, source);
    if (series === unknownName) {
      this.#refused += 1;
      return false;
    }
    this.#points += 1;
    return this.#ring.push(series, time, value) || this.#pushInto(series, time, value);
  }

  /** The same by a text, for what comes one at a time. */
  takeNamed(name: string, time: number, value: number, source: string): boolean {
    const length = this.#scratch.write(name.length > maxNameBytes ? name.slice(0, maxNameBytes + 1) : name);
    return this.take(
      this.#scratch,
      0,
      length,
      hashOf(this.seed, this.#scratch, 0, length),
      time,
      value,
      source,
    );
  }

  /** To be called after some points were taken in: they will be written soon. */
  settle(): void {
    this.#log.soon();
    this.#flusher.soon();
  }

  /** Resolves with true once all points up to a position are on the disk, with false when some of those that wait had to be dropped. */
  synced(position: number): Promise<boolean> {
    return this.#log.synced(position);
  }

  /** Called each time that memory stops filling. Returns what ends that. */
  onRelief(run: () => void): () => void {
    this.#relief.add(run);
    return () => this.#relief.delete(run);
  }

  find(pattern: string): FoundName[] {
    if (this.#tree === undefined) {
      this.#tree = new NameTree();
      for (const { name, isGone } of this.#series) if (!isGone && !name.includes(';')) this.#tree.add(name);
    }
    return this.#tree.find(pattern);
  }

  fetch(name: string, from: number, until: number, now: number): FetchedPoints | undefined {
    const number = this.#seriesOf(name);
    if (number === undefined) return undefined;
    try {
      this.#flusher.flush(number);
    } catch (error) {
      this.#health('files of points', error as NodeJS.ErrnoException);
    }
    return this.#files.fetch(this.#series[number]!, from, until, now);
  }

  taggedNames(): readonly string[] {
    this.#tagged ??= this.#series
      .filter(({ name, isGone }) => !isGone && name.includes(';'))
      .map(({ name }) => name);
    return this.#tagged;
  }

  counts(): StoreCounts {
    const [dropped, refused, failed] = [this.#dropped, this.#refused, this.#failed];
    return { points: this.#points, written: this.#flusher.written, dropped, refused, failed };
  }

  figures(): {
    names: number;
    allocatedBytes: number;
    waiting: number;
    segments: number;
    created: number;
    unlike_files: number;
    unsafe_ms: { now: number; most: number };
  } {
    const { allocatedBytes, created } = this.#files;
    return {
      names: this.#living,
      allocatedBytes,
      waiting: this.#ring.waiting,
      segments: this.#log.segments,
      created,
      unlike_files: this.#unlike.count,
      unsafe_ms: this.#log.unsafeMs,
    };
  }

  /** Brings all to the files and the log to the disk, as far as that is possible. */
  async close(): Promise<void> {
    await this.#log.close();
    await this.#flusher.stop();
    await this.#disk.idle();
    this.#flusher.flushAll();
  }

  #seriesOf(name: string): number | undefined {
    const length = this.#scratch.write(name.slice(0, maxNameBytes + 1));
    const series = this.#names.find(this.#scratch, 0, length, hashOf(this.seed, this.#scratch, 0, length));
    return series === unknownName ? undefined : series;
  }

  #pushInto(series: number, time: number, value: number): boolean {
    if (!this.#flusher.makeRoom() && this.#log.isFailing && !this.#log.isWriting) this.#dropOldest();
    if (this.#ring.push(series, time, value)) return true;
    this.#dropped += 1;
    this.#tellDropped();
    return false;
  }

  #dropOldest(): void {
    let [lost, logged] = [0, 0];
    for (let index = 0; index < chunkPoints; index += 1) {
      const isLogged = ahead(this.#log.syncedTo, this.#ring.oldest) > 0;
      if (!this.#ring.drop()) continue;
      if (isLogged) logged += 1;
      else lost += 1;
    }
    if (logged > 0) this.#log.hold();
    this.#dropped += lost;
    this.#log.dropped(this.#ring.oldest);
    if (lost > 0) this.#tellDropped();
  }

  #tellDropped(): void {
    const points = this.#dropped;
    this.#tell(
      'points-dropped',
      `the disk is too slow or full, and so is memory: ${points} points were dropped so far`,
      {
        points,
      },
    );
  }

  /** A name that is not known, or whose file went. */
  #admit(bytes: Buffer, from: number, to: number, hash: number, source: string): number {
    if (to - from > maxNameBytes) return unknownName;
    const name = normalName(bytes.toString('utf8', from, to));
    if (name === undefined) return unknownName;
    let series = this.#seriesOf(name);
    if (series === undefined) {
      if (!this.#isWelcome(source)) return unknownName;
      series = this.#enter(name);
      this.#budget.count(source);
    }
    // Another order of the same tags: its bytes lead to the same series from now on.
    const isOther =
      series !== undefined && name.length !== 0 && this.#names.find(bytes, from, to, hash) === unknownName;
    if (isOther && this.#names.size < this.#parts.limits.inAll * 2)
      this.#names.add(bytes, from, to, hash, series!);
    return series ?? unknownName;
  }

  #isWelcome(source: string): boolean {
    const { limits } = this.#parts;
    const isFull = this.#disk.isReached;
    if (isFull) this.#disk.keep();
    // Names whose files went are still known, and cost memory until the next start.
    const names = Math.max(this.#living, this.#series.length - limits.inAll);
    const reason = isFull ? 'disk' : this.#budget.refusal(source, names);
    if (reason === undefined) return true;
    const limit = reason === 'disk' ? limits.diskBytes : reason === 'names' ? limits.inAll : limits.perSource;
    const message = `new names of ${source} are refused: the limit of ${limit} ${reason === 'disk' ? 'bytes' : reason} is reached`;
    this.#tell(`names-refused/${source}`, message, { source, limit: reason });
    return false;
  }

  #enter(name: string): number {
    const series = this.#series.length;
    const length = this.#scratch.write(name);
    this.#series.push(this.#files.describe(name));
    this.#ring.admit(series);
    this.#names.add(this.#scratch, 0, length, hashOf(this.seed, this.#scratch, 0, length), series);
    this.#list(this.#series[series]!);
    return series;
  }

  /** The name counts, and queries see it. */
  #list({ name }: Series): void {
    this.#living += 1;
    this.#tagged = undefined;
    if (!name.includes(';')) this.#tree?.add(name);
  }

  /** The file of a name went. */
  #unlist({ name }: Series): void {
    this.#living -= 1;
    this.#tagged = undefined;
    this.#tree?.delete(name);
  }

  #health(what: string, error: NodeJS.ErrnoException | null): void {
    if (error === null) this.#parts.tell('disk-recovered', `${what} can be written again`, { what });
    else
      this.#parts.tell('disk-failed', `${what} cannot be written: ${error.message}`, {
        what,
        code: error.code ?? '',
      });
  }

  #tell(topic: string, message: string, data: JsonObject): void {
    const now = this.#parts.clock.monotonic();
    if (now - (this.#told.get(topic) ?? Number.NEGATIVE_INFINITY) < tellEveryMs) return;
    if (this.#told.size >= 1000) this.#told.clear();
    this.#told.set(topic, now);
    this.#parts.tell(topic.split('/')[0]!, message, data);
  }
}
