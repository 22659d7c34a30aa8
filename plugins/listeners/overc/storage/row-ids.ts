const perChunk = 1024;
const none: readonly number[] = [];

/** Slots beside each other: ids are kept as the steps from one to the next. */
interface Chunk {
  last: Float64Array;
  steps: Uint32Array;
  /** Where the oldest step is, and how many there are. */
  head: Uint8Array;
  count: Uint8Array;
}

/** The newest ids of many services, `most` each, outside the heap: as lists of numbers they would take a half of it. */
export class RowIds {
  readonly #most: number;
  readonly #chunks: Chunk[] = [];
  readonly #free: number[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** A slot for a service, which is empty. */
  take(): number {
    if (this.#free.length === 0) this.#grow();
    return this.#free.pop() as number;
  }

  /** The slot is for another one. */
  release(slot: number): void {
    const chunk = this.#chunk(slot);
    const at = slot % perChunk;
    chunk.count[at] = 0;
    chunk.head[at] = 0;
    chunk.last[at] = 0;
    this.#free.push(slot);
  }

  /** Puts an id behind those of the slot, which are lower. Gives those that had to go for it. */
  push(slot: number, id: number): readonly number[] {
    const chunk = this.#chunk(slot);
    const at = slot % perChunk;
    const count = chunk.count[at] as number;
    const step = id - (chunk.last[at] as number);
    // So far behind all others that a step does not say it.
    const isFar = count > 0 && step > 0xffffffff;
    const gone = isFar ? this.list(slot) : count === this.#most ? [this.#oldest(slot)] : none;
    const left = count - gone.length;
    if (gone.length > 0) chunk.head[at] = isFar ? 0 : ((chunk.head[at] as number) + 1) % this.#most;
    const place = ((chunk.head[at] as number) + left) % this.#most;
    // The first has no one before it: its step is never read.
    chunk.steps[(slot % perChunk) * this.#most + place] = left === 0 ? 0 : step;
    chunk.count[at] = left + 1;
    chunk.last[at] = id;
    return gone;
  }

  /** The newest; 0 for none. */
  last(slot: number): number {
    return this.#chunk(slot).last[slot % perChunk] as number;
  }

  /** All of a slot, oldest first. */
  list(slot: number): number[] {
    const { last, steps, head, count } = this.#chunk(slot);
    const at = slot % perChunk;
    const ids = new Array<number>(count[at] as number);
    let id = last[at] as number;
    for (let index = ids.length - 1; index >= 0; index -= 1) {
      ids[index] = id;
      id -= steps[at * this.#most + (((head[at] as number) + index) % this.#most)] as number;
    }
    return ids;
  }

  #oldest(slot: number): number {
    return this.list(slot)[0] as number;
  }

  #chunk(slot: number): Chunk {
    return this.#chunks[Math.trunc(slot / perChunk)] as Chunk;
  }

  #grow(): void {
    const first = this.#chunks.length * perChunk;
    this.#chunks.push({
      last: new Float64Array(perChunk),
      steps: new Uint32Array(perChunk * this.#most),
      head: new Uint8Array(perChunk),
      count: new Uint8Array(perChunk),
    });
    for (let slot = first + perChunk - 1; slot >= first; slot -= 1) this.#free.push(slot);
  }
}
