import type { Sized } from './transport.ts';

interface Broadcast<Packet> {
  subject: string;
  message: Packet;
  sends: number;
  serial: number;
  /** Told often enough, or outdated. */
  isOver: boolean;
}

/**
 * Messages still to be passed on. A newer one about the same subject replaces the older; the least sent goes first, among
 * equals the newest. When it is full, the one sent most often is dropped: it is the best known.
 */
export class BroadcastQueue<Packet extends Sized = Uint8Array> {
  readonly #limit: number;
  #entries = new Map<string, Broadcast<Packet>>();
  #order: Broadcast<Packet>[] = [];
  /** Not in `#order` yet. */
  #fresh: Broadcast<Packet>[] = [];
  #sorted = true;
  #serial = 0;
  #dropped = 0;

  /** At most `limit` subjects wait. */
  constructor(limit = 4096) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Messages lost to the bound since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Tells `message` about `subject` from now on, in place of what was told about it, as if it had been sent `sends` times. */
  add(subject: string, message: Packet, sends = 0): void {
    this.remove(subject);
    this.#serial += 1;
    const entry = { subject, message, sends, serial: this.#serial, isOver: false };
    this.#entries.set(subject, entry);
    this.#fresh.push(entry);
    this.#sorted = false;
    if (this.#entries.size > this.#limit) this.#dropWorst();
    // Where nobody takes, outdated ones must not pile up.
    if (this.#fresh.length > this.#limit) this.#ordered();
  }

  /** Stops telling about `subject`. */
  remove(subject: string): void {
    const entry = this.#entries.get(subject);
    if (entry === undefined) return;
    entry.isOver = true;
    this.#entries.delete(subject);
    this.#sorted = false;
  }

  /** Messages of together at most `budgetBytes`, each counted as sent once and forgotten after `sendLimit` sends. */
  take(budgetBytes: number, sendLimit: number): Packet[] {
    if (this.#entries.size === 0) return [];
    const taken: Packet[] = [];
    let left = budgetBytes;
    for (const entry of this.#ordered()) {
      if (entry.message.length > left) continue;
      left -= entry.message.length;
      taken.push(entry.message);
      entry.sends += 1;
      if (entry.sends >= sendLimit) this.remove(entry.subject);
    }
    if (taken.length > 0) this.#sorted = false;
    return taken;
  }

  /** Several at once, since each time costs a sort. */
  #dropWorst(): void {
    const worst = this.#ordered().slice(-Math.max(1, this.#limit >> 3));
    for (const { subject } of worst) this.remove(subject);
    this.#dropped += worst.length;
    this.#sorted = false;
  }

  #ordered(): Broadcast<Packet>[] {
    if (this.#sorted) return this.#order;
    // Beginning with the last order: most of it still holds, and sorting what is nearly sorted is cheap.
    const order = [...this.#fresh.reverse(), ...this.#order].filter(({ isOver }) => !isOver);
    this.#order = order.sort((a, b) => a.sends - b.sends || b.serial - a.serial);
    this.#fresh = [];
    this.#sorted = true;
    return this.#order;
  }
}
