import type { Context } from 'opsbro/sdk';
import {
  beginsAlike,
  type Cursor,
  moveOn,
  type ReadPiece,
  readOn,
  startCursor,
  strengthen,
} from './cursor.ts';
import { GzipReader } from './gzip-reader.ts';
import { findRotated, type Rotated } from './rotation.ts';

/** What one run may read, and who gets the lines. */
export interface Reading {
  path: string;
  maxBytes: number;
  onLine(line: string): void;
}

/** What a run leaves for the next one. */
export interface Kept {
  cursor: Cursor;
  /** The file before a rotation, and until when it is looked at again: its writer goes on with it until it opens the new one. */
  older?: { cursor: Cursor; untilMs: number };
}

/** Where a run stopped; `behind` when its limit was reached before the end, `missed`: why lines may have been lost. */
export interface Progress extends Kept {
  behind: boolean;
  missed?: string;
}

const pieceBytes = 256 * 1024;
/** A line without end is given up as one at that length. */
const maxLineBytes = 64 * 1024;
const newline = 0x0a;
/** How long after a rotation a writer may go on with the old file. */
const olderMs = 600_000;

/**
 * Reads what was written since the cursor: in the same file, or, when that was rotated or truncated, in its older name from there on, in the
 * files after it, and in the log from its beginning. A last line without an end waits for it.
 */
export async function readNewLines(ctx: Context<unknown>, kept: Kept, reading: Reading): Promise<Progress> {
  const log = new LogReader(ctx, reading);
  try {
    const progress = await readFrom(ctx.clock.now(), log, kept, reading);
    return { ...progress, ...(log.missed !== undefined && { missed: log.missed }) };
  } finally {
    log.close();
  }
}

async function readFrom(nowMs: number, log: LogReader, kept: Kept, reading: Reading): Promise<Progress> {
  const { cursor } = kept;
  // While nothing comes to the new file, the writer may still have the old one.
  const isOver = cursor.position > 0 && kept.older !== undefined && nowMs >= kept.older.untilMs;
  const { older } = isOver ? {} : await log.readOlder(kept.older);
  if (cursor.position > 0 && (await log.continues(reading.path, cursor)))
    return { ...(await log.read(reading.path, cursor, false)), ...(older && { older }) };
  let last: Kept = { cursor };
  let isPacked = false;
  for (const { path, packed, from } of await log.olderFiles(cursor)) {
    const progress = await log.readDone(path, from);
    if (progress?.behind) return progress;
    if (progress !== undefined) isPacked = packed !== '';
    last = progress ?? last;
  }
  const modifiedMs = (await log.modifiedMs(reading.path)) ?? last.cursor.modifiedMs;
  const progress = await log.read(reading.path, startCursor(modifiedMs), false);
  const isRotated = last.cursor !== cursor && last.cursor.position > 0;
  const next = isRotated ? { cursor: last.cursor, untilMs: isPacked ? 0 : nowMs + olderMs } : older;
  return { ...progress, ...(next && { older: next }) };
}

class LogReader {
  readonly #ctx: Context<unknown>;
  readonly #reading: Reading;
  /** Where reading ended in files that are done: names move on from file to file while they are read. */
  readonly #known: Cursor[] = [];
  readonly #packed = new Map<string, GzipReader>();
  #room: number;
  /** Why lines may have been lost; undefined while none were. */
  missed: string | undefined;

  constructor(ctx: Context<unknown>, reading: Reading) {
    this.#ctx = ctx;
    this.#reading = reading;
    this.#room = reading.maxBytes;
  }

  async continues(path: string, cursor: Cursor): Promise<boolean> {
    const read = this.#reader(path);
    return (await beginsAlike(read, cursor)) && (await readOn(read, cursor, 0)) !== undefined;
  }

