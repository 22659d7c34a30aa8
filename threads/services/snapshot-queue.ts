import type { Json } from 'opsbro/sdk';

/** Snapshots on the way that the core has not taken yet. */
const window = 2;

/** Snapshots between a service and the core: a few on the way, and behind them only the last of each topic waits. */
export class SnapshotQueue {
  readonly #send: (topic: string, data: Json) => void;
  readonly #received: () => number;
  readonly #waiting = new Map<string, Json>();
  #sent = 0;

  /** `received` tells how many snapshots the core has taken since the start, modulo 2^32. */
  constructor(send: (topic: string, data: Json) => void, received: () => number) {
    this.#send = send;
    this.#received = received;
  }

  /** Topics that wait here. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes a snapshot in place of an earlier one of its topic. */
  push(topic: string, data: Json): void {
    this.#waiting.set(topic, data);
    this.flush();
  }

  /** Sends what the window allows, the topic that waits longest first. */
  flush(): void {
    for (const [topic, data] of this.#waiting) {
      if (((this.#sent - this.#received()) | 0) >= window) return;
      this.#sent = (this.#sent + 1) | 0;
      this.#waiting.delete(topic);
      this.#send(topic, data);
    }
  }
}
