import type { Observation } from '../../alerting/model.ts';
import { failedAfterMs, lateAfterMs, ofLateData, ofLateRun } from '../../alerting/state/late.ts';
import type { HostDeps } from '../host/deps.ts';
import type { Runtime } from '../host/objects.ts';
import { waitsForData } from '../host/rule-batch.ts';

/** A look comes once a second; after this long without one the agent itself stood still. */
const asleepMs = 5000;

/**
 * Tells what is old: of checks of which no run ended for three rounds, or none of a collector they read, and of others. The time in which the agent
 * itself stood still does not count: nobody is late for that.
 */
export class Freshness {
  readonly #deps: HostDeps;
  #lookedMs: number;
  #awakeMs = 0;

  constructor(deps: HostDeps) {
    this.#deps = deps;
    this.#lookedMs = deps.clock.monotonic();
  }

  /** The checks whose runs do not come; for once a second. */
  lateChecks(): { runtime: Runtime; result: Observation }[] {
    const { clock, table } = this.#deps;
    const now = clock.monotonic();
    this.#awakeMs = this.#awake(now);
    this.#lookedMs = now;
    const late: { runtime: Runtime; result: Observation }[] = [];
    for (const runtime of table.runtimes()) {
      if (runtime.object.kind !== 'check' || !runtime.active || !this.isLate(runtime, now)) continue;
      if (waitsForData(runtime, table, now)) continue;
      late.push({ runtime, result: ofLateRun(this.#ageMs(runtime, now), runtime.object.intervalMs) });
    }
    return late;
  }

  /** What a rule found, told as late where a collector it read gave nothing new for too long. */
  judged(result: Observation, { object }: Runtime): Observation {
    if (object.kind === 'collector' || object.program === undefined) return result;
    const now = this.#deps.clock.monotonic();
    for (const { collector } of object.program.references) {
      const source = this.#deps.table.collector(collector);
      if (source === undefined || !source.active || source.sampledMs === null) continue;
      if (!this.#deps.board.samples.has(collector.toLowerCase()) || !this.isLate(source, now)) continue;
      return ofLateData(result, collector, this.#ageMs(source, now));
    }
    return result;
  }

  /** Whether what an object found last is too old, by the monotonic clock: the wall clock may have stepped since. */
  isLate(runtime: Runtime, now = this.#deps.clock.monotonic()): boolean {
    return this.#ageMs(runtime, now) >= lateAfterMs(runtime.object);
  }

  /** The same for what a collector found whose runs fail. */
  hasFailedLong(runtime: Runtime): boolean {
    return this.#ageMs(runtime, this.#deps.clock.monotonic()) >= failedAfterMs(runtime.object);
  }

  #ageMs({ sampledMs, activeMs }: Runtime, now: number): number {
    return now - Math.max(sampledMs ?? activeMs, this.#awake(now));
  }

  #awake(now: number): number {
    return now - this.#lookedMs > asleepMs ? now : this.#awakeMs;
  }
}
