/** What waits for its time in a heap, which writes its place there: -1 when it waits in none. */
export interface Due {
  dueMs: number;
  place: number;
}

/** A binary heap by due time, whose entries know their place, so that one that changes moves and none is there twice. */
export class DueHeap<Entry extends Due> {
  readonly #entries: Entry[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** The one that is due first. */
  peek(): Entry | undefined {
    return this.#entries[0];
  }

  /** Adds an entry, or finds the place of one whose `dueMs` has changed. */
  put(entry: Entry): void {
    if (entry.place === -1) entry.place = this.#entries.push(entry) - 1;
    this.#sink(entry, this.#rise(entry, entry.place));
  }

  remove(entry: Entry): void {
    const { place } = entry;
    if (place === -1) return;
    entry.place = -1;
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    last.place = place;
    this.put(last);
  }

  /** Moves those that are due later down, and gives the place that is free for `entry` then. */
  #rise(entry: Entry, from: number): number {
    const entries = this.#entries;
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = entries[parent] as Entry;
      if (above.dueMs <= entry.dueMs) break;
      entries[place] = above;
      above.place = place;
      place = parent;
    }
    return place;
  }

  #sink(entry: Entry, from: number): void {
    const entries = this.#entries;
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= entries.length) break;
      const right = entries[child + 1];
      if (right !== undefined && right.dueMs < (entries[child] as Entry).dueMs) child += 1;
      const smaller = entries[child] as Entry;
      if (entry.dueMs <= smaller.dueMs) break;
      entries[place] = smaller;
      smaller.place = place;
      place = child;
    }
    entries[place] = entry;
    entry.place = place;
  }
}