  /** Reads on in the file before a rotation, wherever it is by now. */
  async readOlder(older: Kept['older']): Promise<Pick<Kept, 'older'>> {
    if (older === undefined) return {};
    for (const { path, packed } of await this.#rotated())
      if (await this.continues(path, older.cursor)) {
        const { cursor, behind } = await this.read(path, older.cursor, true);
        this.#known.push(cursor);
        // Nobody goes on with a compressed file.
        return { older: { cursor, untilMs: packed === '' || behind ? older.untilMs : 0 } };
      }
    return {};
  }

  /** The file the cursor points into and those after it; all that changed since when it points to the beginning. */
  async olderFiles(cursor: Cursor): Promise<(Rotated & { from: Cursor })[]> {
    const files = await this.#rotated();
    const fresh = ({ modifiedMs }: Rotated): boolean => modifiedMs > cursor.modifiedMs;
    const start = (file: Rotated) => ({ ...file, from: startCursor(file.modifiedMs) });
    if (cursor.position === 0) return files.filter(fresh).map(start);
    for (const [index, file] of files.entries())
      if (await this.continues(file.path, cursor))
        return [{ ...file, from: cursor }, ...files.slice(index + 1).map(start)];
    this.missed = await this.#whyMissed(fresh);
    return [];
  }

  /** The older files that can be read, the oldest first. */
  async #rotated(): Promise<Rotated[]> {
    const files = await findRotated(this.#ctx, this.#reading.path);
    return files.filter(({ packed }) => packed === '' || packed === 'gz');
  }

  /** Where the lines went that nobody can read any more. */
  async #whyMissed(isFresh: (file: Rotated) => boolean): Promise<string> {
    const files = await findRotated(this.#ctx, this.#reading.path);
    const closed = files.findLast((file) => {
      const isBroken = this.#packed.get(file.path)?.problem !== undefined;
      return isFresh(file) && (isBroken || (file.packed !== '' && file.packed !== 'gz'));
    });
    if (closed === undefined) return 'the log was cut or replaced, and lines before that may be lost';
    const name = closed.path.slice(closed.path.lastIndexOf('/') + 1);
    return `the log was rotated into ${name}, which cannot be read, and lines in there may be lost`;
  }

  async modifiedMs(path: string): Promise<number | undefined> {
    return (await this.#ctx.stat(path))?.modifiedMs;
  }

  close(): void {
    for (const reader of this.#packed.values()) reader.close();
  }

  /** Reads a file that nobody writes to any more; undefined when it is one that was read already. */
  async readDone(path: string, from: Cursor): Promise<Progress | undefined> {
    if (from.position === 0 && (await this.#isKnown(path))) return undefined;
    const progress = await this.read(path, from, true);
    if (progress.cursor.position > 0) this.#known.push(progress.cursor);
    return progress;
  }

  async #isKnown(path: string): Promise<boolean> {
    for (const cursor of this.#known) if (await this.continues(path, cursor)) return true;
    return false;
  }

  /** Reads a file from the cursor to its end or to the limit; `isDone`: nobody goes on with its last line. */
  async read(path: string, from: Cursor, isDone: boolean): Promise<Progress> {
    const read = this.#reader(path);
    let cursor = from;
    for (;;) {
      const modifiedMs = (await this.modifiedMs(path)) ?? cursor.modifiedMs;
      const length = this.#room <= 0 ? 1 : Math.min(pieceBytes, Math.max(this.#room, maxLineBytes));
      const piece = (await readOn(read, cursor, length)) ?? new Uint8Array(0);
      const isBehind = piece.length > 0 && this.#room <= 0;
      // Looked at before and after: a name that was another file's in between would have to move twice.
      if (cursor.position === 0 && (await this.#isKnown(path))) return { cursor, behind: false };
      const consumed = isBehind ? 0 : this.#lines(piece, isDone && piece.length < length);
      this.#room -= consumed;
      cursor = moveOn(cursor, piece, consumed, modifiedMs);
      if (consumed === 0) return { cursor: await strengthen(read, cursor), behind: isBehind };
    }
  }

  /** Gives out the whole lines of a piece, and returns how many bytes they are. */
  #lines(piece: Uint8Array, isLast: boolean): number {
    const buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    let at = 0;
    for (let end = buffer.indexOf(newline); end !== -1; end = buffer.indexOf(newline, at)) {
      this.#give(buffer.subarray(at, end));
      at = end + 1;
    }
    const isGivenUp = buffer.length - at >= maxLineBytes || isLast;
    if (at >= buffer.length || !isGivenUp) return at;
    this.#give(buffer.subarray(at));
    return buffer.length;
  }

  #give(bytes: Buffer): void {
    this.#reading.onLine(bytes.toString('utf8').replace(/\r$/, ''));
  }

  #reader(path: string): ReadPiece {
    if (!path.endsWith('.gz') || path === this.#reading.path) return this.#plainReader(path);
    const packed = this.#packed.get(path) ?? new GzipReader(this.#plainReader(path));
    this.#packed.set(path, packed);
    return (offset, length) => packed.read(offset, length);
  }

  #plainReader(path: string): ReadPiece {
    return (offset, length) =>
      this.#ctx.readBytes(path, offset, length).catch((thrown: unknown) => {
        // Rotated away between two looks: as a file that is shorter than expected.
        if ((thrown as { code?: unknown }).code === 'OPSBRO_HOST_NOT_FOUND') return new Uint8Array(0);
        throw thrown;
      });
  }
}
