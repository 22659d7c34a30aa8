import type { CheckState, CheckStatus } from '../model.ts';
import { isProblem } from '../state/advance.ts';
import type { ChangeDetail } from './change-detail.ts';
import { type Gap, gapMs, outsideGaps } from './presence.ts';

/** A change as the history gives it back. */
export interface RecordedChange extends ChangeDetail {
  id: string;
  at: number;
}

/** A check that exists, and how it is now. */
export interface ReportedCheck {
  id: string;
  status: CheckStatus;
}

/** The time a report is about, epoch ms. */
export interface ReportSpan {
  since: number;
  until: number;
  /** The history is complete from here on; null: it always was. */
  knownSince: number | null;
  /** Times in which no agent looked: they count for no state. */
  gaps: readonly Gap[];
}

/** How a check fared, by its hard states. Lengths of time are ms within the span. */
export interface CheckReport {
  id: string;
  stateMs: { [state in CheckState]: number };
  /** Of that, the time in which nothing fresh was known. */
  staleMs: number;
  /** No agent looked: in no state. */
  unmonitoredMs: number;
  /** Share of the time with a state in which it was ok; null without any. */
  okPercent: number | null;
  /** Problems that began: a problem lasts from the first hard bad state to the next ok. */
  problems: number;
  /** Mean time to repair: how long those problems lasted that ended within the span and whose beginning is known; null: there is none. */
  mttrMs: number | null;
  /** Changes of state, soft ones among them. */
  changes: number;
}

/** A time in one hard state. */
export interface Phase {
  from: number;
  to: number;
  state: CheckState;
  stale: boolean;
}

/**
 * Reports how each check fared. Moments later than what followed them, which a clock that was set back left behind, count as the moment
 * that followed. Pure; costs one walk over the changes.
 */
export function report(
  changes: readonly RecordedChange[],
  checks: readonly ReportedCheck[],
  span: ReportSpan,
): CheckReport[] {
  const byCheck = new Map<string, RecordedChange[]>(checks.map(({ id }) => [id, []]));
  for (const change of changes) byCheck.get(change.id)?.push(change);
  return checks.map((check) => reportOf(check, inOrder(byCheck.get(check.id) ?? []), span));
}

/** Changes whose moments never go back: one later than what followed it counts as the moment that followed. */
export function inOrder(changes: readonly RecordedChange[]): RecordedChange[] {
  let next = Number.POSITIVE_INFINITY;
  return changes
    .toReversed()
    .map((change) => {
      next = Math.min(next, change.at);
      return { ...change, at: next };
    })
    .reverse();
}

function reportOf({ id, status }: ReportedCheck, changes: RecordedChange[], span: ReportSpan): CheckReport {
  const stateMs = { pending: 0, ok: 0, warning: 0, critical: 0, unknown: 0 };
  let staleMs = 0;
  for (const { from, to, state, stale } of phasesOf(status, changes, span)) {
    stateMs[state] += to - from;
    if (stale) staleMs += to - from;
  }
  const known = stateMs.ok + stateMs.warning + stateMs.critical + stateMs.unknown;
  const isInside = ({ at }: { at: number }): boolean => at >= span.since && at <= span.until;
  const repairs = repairsOf(changes).filter(isInside);
  const lasted = repairs.flatMap(({ lastedMs }) => (lastedMs === null ? [] : [lastedMs]));
  return {
    id,
    stateMs,
    staleMs,
    unmonitoredMs: gapMs(span.gaps, startOf(span), span.until),
    okPercent: known === 0 ? null : (stateMs.ok / known) * 100,
    problems: changes.filter((change) => isInside(change) && isBeginning(change)).length,
    mttrMs: lasted.length === 0 ? null : lasted.reduce((sum, ms) => sum + ms, 0) / lasted.length,
    changes: changes.filter(isInside).length,
  };
}

/** The run that begins or ends flapping gives two changes with the same states. */
function isBeginning({ cause, oldHardState, hardState }: RecordedChange): boolean {
  return cause !== 'flapping' && cause !== 'steady' && !isProblem(oldHardState) && isProblem(hardState);
}

/** Every end of a problem, and how long it had lasted; null when its beginning is not known. */
function repairsOf(changes: RecordedChange[]): { at: number; lastedMs: number | null }[] {
  const repairs: { at: number; lastedMs: number | null }[] = [];
  let began: number | null = null;
  for (const change of changes) {
    if (isBeginning(change)) began = change.at;
    else if (isProblem(change.oldHardState) && change.hardState === 'ok')
      repairs.push({ at: change.at, lastedMs: began === null ? null : change.at - began });
    if (!isProblem(change.hardState)) began = null;
  }
  return repairs;
}

/** The states of the span, one after the other; what the history no longer knows, and when no agent looked, is left out. */
export function phasesOf(status: CheckStatus, changes: RecordedChange[], span: ReportSpan): Phase[] {
  const start = startOf(span);
  const marks = changes.map(({ at, hardState, stale }) => ({ at, state: hardState, stale }));
  const [first] = changes;
  const before = first === undefined ? beforeAll(status, start) : first.oldHardState;
  const steps = [{ at: start, state: before, stale: false }, ...marks];
  if (first === undefined)
    steps.push({ at: status.hardSince ?? start, state: status.hardState, stale: status.stale });
  return steps.flatMap(({ at, state, stale }, index) => {
    const from = Math.max(at, start);
    const to = Math.min(steps[index + 1]?.at ?? span.until, span.until);
    return to > from ? outsideGaps(span.gaps, from, to).map((part) => ({ ...part, state, stale })) : [];
  });
}

function startOf({ since, knownSince }: ReportSpan): number {
  return Math.max(since, knownSince ?? since);
}

function beforeAll({ hardSince, hardState }: CheckStatus, start: number): CheckState {
  return hardSince === null || hardSince <= start ? hardState : 'pending';
}
