import { DueHeap, type Due as HeapEntry } from './due-heap.ts';

/** What waits for its time; the queue writes where. */
export interface Due {
  dueMs: number;
  slot: Slot<Due> | undefined;
}

interface Slot<Entry> extends HeapEntry {
  entries: Set<Entry>;
}

/**
 * A calendar queue (Brown 1988): entries by the slot of `slotMs` at whose end they are due. Entries that share a slot cost no
 * comparisons, and of a thousand that move on together only their slots are in a heap.
 */
export class DueSlots<Entry extends Due> {
  readonly #slotMs: number;
  readonly #slots = new Map<number, Slot<Entry>>();
  readonly #order = new DueHeap<Slot<Entry>>();
  #size = 0;

  constructor(slotMs: number) {
    this.#slotMs = slotMs;
  }

  get size(): number {
    return this.#size;
  }

  /** When the first slot ends, in ms; infinity when nothing waits. */
  get firstMs(): number {
    return this.#order.peek()?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /** Adds an entry, or moves one whose `dueMs` has changed. */
  put(entry: Entry): void {
    const endMs = Math.ceil(entry.dueMs / this.#slotMs) * this.#slotMs;
    if (entry.slot?.dueMs === endMs) return;
    this.remove(entry);
    let slot = this.#slots.get(endMs);
    if (slot === undefined) {
      slot = { dueMs: endMs, place: -1, entries: new Set() };
      this.#slots.set(endMs, slot);
      this.#order.put(slot);
    }
    slot.entries.add(entry);
    entry.slot = slot as Slot<Due>;
    this.#size += 1;
  }

  remove(entry: Entry): void {
    const slot = entry.slot as Slot<Entry> | undefined;
    if (slot === undefined) return;
    entry.slot = undefined;
    slot.entries.delete(entry);
    this.#size -= 1;
    if (slot.entries.size === 0) this.#drop(slot);
  }

  /** Takes out what is in slots that have ended at `nowMs`, slot by slot, of very many no more than `most`. */
  take(nowMs: number, most = Number.POSITIVE_INFINITY): Entry[] {
    const due: Entry[] = [];
    while (this.firstMs <= nowMs && due.length < most)
      for (const entry of (this.#order.peek() as Slot<Entry>).entries) {
        if (due.length >= most) break;
        this.remove(entry);
        due.push(entry);
      }
    return due;
  }

  #drop(slot: Slot<Entry>): void {
    this.#slots.delete(slot.dueMs);
    this.#order.remove(slot);
  }
}
