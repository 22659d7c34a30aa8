import type { Forwarder } from './forward/forwarder.ts';
import type { PointSink } from './listener/point-sink.ts';
import type { Intake } from './listener/tcp-door.ts';
import { hashOf } from './store/name-table.ts';
import type { MetricStore } from './store/store.ts';

/** Where every point goes, whoever brought it: into the store, on to other Graphites, or both. */
export class Points implements PointSink, Intake {
  readonly #store: MetricStore;
  readonly #forwarder: Forwarder | undefined;
  readonly #isKept: boolean;
  readonly #scratch = Buffer.allocUnsafe(4096);

  /** With `isKept` points go into the store; else they are only forwarded. */
  constructor(store: MetricStore, forwarder: Forwarder | undefined, isKept: boolean) {
    this.#store = store;
    this.#forwarder = forwarder;
    this.#isKept = isKept;
  }

  get seed(): number {
    return this.#store.seed;
  }

  get isPressed(): boolean {
    return this.#store.isPressed;
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
    this.#forwarder?.take(bytes, from, to, time, value);
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
    this.#forwarder?.settle();
  }

  async kept(): Promise<boolean> {
    const [isStored, isQueued] = await Promise.all([
      this.#store.synced(this.#store.position),
      this.#forwarder?.kept() ?? true,
    ]);
    return isStored && isQueued;
  }

  onRelief(run: () => void): () => void {
    return this.#store.onRelief(run);
  }
}
