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
import { findRotated } from './rotation.ts';

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

/** Where a run stopped; `behind` when its limit was reached before the end. */
export interface Progress extends Kept {
  behind: boolean;
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
  const nowMs = ctx.clock.now();
  const { cursor } = kept;
  // While nothing comes to the new file, the writer may still have the old one.
  const isOver = cursor.position > 0 && kept.older !== undefined && nowMs >= kept.older.untilMs;
  const { older } = isOver ? {} : await log.readOlder(kept.older);
  if (cursor.position > 0 && (await log.continues(reading.path, cursor)))
    return { ...(await log.read(reading.path, cursor, false)), ...(older && { older }) };
  let last: Kept = { cursor };
  for (const { path, from } of await log.olderFiles(cursor)) {
    const progress = await log.readDone(path, from);
    if (progress?.behind) return progress;
    last = progress ?? last;
  }
  const modifiedMs = (await ctx.stat(reading.path))?.modifiedMs ?? last.cursor.modifiedMs;
  const progress = await log.read(reading.path, startCursor(modifiedMs), false);
  const isRotated = last.cursor !== cursor && last.cursor.position > 0;
  const next = isRotated ? { cursor: last.cursor, untilMs: nowMs + olderMs } : older;
  return { ...progress, ...(next && { older: next }) };
}

class LogReader {
  readonly #ctx: Context<unknown>;
  readonly #reading: Reading;
  /** Where reading ended in files that are done: names move on from file to file while they are read. */
  readonly #known: Cursor[] = [];
  #room: number;

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
    for (const { path } of await findRotated(this.#ctx, this.#reading.path))
      if (await this.continues(path, older.cursor)) {
        const { cursor } = await this.read(path, older.cursor, true);
        this.#known.push(cursor);
        return { older: { cursor, untilMs: older.untilMs } };
      }
    return {};
  }

  /** The file the cursor points into and those after it; all that changed since when it points to the beginning. */
  async olderFiles(cursor: Cursor): Promise<{ path: string; from: Cursor }[]> {
    const files = await findRotated(this.#ctx, this.#reading.path);
    const fresh = ({ modifiedMs }: { modifiedMs: number }): boolean => modifiedMs > cursor.modifiedMs;
    const start = (file: { path: string; modifiedMs: number }) => ({
      path: file.path,
      from: startCursor(file.modifiedMs),
    });
    if (cursor.position === 0) return files.filter(fresh).map(start);
    for (const [index, file] of files.entries())
      if (await this.continues(file.path, cursor))
        return [{ path: file.path, from: cursor }, ...files.slice(index + 1).map(start)];
    this.#ctx.log.info('the log was cut or replaced, and what was written before is gone', {
      path: this.#reading.path,
    });
    return [];
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
      const modifiedMs = (await this.#ctx.stat(path))?.modifiedMs ?? cursor.modifiedMs;
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
    return (offset, length) =>
      this.#ctx.readBytes(path, offset, length).catch((thrown: unknown) => {
        // Rotated away between two looks: as a file that is shorter than expected.
        if ((thrown as { code?: unknown }).code === 'OPSBRO_HOST_NOT_FOUND') return new Uint8Array(0);
        throw thrown;
      });
  }
}
