/** What the meter reads: CPU time of the process in microseconds. */
export type CpuReader = () => { user: number; system: number };

/** CPU use of the whole process, percent of one core, over the last window. */
export class CpuMeter {
  readonly #read: CpuReader;
  #atMs: number;
  #usedUs: number;
  #percent: number | undefined;

  constructor(read: CpuReader, nowMs: number) {
    this.#read = read;
    this.#atMs = nowMs;
    this.#usedUs = total(read());
  }

  /** Closes a window; call it every ten seconds or so. */
  sample(nowMs: number): void {
    if (nowMs <= this.#atMs) return;
    this.#percent = this.#since(nowMs);
    this.#atMs = nowMs;
    this.#usedUs = total(this.#read());
  }

  /** Before the first window is closed, what the first one has come to. */
  percent(nowMs: number): number {
    return this.#percent ?? this.#since(nowMs);
  }

  #since(nowMs: number): number {
    const elapsed = nowMs - this.#atMs;
    if (elapsed <= 0) return 0;
    return Math.round(((total(this.#read()) - this.#usedUs) / 1000 / elapsed) * 10_000) / 100;
  }
}

function total({ user, system }: { user: number; system: number }): number {
  return user + system;
}
