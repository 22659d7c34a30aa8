import { readFileSync } from 'node:fs';
import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** Fewer ticks of the kernel's clock tell nothing. */
const leastTicks = 8;
/** What was longer ago is not lately: a rest would count as idle. */
const longestMs = 250;

/** Who lately had the processors: shares of all their time, 0 to 1. */
export interface ProcessorUse {
  /** Nobody, waiting for disks included. */
  idle: number;
  /** What the lanes run, and their shells. */
  own: number;
  /** How much of its own time this thread was busy. */
  thread: number;
}

interface Moment {
  idle: number;
  all: number;
  own: number;
  at: number;
  thread: EventLoopUtilization;
}

/** Measures by `/proc/stat` (proc(5)) who has the processors: all of the host, whoever else works on it. */
export class ProcessorMeter {
  readonly #path: string;
  readonly #clock: () => number;
  #before: Moment | null = null;

  /** `clock` gives monotonic ms. */
  constructor(path = '/proc/stat', clock = (): number => performance.now()) {
    this.#path = path;
    this.#clock = clock;
  }

  /** False on systems that do not tell. */
  get isKnown(): boolean {
    return this.#read(0) !== null;
  }

  /**
   * The shares between this call and the last; null when they lie too close together, or too far apart. `ownTicks` is what the lanes have used by
   * now, in the kernel's ticks.
   */
  use(ownTicks: number): ProcessorUse | null {
    const [before, now] = [this.#before, this.#read(ownTicks)];
    if (before === null || now === null || now.at - before.at > longestMs) {
      this.#before = now;
      return null;
    }
    const ticks = now.all - before.all;
    if (ticks < leastTicks) return null;
    this.#before = now;
    const share = (part: number): number => Math.min(1, Math.max(0, part / ticks));
    return {
      idle: share(now.idle - before.idle),
      own: share(now.own - before.own),
      thread: performance.eventLoopUtilization(now.thread, before.thread).utilization,
    };
  }

  #read(own: number): Moment | null {
    try {
      const [line = ''] = readFileSync(this.#path, 'latin1').split('\n', 1);
      // user nice system idle iowait irq softirq steal; guests' time is in the first two.
      const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
      const all = ticks.reduce((sum, count) => sum + count, 0);
      const idle = (ticks[3] ?? Number.NaN) + (ticks[4] ?? 0);
      // Some sandboxes have the file and count nothing.
      if (!(all > 0) || !Number.isFinite(idle)) return null;
      return { idle, all, own, at: this.#clock(), thread: performance.eventLoopUtilization() };
    } catch {
      return null;
    }
  }
}
