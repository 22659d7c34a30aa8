import { hashOf } from '../store/name-table.ts';
import { readNumber } from './number.ts';
import { readPickle } from './pickle.ts';
import type { LineCounts, PointSink } from './point-sink.ts';

/** The longest message that is taken, as in carbon. */
export const maxPickleBytes = 2 ** 20;

/** Messages of one connection: four bytes of length, the most significant first, and a pickle of `[(name, (time, value)), …]`. */
export class PickleBuffer {
  readonly #sink: PointSink;
  readonly #counts: LineCounts;
  readonly #now: () => number;
  readonly #source: string;
  readonly #name = Buffer.allocUnsafe(1024);
  #parts: Buffer[] = [];
  #length = 0;
  /** Bytes without which nothing can be read: until they are there, none is copied. */
  #wanted = 4;

  constructor(sink: PointSink, counts: LineCounts, now: () => number, source: string) {
    this.#sink = sink;
    this.#counts = counts;
    this.#now = now;
    this.#source = source;
  }

  /** Reads what came. Throws for a message that is too long, or no pickle: the connection is no use any more. */
  push(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    while (this.#length >= this.#wanted) {
      const whole = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
      this.#parts = [whole];
      const size = whole.readUInt32BE(0);
      if (size > maxPickleBytes) {
        this.#counts.long += 1;
        throw new Error(`a pickle of ${size} bytes is refused`);
      }
      this.#wanted = 4 + size;
      if (whole.length < this.#wanted) return;
      this.#parts = whole.length > 4 + size ? [whole.subarray(4 + size)] : [];
      this.#length -= 4 + size;
      this.#wanted = 4;
      this.#read(readPickle(whole.subarray(4, 4 + size)));
    }
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
    const seconds = time === -1 ? this.#now() : Math.trunc(time ?? Number.NaN);
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
