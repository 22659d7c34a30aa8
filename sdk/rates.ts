import type { Json, JsonObject } from './values.ts';

/** How far the two clocks may disagree over an interval before it is not trusted. */
const toleratedDriftMs = 2000;

/** Counters as read at one moment. Plain data, meant to be kept in `ctx.state`. */
export interface CounterSample {
  /** `ctx.clock.monotonic()` of the reading. */
  monotonicMs: number;
  /** `ctx.clock.now()` of the reading. */
  wallMs: number;
  counters: { [key: string]: number };
}

/** What counters did between two samples. */
export interface CounterChange {
  /** Seconds between the samples, above 0. */
  seconds: number;
  /** Growth of each counter that both samples have and that did not go backwards. */
  deltas: { [key: string]: number };
}

/**
 * Growth of counters since an earlier sample, or undefined when there is none to trust: nothing kept, no time passed, or the
 * wall clock and the monotonic clock disagree by over 2 s (the agent restarted, the host slept or its clock was set).
 * A counter that went backwards (reset, wrapped, replaced device) is left out. `kept` is whatever lies in `ctx.state`.
 * @example
 * const change = counterChange(ctx.state.sample, now);
 * const perSecond = change && change.deltas.ctxt / change.seconds;
 */
export function counterChange(kept: Json | undefined, now: CounterSample): CounterChange | undefined {
  if (typeof kept !== 'object' || kept === null || Array.isArray(kept)) return undefined;
  const { monotonicMs, wallMs, counters } = kept as Partial<CounterSample>;
  if (
    typeof monotonicMs !== 'number' ||
    typeof wallMs !== 'number' ||
    typeof counters !== 'object' ||
    counters === null
  )
    return undefined;
  const elapsedMs = now.monotonicMs - monotonicMs;
  if (!(elapsedMs > 0) || Math.abs(now.wallMs - wallMs - elapsedMs) > toleratedDriftMs) return undefined;
  const deltas: { [key: string]: number } = {};
  for (const key of Object.keys(now.counters)) {
    const before = Object.hasOwn(counters, key) ? counters[key] : undefined;
    const delta = typeof before === 'number' ? (now.counters[key] ?? 0) - before : Number.NaN;
    if (delta >= 0) deltas[key] = delta;
  }
  return { seconds: elapsedMs / 1000, deltas };
}

/** A sample of counters read now, in the shape `ctx.state` keeps. */
export function counterSample(
  clock: { now(): number; monotonic(): number },
  counters: { [key: string]: number },
): CounterSample & JsonObject {
  return { monotonicMs: clock.monotonic(), wallMs: clock.now(), counters };
}
