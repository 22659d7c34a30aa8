import type { Observation } from '../../alerting/model.ts';
import type { HostDeps } from '../host/deps.ts';
import type { Runtime } from '../host/objects.ts';
import { waitsForData } from '../host/rule-batch.ts';

const roundsToKeep = 3;
/** On a busy machine a run may wait for seconds. */
const leastMs = 10_000;
/** A look comes once a second; after this long without one the agent itself stood still. */
const asleepMs = 5000;

/**
 * Tells which checks show what is old: no run of theirs ended, or none of a collector they read, for three rounds. The time in which the agent
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
    return table.of('check').flatMap((runtime) => {
      if (!runtime.active || !this.#isLate(runtime, now) || waitsForData(runtime, table, now)) return [];
      const { intervalMs } = runtime.object;
      const output = `no result for ${seconds(this.#ageMs(runtime, now))}, expected every ${seconds(intervalMs)}`;
      return [{ runtime, result: { state: 'unknown', output, late: 'run' } }];
    });
  }

  /** What a rule found, told as late where a collector it read gave nothing new for too long. */
  judged(result: Observation, { object }: Runtime): Observation {
    if (object.kind === 'collector' || object.program === undefined) return result;
    const now = this.#deps.clock.monotonic();
    for (const { collector } of object.program.references) {
      const source = this.#deps.table.collector(collector);
      if (source === undefined || !source.active || source.sampledMs === null) continue;
      if (!this.#deps.board.samples.has(collector.toLowerCase()) || !this.#isLate(source, now)) continue;
      const silence = `collector ${collector} gave nothing new for ${seconds(this.#ageMs(source, now))}`;
      return { ...result, output: `${silence}; its last data said: ${result.output}`, late: 'data' };
    }
    return result;
  }

  #isLate(runtime: Runtime, now: number): boolean {
    return this.#ageMs(runtime, now) >= lateAfterMs(runtime);
  }

  #ageMs({ sampledMs, activeMs }: Runtime, now: number): number {
    return now - Math.max(sampledMs ?? activeMs, this.#awake(now));
  }

  #awake(now: number): number {
    return now - this.#lookedMs > asleepMs ? now : this.#awakeMs;
  }
}

/** How old what an object found may be, ms: a round is its interval, or its timeout where that is longer. */
export function lateAfterMs({ object }: Runtime): number {
  return Math.max(leastMs, roundsToKeep * Math.max(object.intervalMs, object.timeoutMs));
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
