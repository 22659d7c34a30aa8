import type { VerdictState } from 'opsbro/sdk';
import type { Gap } from '../alerting/history/presence.ts';
import { inOrder, type RecordedChange, type ReportSpan, report } from '../alerting/history/report.ts';
import type { CheckStatus } from '../alerting/model.ts';
import { isProblem } from '../alerting/state/advance.ts';
import type { LifeView, Notified, ProblemView } from './model.ts';

const severity: { [state in VerdictState]: number } = { ok: 0, warning: 1, unknown: 2, critical: 3 };

/** The life of one check as a view. `outputs` says what it said at a change. */
export function lifeView(
  life: {
    id: string;
    status: CheckStatus;
    changes: readonly RecordedChange[];
    notifications: readonly Notified[];
  },
  span: ReportSpan,
): LifeView {
  const { id, status, changes, notifications } = life;
  const [fared] = report(changes, [{ id, status }], span);
  const { stateMs = { pending: 0, ok: 0, warning: 0, critical: 0, unknown: 0 }, changes: count = 0 } =
    fared ?? {};
  return {
    seconds: {
      pending: stateMs.pending / 1000,
      ok: stateMs.ok / 1000,
      warning: stateMs.warning / 1000,
      critical: stateMs.critical / 1000,
      unknown: stateMs.unknown / 1000,
    },
    problems: problemsOf(inOrder(changes), span),
    changes: count,
    notifications: notifications
      .filter(({ at }) => at >= span.since && at <= span.until)
      .map((one) => ({ ...one, at: isoTime(one.at) })),
  };
}

/** What each change said, where that is known. */
function outputOf(change: RecordedChange): string {
  return 'output' in change && typeof change.output === 'string' ? change.output : '';
}

/** Problems that touch the span. One that began before it has the beginning of the span. */
function problemsOf(changes: readonly RecordedChange[], { since, until }: ReportSpan): ProblemView[] {
  const found: ProblemView[] = [];
  let open: { from: number; state: VerdictState; output: string } | null = null;
  const close = (at: number, isOver: boolean): void => {
    if (open !== null && at >= since && open.from <= until) found.push(problemView(open, at, isOver));
    open = null;
  };
  const [first] = changes;
  if (first !== undefined && first.oldHardState !== 'pending' && isProblem(first.oldHardState))
    open = { from: since, state: first.oldHardState as VerdictState, output: '' };
  for (const change of changes) {
    const { at, hardState } = change;
    if (at > until) break;
    if (hardState === 'pending' || !isProblem(hardState)) close(at, true);
    else if (open === null) open = { from: at, state: hardState, output: outputOf(change) };
    else if (severity[hardState] > severity[open.state]) open = { ...open, state: hardState };
  }
  close(until, false);
  return found.map((one) => (Date.parse(one.from) < since ? { ...one, from: isoTime(since) } : one));
}

function problemView(
  { from, state, output }: { from: number; state: VerdictState; output: string },
  at: number,
  isOver: boolean,
): ProblemView {
  return {
    from: isoTime(from),
    until: isOver ? isoTime(at) : null,
    seconds: (at - from) / 1000,
    state,
    output,
  };
}

/** How long nobody looked, within the time, ms. */
export function unmonitoredMs(gaps: readonly Gap[], since: number, until: number): number {
  return gaps.reduce(
    (sum, { from, to }) => sum + Math.max(0, Math.min(to, until) - Math.max(from, since)),
    0,
  );
}

/** RFC 3339 UTC text of epoch ms. */
export function isoTime(at: number): string {
  return new Date(at).toISOString();
}
