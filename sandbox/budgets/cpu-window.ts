const bucketMs = 1000;
const buckets = 60;

/** Processor time spent within the last minute, in steps of a second. */
export class CpuWindow {
  readonly #spent = new Float64Array(buckets);
  #bucket = 0;

  add(ms: number, nowMs: number): void {
    this.#turn(nowMs);
    const at = this.#bucket % buckets;
    this.#spent[at] = (this.#spent[at] as number) + ms;
  }

  used(nowMs: number): number {
    this.#turn(nowMs);
    return this.#spent.reduce((total, ms) => total + ms, 0);
  }

  #turn(nowMs: number): void {
    const bucket = Math.floor(nowMs / bucketMs);
    const passed = Math.min(buckets, Math.max(0, bucket - this.#bucket));
    for (let step = 1; step <= passed; step += 1) this.#spent[(bucket - passed + step) % buckets] = 0;
    if (bucket > this.#bucket) this.#bucket = bucket;
  }
}
