import { OpsbroError } from '../../core/errors.ts';
import { type Calendar, remembering, type Window } from './calendar.ts';
import { ownZone, type Zone, zoneOf } from './zone.ts';

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const dayMs = 86_400_000;
const minuteMs = 60_000;
/** Windows that touch each other over more than a week touch for ever; a week back, and a day for the night, is where one may have begun. */
const weekDays = 8;

interface Range {
  /** Days of the week on which it starts, 0 is Sunday. */
  days: ReadonlySet<number>;
  /** ms after local midnight; `to` is over 24 h when it is on the next day. */
  from: number;
  to: number;
}

/**
 * Reads weekly hours: `mon-fri 22:00-06:00`, `sat,sun 00:00-24:00`, `08:00-12:00` for every day, several separated by `;`. An end at or before
 * the start is on the next day. Throws OPSBRO_API_INVALID for anything else and for a zone that does not exist.
 */
export function weeklyCalendar(text: string, timezone: string = ownZone()): Calendar {
  const zone = knownZone(timezone);
  const ranges = text.slice(0, 1024).split(';').map(parseRange);
  return remembering({ windowFrom: (at) => windowFrom(ranges, zone, at) });
}

/** The zone of that name. Throws OPSBRO_API_INVALID when there is none. */
export function knownZone(timezone: string): Zone {
  const zone = zoneOf(timezone);
  if (zone !== undefined) return zone;
  throw new OpsbroError(
    'OPSBRO_API_INVALID',
    `there is no time zone '${timezone}'; write a name such as 'Europe/Paris' or 'UTC'`,
  );
}

function parseRange(text: string): Range {
  const match = /^(?:([a-z,\s-]+)\s)?\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})$/.exec(
    text.trim().toLowerCase(),
  );
  const [, days = 'sun-sat', ...clock] = match ?? [];
  const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = clock.map(Number);
  const from = (fromHour * 60 + fromMinute) * minuteMs;
  const to = (toHour * 60 + toMinute) * minuteMs;
  if (match === null || from >= dayMs || to > dayMs || fromMinute > 59 || toMinute > 59)
    throw invalid(text, "write days and hours such as 'mon-fri 22:00-06:00'");
  if (from === to) throw invalid(text, "it is empty; '00:00-24:00' is the whole day");
  return { days: parseDays(days, text), from, to: to > from ? to : to + dayMs };
}

function parseDays(days: string, text: string): Set<number> {
  const found = new Set<number>();
  for (const part of days.split(',')) {
    const [first = '', last = first] = part.split('-').map((name) => name.trim());
    const from = dayNames.indexOf(first);
    const to = dayNames.indexOf(last);
    if (from < 0 || to < 0 || part.split('-').length > 2)
      throw invalid(text, `'${part.trim()}' is no day; the days are ${dayNames.join(', ')}`);
    for (let day = from; ; day = (day + 1) % 7) {
      found.add(day);
      if (day === to) break;
    }
  }
  return found;
}

function invalid(text: string, advice: string): OpsbroError {
  return new OpsbroError('OPSBRO_API_INVALID', `the hours '${text.trim()}' cannot be used: ${advice}`);
}

/** A window belongs to the day on which it starts. Those that overlap or touch are one. */
function windowFrom(ranges: Range[], zone: Zone, at: number): Window | null {
  const today = Math.floor(zone.localAt(at) / dayMs) * dayMs;
  const coming = Array.from(
    { length: 2 * weekDays + 2 },
    (_, index) => today + (index - weekDays - 1) * dayMs,
  )
    .flatMap((day) =>
      ranges
        .filter(({ days }) => days.has(new Date(day).getUTCDay()))
        .map(({ from, to }) => ({ start: zone.instantOf(day + from), end: zone.instantOf(day + to) })),
    )
    .filter(({ start, end }) => start < end)
    .sort((left, right) => left.start - right.start);
  let joined: Window | null = null;
  for (const { start, end } of coming) {
    if (joined !== null && start <= joined.end) joined.end = Math.max(joined.end, end);
    else if (joined === null || joined.end <= at) joined = { start, end };
    else break;
  }
  if (joined === null || joined.end <= at) return null;
  return joined.end - at > (weekDays - 1) * dayMs ? { ...joined, end: Number.POSITIVE_INFINITY } : joined;
}
