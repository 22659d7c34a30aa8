import type { VerdictState } from 'opsbro/sdk';
import { matcherText } from './matcher.ts';
import type { Acknowledgement, Downtime, Schedule, Silence } from './model.ts';
import { calendarOf, isOpen } from './suppressions.ts';

/** GET /api/v1/downtimes: an array of these. POST takes the keys of a downtime and gives one; DELETE /api/v1/downtimes/ID?by=NAME gives it. */
export interface DowntimeView {
  id: string;
  /** Matchers, as they are written. */
  match: string[];
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
  /** False for a file's that has ended. */
  active: boolean;
  until: string | null;
  until_resolved: boolean;
  by: string;
  comment: string;
  created_at: string;
  origin: 'command' | 'configuration';
}

/** A downtime as it is at `at`. */
export function downtimeView(downtime: Downtime, at: number): DowntimeView {
  const { schedule, current, usedWindow } = downtime;
  const window = calendarOf(schedule).windowFrom(at);
  const next = window?.start === usedWindow && schedule.type === 'once' ? null : window;
  const shown = current ?? next;
  return {
    ...common(downtime),
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

/** A silence as it is at `at`. */
export function silenceView(silence: Silence, at: number): SilenceView {
  return {
    ...common(silence),
    active: isOpen(silence, at),
    until: isoTime(silence.until),
    until_resolved: silence.untilResolved,
  };
}

function common({ id, match, by, comment, createdAt, origin }: Downtime | Silence) {
  return {
    id,
    match: match.map(matcherText),
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
