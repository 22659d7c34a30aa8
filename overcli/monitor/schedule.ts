/** What is known of a service's runs. Times are monotonic milliseconds. */
export interface Timing {
  periodMs: number;
  maxLagMs: number | undefined;
  /** How long the last run took. */
  lagMs: number;
  /** When the last run started; undefined before the first. */
  startedAt: number | undefined;
  /** When the last report that held it went out; undefined before the first. */
  reportedAt: number | undefined;
  running: boolean;
}

/** Of a period, what is used up before its next run; the rest is for runs and networks that take longer than usual. */
const periodShare = 0.8;
const lagFactor = 3;
/** Of the time left to a finished service, what is spent on waiting for the others of its round. */
const waitShare = 0.9;

/** A service that was never run. */
export function newTiming(periodS: number, maxLagS: number | undefined): Timing {
  return {
    periodMs: periodS * 1000,
    maxLagMs: maxLagS === undefined ? undefined : maxLagS * 1000,
    lagMs: 0,
    startedAt: undefined,
    reportedAt: undefined,
    running: false,
  };
}

/** From the start of one run to the start of the next, in ms. */
export function realPeriodMs({ periodMs, maxLagMs, lagMs }: Timing): number {
  return Math.max(0, periodMs * periodShare - (maxLagMs ?? lagMs * lagFactor));
}

/** Until the next run, in ms; 0 when it is due. */
export function dueInMs(timing: Timing, now: number): number {
  return timing.startedAt === undefined ? 0 : Math.max(0, timing.startedAt + realPeriodMs(timing) - now);
}

/** Until the next round, in ms; undefined while all services run. */
export function nextRoundInMs(timings: Iterable<Timing>, now: number): number | undefined {
  const waits = [...timings].filter(({ running }) => !running).map((timing) => dueInMs(timing, now));
  return waits.length === 0 ? undefined : Math.min(...waits);
}

/** Who runs in the round that starts now: all that are due within the largest measured lag. */
export function roundOf<Member extends { timing: Timing }>(
  members: readonly Member[],
  now: number,
): Member[] {
  const largestLagMs = Math.max(0, ...members.map(({ timing }) => timing.lagMs));
  return members.filter(({ timing }) => !timing.running && dueInMs(timing, now) <= largestLagMs);
}

/** How long the report of a service that has ended may wait for slower ones of its round before it would come late, in ms. */
export function mayWaitMs(timing: Timing, now: number): number {
  const since = timing.reportedAt ?? timing.startedAt ?? now;
  return Math.max(0, since + timing.periodMs * waitShare - now);
}
