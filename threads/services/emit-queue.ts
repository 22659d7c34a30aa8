/**
 * A bounded queue between a service and the core: at most `window` items are on the way unacknowledged, at most `size` wait behind them, and beyond that the oldest
 * waiting ones are dropped and counted, since the newest facts matter most.
 */
export class EmitQueue<Item> {
  readonly #send: (item: Item) => void;
  readonly #acknowledged: () => number;
  readonly #bounds: { window: number; size: number };
  readonly #waiting: Item[] = [];
  #sent = 0;
  #dropped = 0;

  /** `acknowledged` tells how many items the core has taken since the start, modulo 2^32. */
  constructor(
    send: (item: Item) => void,
    acknowledged: () => number,
    bounds: { window: number; size: number },
  ) {
    this.#send = send;
    this.#acknowledged = acknowledged;
    this.#bounds = bounds;
  }

  /** Items dropped since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Items that wait here. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes an item; null is one that cannot be sent, and only counted. */
  push(item: Item | null): void {
    if (item === null) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(item);
    this.flush();
    if (this.#waiting.length <= this.#bounds.size) return;
    this.#waiting.shift();
    this.#dropped += 1;
  }

  /** Sends what the window allows. */
  flush(): void {
    while (this.#waiting.length > 0 && ((this.#sent - this.#acknowledged()) | 0) < this.#bounds.window) {
      this.#sent = (this.#sent + 1) | 0;
      this.#send(this.#waiting.shift()!);
    }
  }
}
