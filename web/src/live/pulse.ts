/** What a pulse needs of time. */
export interface PulseParts {
  now(): number;
  /** Calls `run` once, `ms` from now. */
  later(run: () => void, ms: number): void;
}

/** Tells listeners that something changed, at most once in an interval: the first time at once, what comes after it together. */
export class Pulse {
  readonly #parts: PulseParts;
  readonly #intervalMs: number;
  readonly #listeners = new Set<() => void>();
  #toldAt = Number.NEGATIVE_INFINITY;
  #isDue = false;

  constructor(intervalMs: number, parts: PulseParts) {
    this.#intervalMs = intervalMs;
    this.#parts = parts;
  }

  /** Listens; the answer ends that. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Something changed. */
  mark(): void {
    if (this.#isDue) return;
    const rest = this.#toldAt + this.#intervalMs - this.#parts.now();
    if (rest <= 0) {
      this.#tell();
      return;
    }
    this.#isDue = true;
    this.#parts.later(() => {
      this.#isDue = false;
      this.#tell();
    }, rest);
  }

  #tell(): void {
    this.#toldAt = this.#parts.now();
    for (const listener of this.#listeners) listener();
  }
}
