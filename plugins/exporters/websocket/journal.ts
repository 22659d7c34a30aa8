import type { Change } from './changes.ts';

/** How many changes a client that comes back may have missed. */
const kept = 1024;

/** A change as it is told: numbered without a gap. */
export type Event = Change & { seq: number; at: string };

/** The last changes of one stream. A stream begins with the service: its name tells a client whether its number is of this one. */
export class Journal {
  readonly stream: string;
  readonly #events: Event[] = [];
  #seq = 0;

  constructor(stream: string) {
    this.stream = stream;
  }

  /** Number of the last change. */
  get seq(): number {
    return this.#seq;
  }

  /** Numbers a change; `at` is epoch milliseconds. */
  add(change: Change, at: number): Event {
    this.#seq += 1;
    const event = { ...change, seq: this.#seq, at: new Date(at).toISOString() };
    this.#events.push(event);
    if (this.#events.length > kept) this.#events.shift();
    return event;
  }

  /** The changes after `seq` of a stream; undefined where some of them are not known any more. */
  since(stream: string | null, seq: number): Event[] | undefined {
    const first = this.#events[0]?.seq ?? this.#seq + 1;
    const isKnown = stream === this.stream && Number.isInteger(seq) && seq >= first - 1 && seq <= this.#seq;
    return isKnown ? this.#events.filter((event) => event.seq > seq) : undefined;
  }
}
