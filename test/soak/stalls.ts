/** How often it is looked whether time stood still. */
const lookMs = 100;
/** Stalls that are remembered. */
const most = 1000;

/** What a watch of stalls works with. */
export interface StallParts {
  /** Stretches shorter than this are no stall. */
  limitMs: number;
  /** Epoch ms, as in the histories of agents. */
  now?(): number;
  every?(ms: number, look: () => void): () => void;
}

/**
 * Notes when the machine did not let this process run: what agents on it did then, and shortly after, says more of the machine than of
 * them. `close` ends it.
 */
export class Stalls {
  readonly #limitMs: number;
  readonly #now: () => number;
  readonly #end: () => void;
  readonly #found: { fromMs: number; toMs: number }[] = [];
  #lookedMs: number;
  #totalMs = 0;

  constructor({ limitMs, now = Date.now, every = onTimer }: StallParts) {
    this.#limitMs = limitMs;
    this.#now = now;
    this.#lookedMs = now();
    this.#end = every(lookMs, () => this.#look());
  }

  /** All of them together. */
  get totalMs(): number {
    return this.#totalMs;
  }

  /** Whether one touches this stretch of time, up to now where its end is not given. */
  within(fromMs: number, toMs = this.#now()): boolean {
    this.#look();
    return this.#found.some((stall) => stall.fromMs <= toMs && stall.toMs >= fromMs);
  }

  close(): void {
    this.#end();
  }

  #look(): void {
    const stall = { fromMs: this.#lookedMs, toMs: this.#now() };
    this.#lookedMs = stall.toMs;
    const lengthMs = stall.toMs - stall.fromMs;
    if (lengthMs < this.#limitMs + lookMs) return;
    this.#totalMs += lengthMs;
    this.#found.push(stall);
    if (this.#found.length > most) this.#found.shift();
  }
}

function onTimer(ms: number, look: () => void): () => void {
  const timer = setInterval(look, ms);
  return () => clearInterval(timer);
}
