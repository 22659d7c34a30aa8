/** Names that are counted apart; when more come, those that were silent for longest are forgotten. */
const mostNames = 20_000;

/** So many a second for each name, and so many at once. */
export class Rate {
  readonly #perSecond: number;
  readonly #most: number;
  readonly #buckets = new Map<string, { left: number; atMs: number }>();

  constructor(perSecond: number, most = perSecond) {
    this.#perSecond = perSecond;
    this.#most = most;
  }

  /** False for what is too much. */
  take(name: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      this.#makeRoom();
      this.#buckets.set(name, { left: this.#most - 1, atMs: nowMs });
      return true;
    }
    const gained = ((nowMs - bucket.atMs) / 1000) * this.#perSecond;
    bucket.left = Math.min(this.#most, bucket.left + gained);
    bucket.atMs = nowMs;
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }

  #makeRoom(): void {
    if (this.#buckets.size < mostNames) return;
    const old = [...this.#buckets].sort(([, one], [, other]) => one.atMs - other.atMs);
    for (const [name] of old.slice(0, mostNames / 2)) this.#buckets.delete(name);
  }
}
