import type { Json } from 'opsbro/sdk';
import type { TimerClock } from '../../core/clock.ts';

/** What a feed stands between. */
export interface FactsFeedParts {
  clock: TimerClock;
  /** Whether anybody wants the facts: else they are not computed. */
  isWanted(): boolean;
  read(): Json;
  push(facts: Json): void;
}

/** When many checks change, the facts are computed once in this time. */
const pauseMs = 1000;

/** Hands the facts of this host to services: at once, or soon for what changes often. */
export class FactsFeed {
  readonly #parts: FactsFeedParts;
  #cancel: (() => void) | undefined;

  constructor(parts: FactsFeedParts) {
    this.#parts = parts;
  }

  now(): void {
    this.stop();
    if (this.#parts.isWanted()) this.#parts.push(this.#parts.read());
  }

  /** Within a second, with all that changes until then. */
  soon(): void {
    if (this.#cancel !== undefined || !this.#parts.isWanted()) return;
    this.#cancel = this.#parts.clock.after(pauseMs, () => this.now());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
