import { type Calendar, once } from '../calendar/calendar.ts';
import { cronCalendar } from '../calendar/cron.ts';
import { weeklyCalendar } from '../calendar/weekly.ts';
import { matchesAll, type Test, testOf } from './matcher.ts';
import type {
  Acknowledgement,
  CheckFacts,
  Downtime,
  Reason,
  Schedule,
  Silence,
  SuppressionTables,
} from './model.ts';

const cachedCalendars = 1000;
const calendars = new Map<string, Calendar>();
/** By the downtime, acknowledgement or silence, which are not written to. */
const reasons = new WeakMap<object, Reason>();
/** By the silences, which are a new map whenever one changed. */
const asked = new WeakMap<SuppressionTables['silences'], { silence: Silence; fits: Test }[]>();
const severity = { pending: 0, ok: 0, warning: 1, unknown: 2, critical: 3 } as const;

/**
 * Why a problem of `check` is not to be notified at `at`; nothing when it is. Holds back problems only: who asks for a recovery or for a check
 * that is ok gets what holds for it, and is free to ignore it. Exact also when `step` has not run yet for that moment.
 */
export function suppressionsOf(check: CheckFacts, tables: SuppressionTables, at: number): Reason[] {
  const found: Reason[] = [];
  for (const downtime of tables.downtimes.values()) {
    const until = downtimeEnd(downtime, [check], at);
    if (until !== null) found.push(reason('downtime', downtime.id, downtime, until));
  }
  const acknowledgement = tables.acknowledgements.get(check.id);
  if (acknowledgement !== undefined && endOfAcknowledgement(acknowledgement, check, at) === null)
    found.push(reason('acknowledgement', check.id, acknowledgement, acknowledgement.until));
  for (const { silence, fits } of silencesOf(tables))
    if (isOpen(silence, at) && fits(check)) found.push(reason('silence', silence.id, silence, silence.until));
  return found;
}

/** All silences, each with what it asks: looked up once, however many checks are asked about. */
function silencesOf(tables: SuppressionTables): { silence: Silence; fits: Test }[] {
  let found = asked.get(tables.silences);
  if (found === undefined) {
    found = [...tables.silences.values()].map((silence) => ({ silence, fits: testOf(silence.match) }));
    asked.set(tables.silences, found);
  }
  return found;
}

/** When time alone changes next what `suppressionsOf` answers or `step` does, strictly after `at`; null when it never does. */
export function nextChangeAt(tables: SuppressionTables, at: number): number | null {
  let next = Number.POSITIVE_INFINITY;
  const consider = (change: number | null): void => {
    if (change !== null && change > at && change < next) next = change;
  };
  for (const { schedule, current } of tables.downtimes.values()) {
    const window = calendarOf(schedule).windowFrom(at);
    consider(window?.start ?? null);
    consider(window?.end ?? null);
    consider(current?.end ?? null);
  }
  for (const { until } of tables.acknowledgements.values()) consider(until);
  for (const { until } of tables.silences.values()) consider(until);
  return Number.isFinite(next) ? next : null;
}

/** The calendar of a schedule; made once for each. Throws OPSBRO_API_INVALID when it is not valid. */
export function calendarOf(schedule: Schedule): Calendar {
  if (schedule.type === 'once') return once({ start: schedule.from, end: schedule.until });
  const key = JSON.stringify(schedule);
  const known = calendars.get(key);
  if (known !== undefined) return known;
  const made =
    schedule.type === 'cron'
      ? cronCalendar(schedule.cron, schedule.durationMs, schedule.timezone)
      : weeklyCalendar(schedule.hours, schedule.timezone);
  if (calendars.size >= cachedCalendars) calendars.clear();
  calendars.set(key, made);
  return made;
}

/** True for a state that is notified as a problem, soft or hard. */
export function isProblem({ state }: Pick<CheckFacts, 'state'>): boolean {
  return severity[state] > 0;
}

/**
 * Until when a downtime holds for the checks of `checks` that it matches, null when it does not hold for any of them. A flexible one that is
 * not started holds for a problem that starts it.
 */
export function downtimeEnd(downtime: Downtime, checks: readonly CheckFacts[], at: number): number | null {
  const matching = checks.filter((check) => matchesAll(downtime.match, check));
  if (matching.length === 0) return null;
  const { current, flexibleMs } = downtime;
  if (current !== null && at >= current.start && at < current.end) return current.end;
  const window = openWindow(downtime, at);
  if (window === null) return null;
  if (flexibleMs === null) return window.end;
  return matching.some(isProblem) ? at + flexibleMs : null;
}

/** The window of the schedule that holds `at`, when the downtime has not used it yet. */
export function openWindow(
  { schedule, usedWindow }: Downtime,
  at: number,
): { start: number; end: number } | null {
  const window = calendarOf(schedule).windowFrom(at);
  return window === null || window.start > at || window.start === usedWindow ? null : window;
}

/** Why an acknowledgement is over for its check as it is now; null while it holds. */
export function endOfAcknowledgement(
  { until, sticky, state }: Acknowledgement,
  check: CheckFacts,
  at: number,
): 'expired' | 'recovered' | 'worsened' | null {
  if (until !== null && at >= until) return 'expired';
  if (check.state === 'ok') return 'recovered';
  const isWorse = check.hard && severity[check.state] > severity[state];
  return !sticky && isWorse ? 'worsened' : null;
}

/** True until a silence ends by its time, or was ended. */
export function isOpen({ endedAt, until }: Silence, at: number): boolean {
  return endedAt === null && (until === null || at < until);
}

/** Why something is held back that is for thousands of checks: made once. */
function reason(
  kind: Reason['kind'],
  id: string,
  entry: { by: string; comment: string },
  until: number | null,
): Reason {
  const known = reasons.get(entry);
  if (known?.until === until) return known;
  const made = makeReason(kind, id, entry, until);
  reasons.set(entry, made);
  return made;
}

function makeReason(
  kind: Reason['kind'],
  id: string,
  { by, comment }: { by: string; comment: string },
  until: number | null,
): Reason {
  const end = until === null ? '' : ` until ${new Date(until).toISOString()}`;
  const text = `${kind} '${id}' of ${by}${end}${comment === '' ? '' : `: ${comment}`}`;
  return { kind, id, until, text };
}
