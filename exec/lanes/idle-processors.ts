import { readFileSync } from 'node:fs';

/** Fewer ticks of the kernel's clock tell nothing. */
const leastTicks = 8;
/** What was longer ago is not lately. */
const longestMs = 1000;

/** How much of the processors' time nobody uses, by `/proc/stat` (proc(5)): of the whole host, whoever else works on it. */
export class IdleProcessors {
  readonly #path: string;
  readonly #clock: () => number;
  #before: { idle: number; all: number; at: number } | null;

  /** `clock` gives monotonic ms. */
  constructor(path = '/proc/stat', clock = (): number => performance.now()) {
    this.#path = path;
    this.#clock = clock;
    this.#before = this.#read();
  }

  /** False on systems that do not tell. */
  get isKnown(): boolean {
    return this.#before !== null;
  }

  /** The share between this call and the last one that gave one, 0 to 1; null when they lie too close together, or a second and more apart. */
  share(): number | null {
    const [before, now] = [this.#before, this.#read()];
    if (before === null || now === null) return null;
    const ticks = now.all - before.all;
    const isOld = now.at - before.at > longestMs;
    if (ticks < leastTicks && !isOld) return null;
    this.#before = now;
    return isOld ? null : Math.min(1, Math.max(0, (now.idle - before.idle) / ticks));
  }

  #read(): { idle: number; all: number; at: number } | null {
    try {
      const [line = ''] = readFileSync(this.#path, 'latin1').split('\n', 1);
      // user nice system idle iowait irq softirq steal; guests' time is in the first two.
      const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
      const all = ticks.reduce((sum, count) => sum + count, 0);
      const idle = (ticks[3] ?? Number.NaN) + (ticks[4] ?? 0);
      return Number.isFinite(all) && Number.isFinite(idle) ? { idle, all, at: this.#clock() } : null;
    } catch {
      return null;
    }
  }
}
