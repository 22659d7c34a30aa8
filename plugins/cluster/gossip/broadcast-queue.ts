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
  readonly #entries = new Map<string, Broadcast<Packet>>();
  /** By how often they were sent, each the newest last. Who is over stays until somebody comes across it. */
  #levels: Broadcast<Packet>[][] = [];
  /** Entries in `#levels` that are over. */
  #over = 0;
  /** No message that waits is shorter. */
  #shortest = Number.POSITIVE_INFINITY;
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
    if (this.#entries.size === 0) this.#clear();
    this.#serial += 1;
    const entry = { subject, message, sends, serial: this.#serial, isOver: false };
    this.#entries.set(subject, entry);
    this.#level(sends).push(entry);
    this.#shortest = Math.min(this.#shortest, message.length);
    if (this.#entries.size > this.#limit) this.#dropWorst();
    // Where nobody takes, outdated ones must not pile up.
    if (this.#over > this.#limit) this.#sweep();
  }

  /** Stops telling about `subject`. */
  remove(subject: string): void {
    const entry = this.#entries.get(subject);
    if (entry === undefined) return;
    entry.isOver = true;
    this.#over += 1;
    this.#entries.delete(subject);
  }

  /** Messages of together at most `budgetBytes`, each counted as sent once and forgotten after `sendLimit` sends. */
  take(budgetBytes: number, sendLimit: number): Packet[] {
    const taken: Broadcast<Packet>[] = [];
    let left = budgetBytes;
    for (const level of this.#levels) {
      const tooLong: Broadcast<Packet>[] = [];
      while (left >= this.#shortest) {
        const entry = level.pop();
        if (entry === undefined) break;
        if (entry.isOver) this.#over -= 1;
        else if (entry.message.length > left) tooLong.push(entry);
        else {
          left -= entry.message.length;
          taken.push(entry);
        }
      }
      level.push(...tooLong.reverse());
      if (left < this.#shortest) break;
    }
    for (const entry of taken) this.#sent(entry, sendLimit);
    return taken.map(({ message }) => message);
  }

  #sent(entry: Broadcast<Packet>, sendLimit: number): void {
    entry.sends += 1;
    if (entry.sends >= sendLimit) this.#entries.delete(entry.subject);
    else {
      const level = this.#level(entry.sends);
      level.splice(placeOf(entry.serial, level), 0, entry);
    }
  }

  #level(sends: number): Broadcast<Packet>[] {
    while (this.#levels.length <= sends) this.#levels.push([]);
    return this.#levels[sends] as Broadcast<Packet>[];
  }

  /** Several at once, since each time costs a look at all. */
  #dropWorst(): void {
    this.#sweep();
    const worst = [...this.#levels].reverse().flat();
    const count = Math.max(1, this.#limit >> 3);
    for (const { subject } of worst.slice(0, count)) this.remove(subject);
    this.#dropped += count;
  }

  #sweep(): void {
    this.#levels = this.#levels.map((level) => level.filter(({ isOver }) => !isOver));
    this.#over = 0;
  }

  #clear(): void {
    this.#levels = [];
    this.#over = 0;
    this.#shortest = Number.POSITIVE_INFINITY;
  }
}

/** Where an entry of this serial stands among others, the newest of which is last. */
function placeOf(serial: number, level: readonly { serial: number }[]): number {
  let from = 0;
  let to = level.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((level[middle]?.serial ?? 0) < serial) from = middle + 1;
    else to = middle;
  }
  return from;
}
