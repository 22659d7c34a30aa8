import type { CheckState } from '../model.ts';
import { type RecordedChange, type ReportedCheck, type ReportSpan, report } from './report.ts';

/** How the checks fared, as people and scripts get it: sorted by id, times as RFC 3339 UTC text, lengths of time in seconds. */
export interface ChecksReportView {
  since: string;
  until: string;
  /** The history is complete from here on; null: in all of the span. */
  known_since: string | null;
  checks: {
    id: string;
    name: string;
    /** The last hard state. */
    state: CheckState;
    ok_percent: number | null;
    /** Time in each hard state. */
    seconds: { [state in CheckState]: number };
    /** Of that, without fresh data. */
    stale_seconds: number;
    /** In no state: no agent looked. */
    unmonitored_seconds: number;
    /** Problems that began, and how long those lasted on average that ended. */
    problems: number;
    mttr_seconds: number | null;
    changes: number;
  }[];
}

/** The report on these checks as a view. */
export function reportView(
  changes: readonly RecordedChange[],
  checks: readonly (ReportedCheck & { name: string })[],
  span: ReportSpan,
): ChecksReportView {
  const sorted = [...checks].sort((left, right) => (left.id < right.id ? -1 : 1));
  const found = report(changes, sorted, span);
  const { since, until, knownSince } = span;
  return {
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
    known_since: knownSince === null || knownSince <= since ? null : new Date(knownSince).toISOString(),
    checks: sorted.flatMap(({ id, name, status }, index) => {
      const one = found[index];
      if (one === undefined) return [];
      const { stateMs } = one;
      return {
        id,
        name,
        state: status.hardState,
        ok_percent: one.okPercent,
        seconds: {
          ok: stateMs.ok / 1000,
          warning: stateMs.warning / 1000,
          critical: stateMs.critical / 1000,
          unknown: stateMs.unknown / 1000,
          pending: stateMs.pending / 1000,
        },
        stale_seconds: one.staleMs / 1000,
        unmonitored_seconds: one.unmonitoredMs / 1000,
        problems: one.problems,
        mttr_seconds: one.mttrMs === null ? null : one.mttrMs / 1000,
        changes: one.changes,
      };
    }),
  };
}
