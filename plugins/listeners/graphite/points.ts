import type { PointSink } from './listener/point-sink.ts';
import type { Intake } from './listener/tcp-door.ts';
import { hashOf } from './store/name-table.ts';
import type { MetricStore } from './store/store.ts';

/** Who sends points on. */
export interface Onward {
  /** Takes a point in; it goes to a queue at the next `settle`, or before. */
  take(bytes: Buffer, from: number, to: number, time: number, value: number): void;
  settle(): void;
  /** Resolves with true once all that was taken is in a queue on the disk. */
  kept(): Promise<boolean>;
}

/** Where every point goes, whoever brought it: into the store, on to others, or both. */
export class Points implements PointSink, Intake {
  readonly #store: MetricStore;
  readonly #onwards: readonly Onward[];
  readonly #isKept: boolean;
  readonly #scratch = Buffer.allocUnsafe(4096);

  /** With `isKept` points go into the store; else they are only forwarded. */
  constructor(store: MetricStore, onwards: readonly Onward[], isKept: boolean) {
    this.#store = store;
    this.#onwards = onwards;
    this.#isKept = isKept;
  }

  get seed(): number {
    return this.#store.seed;
  }

  get isPressed(): boolean {
    return this.#store.isPressed;
  }

  get dropped(): number {
    return this.#store.dropped;
  }

  take(
    bytes: Buffer,
    from: number,
    to: number,
    hash: number,
    time: number,
    value: number,
    source: string,
  ): boolean {
    if (this.#isKept && !this.#store.take(bytes, from, to, hash, time, value, source)) return false;
    for (const onward of this.#onwards) onward.take(bytes, from, to, time, value);
    return true;
  }

  /** The same by a text, for what comes one at a time. */
  takeNamed(name: string, time: number, value: number, source: string): boolean {
    const length = this.#scratch.write(name);
    const hash = hashOf(this.seed, this.#scratch, 0, length);
    return this.take(this.#scratch, 0, length, hash, time, value, source);
  }

  settle(): void {
    this.#store.settle();
    for (const onward of this.#onwards) onward.settle();
  }

  async kept(): Promise<boolean> {
    const kept = await Promise.all([
      this.#store.synced(this.#store.position),
      ...this.#onwards.map((onward) => onward.kept()),
    ]);
    return kept.every(Boolean);
  }

  onRelief(run: () => void): () => void {
    return this.#store.onRelief(run);
  }
}
