import { readSync, writeSync } from 'node:fs';
import { type Archive, pointBytes } from './layout.ts';

/** Bytes on their way between a file and this thread; nothing of them is kept between calls. */
let scratch = Buffer.allocUnsafe(65_536);
let view = new DataView(scratch.buffer, scratch.byteOffset, scratch.length);

function reserve(bytes: number): void {
  if (bytes <= scratch.length) return;
  scratch = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytes)));
  view = new DataView(scratch.buffer, scratch.byteOffset, scratch.length);
}

/** `value` rounded down to a multiple of `step`. */
export function floorTo(value: number, step: number): number {
  return value - (((value % step) + step) % step);
}

/** The time of the first point of an archive, from which all places count; 0 while it is empty. */
export function readBase(fd: number, { offset }: Archive): number {
  return readSync(fd, scratch, 0, 4, offset) < 4 ? 0 : scratch.readUInt32BE(0);
}

/** Which point of an archive is that of `time`, a multiple of its step. */
function placeOf(time: number, base: number, { step, points }: Archive): number {
  const distance = (time - base) / step;
  return ((distance % points) + points) % points;
}

/**
 * Reads the points from `from` on into `values`, one a step, NaN where a place holds a point of another time or none. Reads at most what the
 * archive holds: beyond that places repeat.
 */
export function readPoints(
  fd: number,
  archive: Archive,
  base: number,
  from: number,
  values: Float64Array,
): void {
  values.fill(Number.NaN);
  if (base === 0) return;
  const count = Math.min(values.length, archive.points);
  reserve(count * pointBytes);
  const first = placeOf(from, base, archive);
  const ahead = Math.min(count, archive.points - first);
  const read = (at: number, place: number, points: number): number =>
    points === 0
      ? 0
      : readSync(fd, scratch, at * pointBytes, points * pointBytes, archive.offset + place * pointBytes);
  const got = read(0, first, ahead);
  // A file that ends early has no points there.
  if (got < ahead * pointBytes) scratch.fill(0, got, ahead * pointBytes);
  const wrapped = read(ahead, 0, count - ahead);
  scratch.fill(0, ahead * pointBytes + wrapped, count * pointBytes);
  const end = archive.points * pointBytes;
  for (let index = 0, at = 0, time = from; index < values.length; index += 1, time += archive.step) {
    if (view.getUint32(at) === time) values[index] = view.getFloat64(at + 4);
    at += pointBytes;
    if (at === end) at = 0;
  }
}

/** Points that follow each other without a gap, filled in one after the other and then written at once. */
export class Run {
  start = 0;
  count = 0;

  add(time: number, value: number): void {
    reserveKeeping((this.count + 1) * pointBytes, this.count * pointBytes);
    if (this.count === 0) this.start = time;
    const at = this.count * pointBytes;
    view.setUint32(at, time);
    view.setFloat64(at + 4, value);
    this.count += 1;
  }

  /** Writes the run and empties it. What goes round the ring more than once leaves its last points. */
  write(fd: number, archive: Archive, base: number): void {
    let done = Math.max(0, this.count - archive.points);
    let place = placeOf(this.start + done * archive.step, base, archive);
    while (done < this.count) {
      const points = Math.min(this.count - done, archive.points - place);
      const [from, length] = [done * pointBytes, points * pointBytes];
      const written = writeSync(fd, scratch, from, length, archive.offset + place * pointBytes);
      if (written < length)
        throw Object.assign(new Error('ENOSPC: a part of a write was left out'), { code: 'ENOSPC' });
      done += points;
      place = 0;
    }
    this.count = 0;
  }
}

function reserveKeeping(bytes: number, used: number): void {
  if (bytes <= scratch.length) return;
  const before = scratch;
  reserve(bytes);
  before.copy(scratch, 0, 0, used);
}
