import { crc32 } from 'node:zlib';
import { recordBytes } from './point-ring.ts';

/** What every file of the log begins with. */
export const segmentHead = Buffer.from('OPSBRO metrics 1\n');
/** A mark, bytes of names, number of points, and the CRC-32 of all that follows. */
export const commitHeadBytes = 16;
const mark = 0x0b5b_0106;

/** A name that a segment gives to a number before its points use it. */
export interface SegmentName {
  series: number;
  name: string;
}

/** The bytes that precede points in the log: what they are, and names that the segment does not know yet. */
export function commitHead(names: readonly SegmentName[], points: readonly Buffer[]): Buffer {
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
  let crc = crc32(head.subarray(commitHeadBytes));
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
}

/** The commits of one file of the log, in order, up to the first that is not whole; `torn` is told how many bytes are left over then. */
export function* readCommits(bytes: Buffer, torn: (bytes: number) => void): Generator<Commit> {
  if (!bytes.subarray(0, segmentHead.length).equals(segmentHead)) {
    if (bytes.length > 0) torn(bytes.length);
    return;
  }
  let at = segmentHead.length;
  while (at < bytes.length) {
    const end = wholeCommit(bytes, at);
    if (end === undefined) {
      torn(bytes.length - at);
      return;
    }
    const pointsAt = at + commitHeadBytes + bytes.readUInt32LE(at + 4);
    yield { names: namesOf(bytes, at + commitHeadBytes, pointsAt), points: bytes.subarray(pointsAt, end) };
    at = end;
  }
}

/** Where the commit ends that begins at `at`; undefined where it is cut short or damaged. */
function wholeCommit(bytes: Buffer, at: number): number | undefined {
  if (bytes.length - at < commitHeadBytes || bytes.readUInt32LE(at) !== mark) return undefined;
  const length = bytes.readUInt32LE(at + 4) + bytes.readUInt32LE(at + 8) * recordBytes;
  const end = at + commitHeadBytes + length;
  if (end > bytes.length) return undefined;
  return crc32(bytes.subarray(at + commitHeadBytes, end)) === bytes.readUInt32LE(at + 12) ? end : undefined;
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
