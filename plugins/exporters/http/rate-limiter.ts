/** Who is counted at a time; the one unseen for longest makes room. */
const maxKeys = 10_000;

/** A bucket of requests: it fills at the rate, and holds two seconds of it. */
interface Bucket {
  left: number;
  /** Monotonic milliseconds. */
  at: number;
}

/** Bounds how often somebody may ask: `perSecond` on average, twice as many at once. */
export class RateLimiter {
  readonly #perSecond: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Takes `cost` of what `key` may ask. Gives the seconds after which to ask again, 0 where it was granted. */
  take(key: string, nowMs: number, cost = 1): number {
    const full = this.#perSecond * 2;
    const known = this.#buckets.get(key) ?? { left: full, at: nowMs };
    const left = Math.min(full, known.left + ((nowMs - known.at) / 1000) * this.#perSecond);
    const isGranted = left >= 1;
    this.#buckets.delete(key);
    this.#buckets.set(key, { left: isGranted ? left - cost : left, at: nowMs });
    if (this.#buckets.size > maxKeys) this.#forgetOne();
    return isGranted ? 0 : Math.max(1, Math.ceil((1 - left) / this.#perSecond));
  }

  /** Takes more for what went wrong, whether or not it is there. */
  charge(key: string, cost: number): void {
    const known = this.#buckets.get(key);
    if (known !== undefined) known.left = Math.max(-this.#perSecond * 2, known.left - cost);
  }

  /** How many are counted. */
  get size(): number {
    return this.#buckets.size;
  }

  #forgetOne(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
