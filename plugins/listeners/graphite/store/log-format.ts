import { crc32 } from 'node:zlib';
import { recordBytes } from './point-ring.ts';

/** What every file of the log begins with. */
export const segmentHead = Buffer.from('OPSBRO metrics 2\n');
/** Commits of such a file do not tell when they were written. */
const untimedHead = Buffer.from('OPSBRO metrics 1\n');
/** A mark, bytes of names, number of points, the CRC-32 of all that follows, and when that was read: epoch seconds. */
export const commitHeadBytes = 20;
const timeBytes = 4;
const latest = 2 ** 32 - 1;
const mark = 0x0b5b_0106;

/** A name that a segment gives to a number before its points use it. */
export interface SegmentName {
  series: number;
  name: string;
}

/** The bytes that precede points in the log: what they are, when they were read, and names that the segment does not know yet. */
export function commitHead(names: readonly SegmentName[], points: readonly Buffer[], readAt: number): Buffer {
  const texts = names.map(({ name }) => Buffer.from(name));
  const nameBytes = texts.reduce((sum, { length }) => sum + 6 + length, 0);
  const head = Buffer.allocUnsafe(commitHeadBytes + nameBytes);
  let at = commitHeadBytes;
  texts.forEach((text, index) => {
    head.writeUInt32LE(names[index]!.series, at);
    head.writeUInt16LE(text.length, at + 4);
    text.copy(head, at + 6);
    at += 6 + text.length;
  });
  // A clock that was set far off costs no point.
  head.writeUInt32LE(Math.max(0, Math.min(readAt, latest)), commitHeadBytes - timeBytes);
  let crc = crc32(head.subarray(commitHeadBytes - timeBytes));
  for (const part of points) crc = crc32(part, crc);
  head.writeUInt32LE(mark, 0);
  head.writeUInt32LE(nameBytes, 4);
  head.writeUInt32LE(points.reduce((sum, { length }) => sum + length, 0) / recordBytes, 8);
  head.writeUInt32LE(crc, 12);
  return head;
}

/** One commit as it was read back. `points` are records of `recordBytes`. */
export interface Commit {
  names: SegmentName[];
  points: Buffer;
  /** When they were read, epoch seconds; undefined where an earlier version wrote them. */
  readAt: number | undefined;
}

/** The commits of one file of the log, in order, up to the first that is not whole; `torn` is told how many bytes are left over then. */
export function* readCommits(bytes: Buffer, torn: (bytes: number) => void): Generator<Commit> {
  const start = bytes.subarray(0, segmentHead.length);
  const isTimed = start.equals(segmentHead);
  if (!isTimed && !start.equals(untimedHead)) {
    if (bytes.length > 0) torn(bytes.length);
    return;
  }
  const headBytes = isTimed ? commitHeadBytes : commitHeadBytes - timeBytes;
  let at = segmentHead.length;
  while (at < bytes.length) {
    const end = wholeCommit(bytes, at, headBytes);
    if (end === undefined) {
      torn(bytes.length - at);
      return;
    }
    const pointsAt = at + headBytes + bytes.readUInt32LE(at + 4);
    const names = namesOf(bytes, at + headBytes, pointsAt);
    const readAt = isTimed ? bytes.readUInt32LE(at + headBytes - timeBytes) : undefined;
    yield { names, points: bytes.subarray(pointsAt, end), readAt };
    at = end;
  }
}

/** Where the commit ends that begins at `at`; undefined where it is cut short or damaged. */
function wholeCommit(bytes: Buffer, at: number, headBytes: number): number | undefined {
  if (bytes.length - at < headBytes || bytes.readUInt32LE(at) !== mark) return undefined;
  const length = bytes.readUInt32LE(at + 4) + bytes.readUInt32LE(at + 8) * recordBytes;
  const end = at + headBytes + length;
  if (end > bytes.length) return undefined;
  const checked = at + commitHeadBytes - timeBytes;
  return crc32(bytes.subarray(checked, end)) === bytes.readUInt32LE(at + 12) ? end : undefined;
}

function namesOf(bytes: Buffer, from: number, to: number): SegmentName[] {
  const names: SegmentName[] = [];
  for (let at = from; at < to; ) {
    const length = bytes.readUInt16LE(at + 4);
    names.push({ series: bytes.readUInt32LE(at), name: bytes.toString('utf8', at + 6, at + 6 + length) });
    at += 6 + length;
  }
  return names;
}
