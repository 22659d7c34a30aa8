/** Points of one chunk. */
export const chunkPoints = 65_536;
/** Bytes of one point as it lies in memory and in the log: series, time, value, each as this machine writes numbers. */
export const recordBytes = 16;

interface Chunk {
  words: Uint32Array;
  doubles: Float64Array;
  /** By place: the next point of the same series, a position. */
  next: Uint32Array;
}

/** How far `position` is ahead of `other`; positions count up and begin again at 2^32. */
export function ahead(position: number, other: number): number {
  return (position - other) | 0;
}

/**
 * Points that are not in their files yet, in the order in which they came. What the log writes is a piece of this memory as it is, and the
 * points of one series are a list through it, so that a point costs 20 bytes and is never copied. A position is the number of a point since the
 * start, modulo 2^32. Memory is taken and given back chunk by chunk.
 */
export class PointRing {
  readonly capacity: number;
  /** Where the next point goes. */
  tail = 0;
  /** The oldest point that is kept, whether or not its series has been taken since. */
  oldest = 0;
  /** Points that were not taken yet, and the series they are of. */
  waiting = 0;
  waitingSeries = 0;
  readonly #chunks: (Chunk | undefined)[];
  #spare: Chunk | undefined;
  /** By series: its first and last point and how many there are. */
  #first = new Uint32Array(1024);
  #last = new Uint32Array(1024);
  #counts = new Uint32Array(1024);

  /** `capacity` is rounded up to whole chunks, a power of two of them. */
  constructor(capacity: number) {
    const chunks = 2 ** Math.ceil(Math.log2(Math.max(1, capacity / chunkPoints)));
    this.#chunks = new Array<Chunk | undefined>(chunks).fill(undefined);
    this.capacity = chunks * chunkPoints;
  }

  /** Points between the oldest and the newest, taken ones too. */
  get used(): number {
    return (this.tail - this.oldest) >>> 0;
  }

  /** How many chunks hold memory. */
  get chunks(): number {
    return this.#chunks.filter((chunk) => chunk !== undefined).length + (this.#spare === undefined ? 0 : 1);
  }

  /** Makes room for series up to this number. */
  admit(series: number): void {
    if (series < this.#first.length) return;
    const size = 2 ** Math.ceil(Math.log2(series + 1));
    const grown = (source: Uint32Array): Uint32Array<ArrayBuffer> => {
      const target = new Uint32Array(size);
      target.set(source);
      return target;
    };
    this.#first = grown(this.#first);
    this.#last = grown(this.#last);
    this.#counts = grown(this.#counts);
  }

  /** Adds a point; false when the ring is full. */
  push(series: number, time: number, value: number): boolean {
    const { tail } = this;
    // A chunk is given back whole, so none holds the oldest points and the newest.
    if ((tail - (this.oldest & 0xffff0000)) >>> 0 >= this.capacity) return false;
    const chunk = this.#chunks[(tail >>> 16) & (this.#chunks.length - 1)] ?? this.#open(tail);
    const place = tail & 0xffff;
    chunk.words[place * 4] = series;
    chunk.words[place * 4 + 1] = time;
    chunk.doubles[place * 2 + 1] = value;
    if (this.#counts[series] === 0) {
      this.#first[series] = tail;
      this.waitingSeries += 1;
    } else {
      const last = this.#last[series]!;
      this.#chunkOf(last).next[last & 0xffff] = tail;
    }
    this.#last[series] = tail;
    this.#counts[series]! += 1;
    this.waiting += 1;
    this.tail = (tail + 1) >>> 0;
    return true;
  }

  /** How many points of a series wait. */
  count(series: number): number {
    return this.#counts[series] ?? 0;
  }

  seriesAt(position: number): number {
    return this.#chunkOf(position).words[(position & 0xffff) * 4]!;
  }

  pointAt(position: number): [time: number, value: number] {
    const { words, doubles } = this.#chunkOf(position);
    const place = position & 0xffff;
    return [words[place * 4 + 1]!, doubles[place * 2 + 1]!];
  }

  /** Whether the point at a position waits to be taken. */
  waits(position: number): boolean {
    const series = this.seriesAt(position);
    return this.#counts[series]! > 0 && ahead(position, this.#first[series]!) >= 0;
  }

  /** Copies the waiting points of a series, in order, and leaves them here; both arrays have room for `count`. */
  read(series: number, times: Float64Array, values: Float64Array): number {
    const count = this.#counts[series]!;
    let position = this.#first[series]!;
    for (let index = 0; index < count; index += 1) {
      const chunk = this.#chunkOf(position);
      const place = position & 0xffff;
      times[index] = chunk.words[place * 4 + 1]!;
      values[index] = chunk.doubles[place * 2 + 1]!;
      position = chunk.next[place]!;
    }
    return count;
  }

  /** The waiting points of a series are done with. */
  take(series: number): void {
    if (this.#counts[series]! > 0) this.waitingSeries -= 1;
    this.waiting -= this.#counts[series]!;
    this.#counts[series] = 0;
  }

  /** Drops the point at `oldest`; true when it had not been taken. Memory whose points are all gone is given back. */
  drop(): boolean {
    const { oldest } = this;
    const isLost = this.waits(oldest);
    if (isLost) {
      const series = this.seriesAt(oldest);
      this.#first[series] = this.#chunkOf(oldest).next[oldest & 0xffff]!;
      this.#counts[series]! -= 1;
      if (this.#counts[series] === 0) this.waitingSeries -= 1;
      this.waiting -= 1;
    }
    this.#advance((oldest + 1) >>> 0);
    return isLost;
  }

  /** Lets go of what was taken, up to the first point that waits or to `limit`, whichever comes first. */
  release(limit: number): void {
    let position = this.oldest;
    while (ahead(limit, position) > 0 && !this.waits(position)) {
      position = (position + 1) >>> 0;
      if ((position & 0xffff) === 0) this.#advance(position);
    }
    this.#advance(position);
  }

  /** The memory from one position on, at most up to the end of its chunk: how the log gets it. */
  bytes(from: number, to: number): Buffer {
    const { words } = this.#chunkOf(from);
    const count = Math.min((to - from) >>> 0, chunkPoints - (from & 0xffff));
    return Buffer.from(words.buffer, (from & 0xffff) * recordBytes, count * recordBytes);
  }

  #advance(position: number): void {
    const mask = this.#chunks.length - 1;
    const [before, after] = [this.oldest >>> 16, position >>> 16];
    this.oldest = position;
    if (before === after) return;
    this.#spare = this.#chunks[before & mask] ?? this.#spare;
    this.#chunks[before & mask] = undefined;
  }

  #open(position: number): Chunk {
    const chunk = this.#spare ?? newChunk();
    this.#spare = undefined;
    this.#chunks[(position >>> 16) & (this.#chunks.length - 1)] = chunk;
    return chunk;
  }

  #chunkOf(position: number): Chunk {
    return this.#chunks[(position >>> 16) & (this.#chunks.length - 1)]!;
  }
}

function newChunk(): Chunk {
  const memory = new ArrayBuffer(chunkPoints * recordBytes);
  return {
    words: new Uint32Array(memory),
    doubles: new Float64Array(memory),
    next: new Uint32Array(chunkPoints),
  };
}
