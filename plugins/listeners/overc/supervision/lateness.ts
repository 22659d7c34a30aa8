import type { ServiceFacts } from '../model.ts';

/** When a service should report, beside its own period. */
export interface Expectation {
  /** Seconds that it may be late. */
  grace: number;
  /** A cron expression in the place of a period. */
  schedule: { cron: string; timezone: string } | null;
  /** Monotonic ms of a start that was said and not yet followed by an end; 0 for none. */
  startedMs: number;
  /** Seconds from there to the end. */
  runLimit: number;
}

/** The moments that a look goes by. */
export interface Moments {
  /** Monotonic ms. */
  nowMs: number;
  /** From when on this service listened without a gap, monotonic ms: its start, or the end of its last stall. */
  listeningMs: number;
  /** What to add to monotonic ms to have epoch ms. */
  offsetMs: number;
  nextCron(cron: string, timezone: string, at: number): number | null;
}

/** Whether a service's next report should have come by now. One that never reported is never late, nor is one without a period. */
export function isLate(service: ServiceFacts, expected: Expectation, moments: Moments): boolean {
  const { current, period, reportedMs } = service;
  const { nowMs, listeningMs, offsetMs } = moments;
  const { grace, schedule, startedMs, runLimit } = expected;
  if (startedMs > 0 && nowMs - Math.max(startedMs, listeningMs) > runLimit * 1000) return true;
  if (current === null) return false;
  const sinceMs = Math.max(reportedMs, listeningMs);
  if (schedule !== null) {
    const due = moments.nextCron(schedule.cron, schedule.timezone, sinceMs + offsetMs);
    return due !== null && nowMs + offsetMs > due + grace * 1000;
  }
  return period !== null && nowMs - sinceMs > (period + grace) * 1000;
}
