import type { VerdictState } from 'opsbro/sdk';
import { type MatchedView, matchedBy } from './matched.ts';
import { matcherText } from './matcher.ts';
import type {
  Acknowledgement,
  CheckFacts,
  Downtime,
  Reason,
  Schedule,
  Silence,
  SuppressionTables,
} from './model.ts';
import { calendarOf, isOpen, suppressionsOf } from './suppressions.ts';

/** GET /api/v1/downtimes: an array of these. POST takes the keys of a downtime and gives one; DELETE /api/v1/downtimes/ID?by=NAME gives it. */
export interface DowntimeView {
  id: string;
  /** Matchers, as they are written. */
  match: string[];
  checks: MatchedView;
  /** It holds now. */
  active: boolean;
  /** The time it holds, or that it may hold next; null when none comes any more. */
  from: string | null;
  until: string | null;
  /** `once`, `cron 0 2 * * * for 2h` or the weekly hours; with the time zone. */
  schedule: string;
  /** How long it lasts after the problem that starts it; null: for all of its time. */
  flexible: number | null;
  by: string;
  comment: string;
  created_at: string;
  /** A file's cannot be removed by a command. */
  origin: 'command' | 'configuration';
}

/** GET /api/v1/acknowledgements: an array of these. POST {check, comment, by, until, sticky}; DELETE /api/v1/acknowledgements/CHECK?by=NAME. */
export interface AcknowledgementView {
  /** The check's id. */
  check: string;
  /** The state that was acknowledged. */
  state: VerdictState;
  sticky: boolean;
  until: string | null;
  by: string;
  comment: string;
  created_at: string;
}

/** GET /api/v1/silences: an array of these. POST takes the keys of a silence; DELETE /api/v1/silences/ID?by=NAME. */
export interface SilenceView {
  id: string;
  match: string[];
  checks: MatchedView;
  /** False for a file's that has ended. */
  active: boolean;
  until: string | null;
  until_resolved: boolean;
  by: string;
  comment: string;
  created_at: string;
  origin: 'command' | 'configuration';
}

/** What somebody decided to hold back of a check, as it holds now. */
export interface HeldView {
  kind: 'downtime' | 'acknowledgement' | 'silence';
  /** Of the downtime or silence; of the check that is acknowledged. */
  id: string;
  by: string;
  /** One line, with everything. */
  text: string;
  /** null: that depends on states. */
  until: string | null;
}

/** GET /api/v1/held: an array of these, of each check of which somebody holds something back now. */
export interface HeldCheckView {
  /** Its id. */
  check: string;
  held: HeldView[];
}

/** How many checks are held back, each counted for every kind that holds. */
export interface HeldCounts {
  acknowledged: number;
  in_downtime: number;
  silenced: number;
}

const held = {
  downtime: { table: 'downtimes', count: 'in_downtime' },
  acknowledgement: { table: 'acknowledgements', count: 'acknowledged' },
  silence: { table: 'silences', count: 'silenced' },
} as const;

/** One reason is mostly that of thousands of checks. */
const views = new WeakMap<Reason, HeldView>();

/** What holds for a check at `at`. */
export function heldViews(check: CheckFacts, tables: SuppressionTables, at: number): HeldView[] {
  return suppressionsOf(check, tables, at).flatMap((reason) => heldView(reason, tables) ?? []);
}

function heldView(reason: Reason, tables: SuppressionTables): HeldView | undefined {
  const { kind, id, text, until } = reason;
  if (kind === 'dependency') return undefined;
  let view = views.get(reason);
  if (view === undefined) {
    view = { kind, id, by: tables[held[kind].table].get(id)?.by ?? '', text, until: isoTime(until) };
    views.set(reason, view);
  }
  return view;
}

/** Of checks those of which something is held back, as `look` finds it; nothing is looked at where nobody holds anything. */
export function heldChecks<Check extends { id: string }>(
  checks: readonly { object: Check }[],
  { downtimes, acknowledgements, silences }: SuppressionTables,
  look: (check: Check) => HeldView[],
): HeldCheckView[] {
  if (downtimes.size + acknowledgements.size + silences.size === 0) return [];
  return checks
    .map(({ object }) => ({ check: object.id, held: look(object) }))
    .filter((one) => one.held.length > 0);
}

/** Counts what holds for checks. */
export function heldCounts(checks: readonly HeldCheckView[]): HeldCounts {
  const counts: HeldCounts = { acknowledged: 0, in_downtime: 0, silenced: 0 };
  for (const { held: views } of checks)
    for (const kind of new Set(views.map((one) => one.kind))) counts[held[kind].count] += 1;
  return counts;
}

/** A downtime as it is at `at`, among all checks. */
export function downtimeView(downtime: Downtime, checks: readonly CheckFacts[], at: number): DowntimeView {
  const { schedule, current, usedWindow } = downtime;
  const window = calendarOf(schedule).windowFrom(at);
  const next = window?.start === usedWindow && schedule.type === 'once' ? null : window;
  const shown = current ?? next;
  return {
    ...common(downtime, checks),
    active: current !== null && at >= current.start && at < current.end,
    from: isoTime(shown?.start),
    until: isoTime(shown?.end),
    schedule: scheduleText(schedule),
    flexible: downtime.flexibleMs === null ? null : downtime.flexibleMs / 1000,
  };
}

function scheduleText(schedule: Schedule): string {
  if (schedule.type === 'once') return 'once';
  const { timezone } = schedule;
  if (schedule.type === 'weekly') return `${schedule.hours} ${timezone}`;
  return `cron ${schedule.cron} for ${schedule.durationMs / 1000}s ${timezone}`;
}

/** A silence as it is at `at`, among all checks. */
export function silenceView(silence: Silence, checks: readonly CheckFacts[], at: number): SilenceView {
  return {
    ...common(silence, checks),
    active: isOpen(silence, at),
    until: isoTime(silence.until),
    until_resolved: silence.untilResolved,
  };
}

function common(
  { id, match, by, comment, createdAt, origin }: Downtime | Silence,
  checks: readonly CheckFacts[],
) {
  return {
    id,
    match: match.map(matcherText),
    checks: matchedBy(match, checks),
    by,
    comment,
    created_at: isoTime(createdAt) as string,
    origin,
  };
}

/** An acknowledgement. */
export function acknowledgementView(acknowledgement: Acknowledgement): AcknowledgementView {
  const { check, state, sticky, until, by, comment, createdAt } = acknowledgement;
  return {
    check,
    state,
    sticky,
    until: isoTime(until),
    by,
    comment,
    created_at: isoTime(createdAt) as string,
  };
}

function isoTime(at: number | null | undefined): string | null {
  return at === null || at === undefined ? null : new Date(at).toISOString();
}
