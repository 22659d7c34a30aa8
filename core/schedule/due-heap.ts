/** An object waiting for its time. */
export interface Due {
  id: string;
  dueMs: number;
}

/** A binary heap by due time. Entries are not removed but superseded: the owner ignores one whose time is no longer current, and retains the rest now and then. */
export class DueHeap {
  #entries: Due[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** Drops every entry that `keep` refuses. */
  retain(keep: (entry: Due) => boolean): void {
    // A sorted array is a heap.
    this.#entries = this.#entries.filter(keep).sort((left, right) => left.dueMs - right.dueMs);
  }

  peek(): Due | undefined {
    return this.#entries[0];
  }

  push(entry: Due): void {
    const entries = this.#entries;
    let index = entries.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = entries[parent] as Due;
      if (above.dueMs <= entry.dueMs) break;
      entries[index] = above;
      index = parent;
    }
    entries[index] = entry;
  }

  pop(): Due | undefined {
    const entries = this.#entries;
    const first = entries[0];
    const last = entries.pop();
    if (first === undefined || last === undefined || entries.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= entries.length) break;
      const right = entries[child + 1];
      if (right !== undefined && right.dueMs < (entries[child] as Due).dueMs) child += 1;
      const smaller = entries[child] as Due;
      if (last.dueMs <= smaller.dueMs) break;
      entries[index] = smaller;
      index = child;
    }
    entries[index] = last;
    return first;
  }
}
