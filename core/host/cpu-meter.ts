/** What the meter reads: CPU time of the process in microseconds. */
export type CpuReader = () => { user: number; system: number };

/** CPU use of the whole process, percent of one core, over the last window. */
export class CpuMeter {
  readonly #read: CpuReader;
  #atMs: number;
  #usedUs: number;
  #percent = 0;

  constructor(read: CpuReader, nowMs: number) {
    this.#read = read;
    this.#atMs = nowMs;
    this.#usedUs = total(read());
  }

  /** Closes a window; call it every ten seconds or so. */
  sample(nowMs: number): void {
    const used = total(this.#read());
    const elapsed = nowMs - this.#atMs;
    if (elapsed <= 0) return;
    this.#percent = Math.round(((used - this.#usedUs) / 1000 / elapsed) * 10_000) / 100;
    this.#atMs = nowMs;
    this.#usedUs = used;
  }

  percent(): number {
    return this.#percent;
  }
}

function total({ user, system }: { user: number; system: number }): number {
  return user + system;
}
