import type { OutboxEntry } from './entry.ts';
import { retryLimits } from './retry.ts';

/** An entry in memory: it may go once the store has it, and not before `notBeforeMs` on the monotonic clock. */
export interface Waiting {
  entry: OutboxEntry;
  stored: boolean;
  /** Somebody drops it: it stays where it is until the store knows. */
  isHeld: boolean;
  notBeforeMs: number;
  /** Monotonic; its age counts from here. */
  bornMs: number;
  /** How many others the handler had taken when this one last failed with all there was; null while it did not. */
  takenBefore: number | null;
  /** How often it failed while the handler took others, and once for all tries before. */
  failedAlone: number;
  /** The other side asked to wait with it until `notBeforeMs`. */
  isAsked: boolean;
}

/** What waits for one handler, in one queue per order. The first of each queue may be delivered; queues take turns. */
export class Lane {
  readonly #queues = new Map<string, Waiting[]>();
  /** All of them as they came, and the reminders among them: what goes first is found at once. */
  readonly #waiting = new Map<number, Waiting>();
  readonly #reminders = new Map<number, Waiting>();
  readonly #failedOrders = new Set<string>();
  #failures = 0;
  #taken = 0;
  #absences = 0;
  notBeforeMs = 0;
  /** Until when the other side asked for nothing more. */
  askedUntilMs = 0;
  /** The entry on its way, which only one is at a time. */
  delivering: number | null = null;
  dropped = 0;

  get size(): number {
    return this.#waiting.size;
  }

  add(waiting: Waiting): void {
    const queue = this.#queues.get(waiting.entry.order);
    if (queue === undefined) this.#queues.set(waiting.entry.order, [waiting]);
    else queue.push(waiting);
    this.#waiting.set(waiting.entry.serial, waiting);
    if (Number(waiting.entry.event.data.repeat ?? 0) > 0) this.#reminders.set(waiting.entry.serial, waiting);
  }

  /** Takes an entry out, and puts its queue behind the others. */
  remove({ entry }: Waiting): void {
    const queue = this.#queues.get(entry.order) ?? [];
    const rest = queue.filter((each) => each.entry.serial !== entry.serial);
    this.#waiting.delete(entry.serial);
    this.#reminders.delete(entry.serial);
    this.#queues.delete(entry.order);
    if (rest.length > 0) this.#queues.set(entry.order, rest);
  }

  /** How often in a row nothing was delivered. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * How much speaks for the handler itself being broken: of how many orders something failed in a row, or how often it was not even
   * there. One notification that nobody takes counts once, however often it is tried.
   */
  get suspicion(): number {
    return Math.max(this.#failedOrders.size, this.#absences, 1);
  }

  /** An entry was not delivered: those of other orders go first now. `isTried`: the handler was there. */
  failed(waiting: Waiting, isTried: boolean): void {
    const { order } = waiting.entry;
    this.#failures += 1;
    if (isTried) this.#failedOrders.add(order);
    else this.#absences += 1;
    if (isTried && this.#isAlone(waiting) && this.#failedOrders.size === 1) waiting.failedAlone += 1;
    else waiting.takenBefore = this.#taken;
    const queue = this.#queues.get(order);
    this.#queues.delete(order);
    if (queue !== undefined) this.#queues.set(order, queue);
  }

  /** Whether it alone is what fails, and more of its order wait behind it. */
  isStuck(waiting: Waiting): boolean {
    return (this.#queues.get(waiting.entry.order)?.length ?? 0) > 1 && this.#isAlone(waiting);
  }

  /** Whether the handler took others since it failed. */
  #isAlone({ takenBefore }: Waiting): boolean {
    return this.#taken > (takenBefore ?? this.#taken);
  }

  /** The handler took one: what failed while it took nothing may go at once, but for what failed alone before. */
  delivered(): void {
    if (this.#failures > 0) for (const waiting of this.#waiting.values()) this.#mayGoAtOnce(waiting);
    this.#taken += 1;
    this.#failures = 0;
    this.#absences = 0;
    this.#failedOrders.clear();
    this.notBeforeMs = 0;
    this.askedUntilMs = 0;
    this.dropped = 0;
  }

  #mayGoAtOnce(waiting: Waiting): void {
    const { takenBefore, failedAlone, isAsked } = waiting;
    if (takenBefore === this.#taken && failedAlone === 1 && !isAsked) waiting.notBeforeMs = 0;
  }

  /** The other side asked to be left alone, which nobody needs to be for longer than the longest pause. */
  asked(nowMs: number, forMs: number): void {
    this.askedUntilMs = nowMs + Math.min(forMs, retryLimits.longestMs);
    this.notBeforeMs = Math.max(this.notBeforeMs, this.askedUntilMs);
  }

  /** The first entry that may go now. */
  next(nowMs: number): Waiting | undefined {
    if (this.delivering !== null || this.notBeforeMs > nowMs) return undefined;
    for (const [head] of this.#queues.values())
      if (head !== undefined && mayGo(head) && head.notBeforeMs <= nowMs) return head;
    return undefined;
  }

  /** When an entry may go, monotonic ms; null when nothing waits for time to pass. */
  nextAtMs(): number | null {
    if (this.delivering !== null) return null;
    let soonest = Number.POSITIVE_INFINITY;
    for (const [head] of this.#queues.values())
      if (head !== undefined && mayGo(head)) soonest = Math.min(soonest, head.notBeforeMs);
    return soonest === Number.POSITIVE_INFINITY ? null : Math.max(soonest, this.notBeforeMs);
  }

  /** What goes first when there is too much: the oldest reminder, else the oldest of all; never the one that is being delivered. */
  expendable(): Waiting | undefined {
    for (const candidates of [this.#reminders, this.#waiting])
      for (const [serial, waiting] of candidates) if (serial !== this.delivering) return waiting;
    return undefined;
  }

  *all(): Generator<Waiting> {
    for (const queue of this.#queues.values()) yield* queue;
  }
}

function mayGo({ stored, isHeld }: Waiting): boolean {
  return stored && !isHeld;
}
