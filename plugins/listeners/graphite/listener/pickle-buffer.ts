import { hashOf } from '../store/name-table.ts';
import { readNumber, secondOf } from './number.ts';
import { readPickle } from './pickle.ts';
import type { LineCounts, PointSink } from './point-sink.ts';

/** The longest message that is taken, as in carbon. */
export const maxPickleBytes = 2 ** 20;
const headBytes = 4;
const leastBytes = 4096;

/** Memory that the unfinished messages of all connections share. */
export class PickleRoom {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Throws where there is no more; a negative number gives some back. */
  take(bytes: number): void {
    if (bytes > this.#left) throw new Error('too many bytes of unfinished pickles wait');
    this.#left -= bytes;
  }
}

/** Messages of one connection: four bytes of length, the most significant first, and a pickle of `[(name, (time, value)), …]`. */
export class PickleBuffer {
  readonly #sink: PointSink;
  readonly #counts: LineCounts;
  readonly #now: () => number;
  readonly #source: string;
  readonly #room: PickleRoom;
  readonly #name = Buffer.allocUnsafe(1024);
  /** What came of a message that is not whole yet, in one piece, however small the parts were that it came in. */
  #held: Buffer = Buffer.alloc(0);
  #used = 0;
  /** Bytes without which nothing can be read. */
  #wanted = headBytes;

  constructor(sink: PointSink, counts: LineCounts, now: () => number, source: string, room: PickleRoom) {
    this.#sink = sink;
    this.#counts = counts;
    this.#now = now;
    this.#source = source;
    this.#room = room;
  }

  /** Reads what came. Throws for a message that is too long, or no pickle: the connection is no use any more. */
  push(bytes: Buffer): void {
    if (this.#used === 0) {
      const done = this.#messages(bytes);
      if (done < bytes.length) this.#hold(bytes.subarray(done));
      return;
    }
    this.#hold(bytes);
    if (this.#used < this.#wanted) return;
    const done = this.#messages(this.#held.subarray(0, this.#used));
    this.#held.copyWithin(0, done, this.#used);
    this.#used -= done;
    if (this.#used === 0) this.close();
  }

  /** Gives its memory back. */
  close(): void {
    this.#room.take(-this.#held.length);
    this.#held = Buffer.alloc(0);
    this.#used = 0;
  }

  #hold(bytes: Buffer): void {
    const used = this.#used + bytes.length;
    if (used > this.#held.length) {
      const size = Math.max(used, 2 * this.#held.length, leastBytes);
      this.#room.take(size - this.#held.length);
      const held = Buffer.allocUnsafeSlow(size);
      this.#held.copy(held, 0, 0, this.#used);
      this.#held = held;
    }
    bytes.copy(this.#held, this.#used);
    this.#used = used;
  }

  /** Reads whole messages; returns where the first begins that is not. */
  #messages(bytes: Buffer): number {
    let at = 0;
    while (bytes.length - at >= headBytes) {
      const size = bytes.readUInt32BE(at);
      if (size > maxPickleBytes) {
        this.#counts.long += 1;
        throw new Error(`a pickle of ${size} bytes is refused`);
      }
      const from = at + headBytes;
      this.#wanted = headBytes + size;
      if (bytes.length - from < size) return at;
      this.#read(readPickle(bytes.subarray(from, from + size)));
      at = from + size;
    }
    this.#wanted = headBytes;
    return at;
  }

  #read(list: unknown): void {
    if (!Array.isArray(list)) throw new Error('a pickle without a list is refused');
    for (const item of list) {
      const [name, point] = Array.isArray(item) ? (item as unknown[]) : [];
      const [time, value] = Array.isArray(point) ? (point as unknown[]) : [];
      if (typeof name !== 'string') this.#counts.fields += 1;
      else this.#take(name, numberOf(time), numberOf(value));
    }
  }

  #take(name: string, time: number | undefined, value: number | undefined): void {
    const counts = this.#counts;
    const seconds = secondOf(time ?? Number.NaN, this.#now);
    if (value === undefined) counts.value += 1;
    else if (!Number.isFinite(value)) counts.notFinite += 1;
    else if (!(seconds >= 1 && seconds < 2 ** 32)) counts.time += 1;
    else {
      const bytes = this.#name;
      const length = bytes.write(name);
      const isWhole = Buffer.byteLength(name) === length;
      const hash = hashOf(this.#sink.seed, bytes, 0, length);
      if (isWhole && this.#sink.take(bytes, 0, length, hash, seconds, value, this.#source))
        counts.points += 1;
      else counts.refused += 1;
    }
  }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : typeof value === 'string' ? readNumber(value) : undefined;
}
