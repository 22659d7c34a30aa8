import { type FileHandle, open, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, syncFolder } from '../store/make-folder.ts';

/** A place in a queue: a file and how much of it lies before. */
export interface Cursor {
  segment: number;
  offset: number;
}

interface Segment {
  number: number;
  bytes: number;
}

const segmentBytes = 16 * 2 ** 20;
/** Bytes that wait in memory for the disk; what comes while it takes none, and these are full, is dropped. */
const memoryBytes = 8 * 2 ** 20;
const writeMs = 200;
const newline = 10;

/** What has to be kept of a queue, and how much it may take. */
export interface QueueParts {
  folder: string;
  maxBytes: number;
  /** Lines were written. */
  grown(): void;
  /** Something went wrong, or ran over. */
  tell(topic: string, message: string): void;
}

/**
 * Lines that wait on the disk until they are sent, for as long as there is room: then the oldest go, a file at a time. It outlives restarts: what
 * was pushed is written within 200 ms and synced with it.
 */
export class ForwardQueue {
  readonly #parts: QueueParts;
  #segments: Segment[] = [];
  #file: FileHandle | null = null;
  #parked: Buffer = Buffer.alloc(0);
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isFailing = false;
  /** What was sent for certain. */
  #done: Cursor = { segment: 0, offset: 0 };
  droppedBytes = 0;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  /** Bytes that wait on the disk. */
  get bytes(): number {
    const all = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
    return Math.max(0, all - (this.#done.segment === this.#segments[0]?.number ? this.#done.offset : 0));
  }

  /** What was sent for certain. */
  get done(): Cursor {
    return this.#done;
  }

  async open(): Promise<void> {
    const { folder } = this.#parts;
    await makeFolder(folder, 0o700);
    const numbers = (await readdir(folder)).flatMap((name) => /^(\d{10})\.lines$/.exec(name)?.[1] ?? []);
    for (const number of numbers.map(Number).sort((one, other) => one - other))
      this.#segments.push({ number, bytes: (await stat(this.#path(number))).size });
    const saved = await readFile(join(folder, 'done'), 'utf8').catch(() => '');
    const [, segment, offset] = /^(\d+) (\d+)\n$/.exec(saved) ?? [];
    this.#done = { segment: Number(segment ?? 0), offset: Number(offset ?? 0) };
    this.#forget();
  }

  /** Takes whole lines, which are copied. */
  push(bytes: Buffer): void {
    if (this.#pendingBytes + bytes.length > memoryBytes) {
      this.#drop(bytes.length);
      return;
    }
    this.#pending.push(Buffer.from(bytes));
    this.#pendingBytes += bytes.length;
    this.#timer ??= setTimeout(() => void this.flush(), this.#isFailing ? 5 * writeMs : writeMs);
  }

  /** Resolves once all that was pushed is on the disk, or could not be written: true or false. */
  async flush(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
    return this.#pendingBytes === 0;
  }

  /** Whole lines after a place, about `maxBytes` of them, and the place behind them; undefined when there are none. */
  async read(from: Cursor, maxBytes: number): Promise<{ bytes: Buffer; next: Cursor } | undefined> {
    for (const { number, bytes: length } of this.#segments) {
      if (number < from.segment) continue;
      const offset = number === from.segment ? from.offset : 0;
      if (offset >= length) continue;
      const file = await open(this.#path(number)).catch(() => undefined);
      if (file === undefined) continue;
      const bytes = Buffer.allocUnsafe(Math.min(maxBytes, length - offset));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, offset).finally(() => file.close());
      const end = bytes.subarray(0, bytesRead).lastIndexOf(newline) + 1;
      // A line that a crash cut off has no end, and never will.
      if (end > 0) return { bytes: bytes.subarray(0, end), next: { segment: number, offset: offset + end } };
    }
    return undefined;
  }

  /** Everything before a place was sent; it is forgotten. */
  async advance(to: Cursor): Promise<void> {
    if (to.segment === this.#done.segment && to.offset === this.#done.offset) return;
    this.#done = to;
    this.#forget();
    const path = join(this.#parts.folder, 'done');
    await writeFile(`${path}.new`, `${to.segment} ${to.offset}\n`)
      .then(() => rename(`${path}.new`, path))
      .catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
    await this.#file?.close().catch(() => undefined);
    this.#file = null;
  }

  #path(number: number): string {
    return join(this.#parts.folder, `${String(number).padStart(10, '0')}.lines`);
  }

  async #write(): Promise<void> {
    if (this.#pendingBytes === 0) return;
    const bytes = Buffer.concat([this.#parked, ...this.#pending]);
    this.#pending = [];
    this.#parked = Buffer.alloc(0);
    try {
      const segment = await this.#segment();
      const { bytesWritten } = await this.#file!.write(bytes, 0, bytes.length, segment.bytes);
      if (bytesWritten < bytes.length) throw new Error('ENOSPC: a part of a write was left out');
      await this.#file!.datasync();
      segment.bytes += bytes.length;
      this.#pendingBytes -= bytes.length;
      if (this.#isFailing) this.#parts.tell('forward-recovered', 'the queue can be written again');
      this.#isFailing = false;
      this.#bound();
      this.#parts.grown();
    } catch (error) {
      // Written again from the same place on.
      this.#parked = bytes;
      if (!this.#isFailing)
        this.#parts.tell('forward-failed', `the queue cannot be written: ${(error as Error).message}`);
      this.#isFailing = true;
      this.#timer ??= setTimeout(() => void this.flush(), 5 * writeMs);
    }
  }

  async #segment(): Promise<Segment> {
    const last = this.#segments.at(-1);
    if (this.#file !== null && last !== undefined && last.bytes < segmentBytes) return last;
    await this.#file?.close();
    this.#file = null;
    const number = Math.max(last?.number ?? 0, this.#done.segment) + 1;
    this.#file = await open(this.#path(number), 'w', 0o600);
    await syncFolder(this.#parts.folder);
    const segment = { number, bytes: 0 };
    this.#segments.push(segment);
    return segment;
  }

  /** Takes the oldest files away while there are too many. */
  #bound(): void {
    while (this.#segments.length > 1 && this.bytes > this.#parts.maxBytes) {
      const { number, bytes } = this.#segments.shift()!;
      const lost = bytes - (this.#done.segment === number ? this.#done.offset : 0);
      void unlink(this.#path(number)).catch(() => undefined);
      this.#drop(lost);
    }
  }

  #drop(bytes: number): void {
    this.droppedBytes += bytes;
    this.#parts.tell(
      'forward-dropped',
      `the queue is full: ${this.droppedBytes} bytes of lines were dropped so far`,
    );
  }

  #forget(): void {
    while (this.#segments.length > 1 && this.#segments[0]!.number < this.#done.segment)
      void unlink(this.#path(this.#segments.shift()!.number)).catch(() => undefined);
  }
}
