import { createHash } from 'node:crypto';
import type { Json } from 'opsbro/sdk';

/**
 * Where reading stopped, and how to know the file again: by its beginning and by what stands right before the position. A rename keeps
 * both, so does a copy, and a new or truncated file has neither. Plain data for `ctx.state`.
 */
export interface Cursor {
  position: number;
  headLength: number;
  head: string;
  tailLength: number;
  tail: string;
  /** When the file had changed, epoch ms. */
  modifiedMs: number;
}

const maxHead = 256;
const maxTail = 128;

/** Reads up to `length` bytes of one file from `offset` on. */
export type ReadPiece = (offset: number, length: number) => Promise<Uint8Array>;

/** A cursor at the beginning of any file that changed after `modifiedMs`. */
export function startCursor(modifiedMs: number): Cursor {
  return { position: 0, headLength: 0, head: '', tailLength: 0, tail: '', modifiedMs };
}

/** Reads a cursor from what lies in `ctx.state`; undefined when there is none. */
export function readCursor(kept: Json | undefined): Cursor | undefined {
  if (typeof kept !== 'object' || kept === null || Array.isArray(kept)) return undefined;
  const { position, headLength, tailLength, head, tail, modifiedMs } = kept;
  const isWhole = [position, headLength, tailLength, modifiedMs].every((value) => typeof value === 'number');
  return isWhole && typeof head === 'string' && typeof tail === 'string'
    ? (kept as unknown as Cursor)
    : undefined;
}

/** A cursor at `position` of the file that `read` reads, from what stands there now. */
export async function cursorAt(read: ReadPiece, position: number, modifiedMs: number): Promise<Cursor> {
  const head = await read(0, Math.min(maxHead, position));
  const tailLength = Math.min(maxTail, position);
  const tail = await read(position - tailLength, tailLength);
  return {
    position: position - tailLength + tail.length,
    headLength: head.length,
    head: digest(head),
    tailLength: tail.length,
    tail: digest(tail),
    modifiedMs,
  };
}

/** True when the file begins as the cursor's did. What stands before the position is compared by `readOn`. */
export async function beginsAlike(read: ReadPiece, { headLength, head }: Cursor): Promise<boolean> {
  return headLength === 0 || digest(await read(0, headLength)) === head;
}

/**
 * The bytes behind the cursor, at most `length`; undefined when another file stands there. What is compared and what is read comes from one
 * read, so a rotation in between cannot mix two files.
 */
export async function readOn(
  read: ReadPiece,
  cursor: Cursor,
  length: number,
): Promise<Uint8Array | undefined> {
  const { position, tailLength, tail } = cursor;
  const piece = await read(position - tailLength, tailLength + length);
  if (piece.length < tailLength || (tailLength > 0 && digest(piece.subarray(0, tailLength)) !== tail))
    return undefined;
  return piece.subarray(tailLength);
}

/** The cursor behind `consumed` bytes, the first of what `readOn` gave. */
export function moveOn(cursor: Cursor, read: Uint8Array, consumed: number, modifiedMs: number): Cursor {
  if (consumed === 0) return { ...cursor, modifiedMs };
  const seen = read.subarray(0, consumed);
  const tail = seen.subarray(-maxTail);
  const atStart = cursor.position === 0 ? seen.subarray(0, maxHead) : undefined;
  return {
    position: cursor.position + consumed,
    headLength: atStart?.length ?? cursor.headLength,
    head: atStart === undefined ? cursor.head : digest(atStart),
    tailLength: tail.length,
    tail: digest(tail),
    modifiedMs,
  };
}

/**
 * The cursor with a longer beginning and end to know its file by, where what was read in this run was short. Only where they still hold
 * what is known: another file may stand there by now.
 */
export async function strengthen(read: ReadPiece, cursor: Cursor): Promise<Cursor> {
  const { position, headLength, tailLength } = cursor;
  if (Math.min(maxHead, position) === headLength && Math.min(maxTail, position) === tailLength) return cursor;
  const now = await cursorAt(read, position, cursor.modifiedMs);
  if (now.position !== position || !(await beginsAlike(read, cursor))) return cursor;
  return (await readOn(read, cursor, 0)) === undefined ? cursor : now;
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64').slice(0, 22);
}
