import type { Json, JsonObject } from 'opsbro/sdk';
import { parseDuration } from '../../configuration/sources/duration.ts';
import { OpsbroError } from '../../core/errors.ts';
import { nextChange } from '../calendar/calendar.ts';
import { ownZone, type Zone, zoneOf } from '../calendar/zone.ts';
import { parseMatchers } from './matcher.ts';
import type { Acknowledgement, CheckFacts, Downtime, Origin, Schedule, Silence } from './model.ts';
import { calendarOf, isProblem } from './suppressions.ts';

const dayMs = 86_400_000;
const maxText = 1024;
const maxId = 128;

/**
 * Who asks, and when: what a request says nothing about. `id` is the object's for a file's, and for a command's the one to use when it names
 * none.
 */
export interface RequestSource {
  id: string;
  at: number;
  origin: Origin;
  by: string;
}

/** The keys of a downtime, as a file or a request may have them. */
export const downtimeKeys: readonly string[] = [
  'id',
  'match',
  'from',
  'until',
  'duration',
  'cron',
  'hours',
  'timezone',
  'flexible',
  'comment',
  'by',
];

/** The keys of a silence, as a file or a request may have them. */
export const silenceKeys: readonly string[] = ['id', 'match', 'until', 'timezone', 'comment', 'by'];

/** The keys an acknowledgement may have. */
const acknowledgementKeys = ['check', 'comment', 'by', 'until', 'sticky'];

/**
 * Reads a downtime: `match`, and when. Once: `from` (else now) with `until` or `duration`; again and again: `cron` with `duration`, or
 * `hours`; with `timezone`. `flexible: DURATION` makes it start with the first problem in that time and last so long. Durations are text
 * such as `2h` or seconds, times are ISO 8601, without a zone in `timezone`; of a command also `23:00`, the next one. Throws OPSBRO_API_INVALID
 * saying what is wrong.
 */
export function readDowntime(request: JsonObject, source: RequestSource): Downtime {
  onlyKeys(request, downtimeKeys, 'a downtime');
  const flexible = duration(request, 'flexible');
  const schedule = readSchedule(request, source);
  if (schedule.type !== 'once' && nextChange(calendarOf(schedule), source.at) === null)
    throw invalid("the hours hold all the time; write 'from' and 'until' instead");
  return {
    ...entry(request, source),
    schedule,
    flexibleMs: flexible ?? null,
    current: null,
    usedWindow: null,
  };
}

function readSchedule(request: JsonObject, { at, origin }: RequestSource): Schedule {
  const { cron, hours } = request;
  const timezone = zoneName(request);
  const durationMs = duration(request, 'duration');
  if (cron !== undefined) {
    refuse(request, ['from', 'until', 'hours'], "'cron'");
    if (durationMs === undefined) throw invalid("'cron' needs a 'duration', such as '2h'");
    return { type: 'cron', cron: text(request, 'cron'), durationMs, timezone };
  }
  if (hours !== undefined) {
    refuse(request, ['from', 'until', 'duration'], "'hours'");
    return { type: 'weekly', hours: text(request, 'hours'), timezone };
  }
  if (request.from === undefined && origin === 'configuration')
    throw invalid("it lacks 'from', when it begins; 'cron' or 'hours' are for one that comes again");
  const nextFrom = (moment: number): number | null => (origin === 'command' ? moment : null);
  const from = request.from === undefined ? at : moment(request, 'from', timezone, nextFrom(at));
  if (request.until !== undefined) refuse(request, ['duration'], "'until'");
  else if (durationMs === undefined)
    throw invalid(
      "it has no end; write 'until' or 'duration', or 'cron' or 'hours' for one that comes again",
    );
  const lengthMs = durationMs ?? parseDuration(request.until);
  const until = lengthMs === undefined ? moment(request, 'until', timezone, nextFrom(from)) : from + lengthMs;
  if (until <= from) throw invalid(`it ends before it begins, at ${new Date(from).toISOString()}`);
  return { type: 'once', from, until };
}

/**
 * Reads a silence: `match`, and `until`: `resolved`, a duration from now, a time, or two of them separated by a comma, whichever comes first.
 * Throws OPSBRO_API_INVALID saying what is wrong.
 */
export function readSilence(request: JsonObject, source: RequestSource): Silence {
  onlyKeys(request, silenceKeys, 'a silence');
  const parts = text(request, 'until').split(',');
  const ends = parts.map((part) => part.trim()).filter((part) => part !== '');
  if (ends.length === 0)
    throw invalid("it has no end; write 'until: resolved', a duration such as '2h' or a time");
  const timezone = zoneName(request);
  const times = ends
    .filter((end) => end !== 'resolved')
    .map((end) => endAt(end, source.at, timezone, source.origin));
  return {
    ...entry(request, source),
    until: times.length === 0 ? null : Math.min(...times),
    untilResolved: ends.includes('resolved'),
    endedAt: null,
  };
}

/** Reads an acknowledgement of the problem of a check, by somebody now. Throws OPSBRO_API_INVALID, also when it has no problem. */
export function readAcknowledgement(
  check: CheckFacts,
  request: JsonObject,
  { at, by }: Pick<RequestSource, 'at' | 'by'>,
): Acknowledgement {
  onlyKeys(request, acknowledgementKeys, 'an acknowledgement');
  const { state } = check;
  if (state === 'pending' || !isProblem(check))
    throw invalid(`${check.id} is ${state}; only a problem can be acknowledged`);
  const { sticky = false } = request;
  if (typeof sticky !== 'boolean') throw invalid("'sticky' must be true or false");
  const end = text(request, 'until');
  return {
    check: check.id,
    by: text(request, 'by') || by,
    comment: text(request, 'comment'),
    createdAt: at,
    sticky,
    until: end === '' ? null : endAt(end, at, ownZone(), 'command'),
    state,
  };
}

/** When something ends: a duration after `at`, or a time. A command's lies in the future. Throws OPSBRO_API_INVALID. */
export function endAt(end: string, at: number, timezone: string, origin: Origin): number {
  const durationMs = parseDuration(end);
  const isCommand = origin === 'command';
  const until =
    durationMs === undefined
      ? moment({ until: end }, 'until', timezone, isCommand ? at : null)
      : at + durationMs;
  if (until <= at && isCommand) throw invalid(`'${end}' is not in the future`);
  return until;
}

function entry(
  request: JsonObject,
  { id, at, origin, by }: RequestSource,
): Pick<Downtime, 'id' | 'by' | 'comment' | 'createdAt' | 'origin' | 'match'> {
  const { match } = request;
  const matchers = Array.isArray(match) ? match : match === undefined ? [] : [match];
  if (!matchers.every((one) => typeof one === 'string'))
    throw invalid("'match' must be a matcher such as 'check=disks', or a list of them");
  const named = origin === 'command' ? text(request, 'id') : '';
  if (named.length > maxId || !/^[\w.:-]*$/.test(named))
    throw invalid(`the id '${named.slice(0, maxId)}' is not made of letters, digits, '.', ':', '_' and '-'`);
  return {
    id: named || id,
    by: text(request, 'by') || by,
    comment: text(request, 'comment'),
    createdAt: at,
    origin,
    match: parseMatchers(matchers as string[]),
  };
}

/** The text of a key; '' when it is absent. Throws OPSBRO_API_INVALID for another kind of value. */
export function text(request: JsonObject, key: string): string {
  const value = request[key] ?? '';
  if (typeof value !== 'string' && typeof value !== 'number') throw invalid(`'${key}' must be a text`);
  const found = String(value).trim();
  if (found.length > maxText) throw invalid(`'${key}' is longer than ${maxText} characters`);
  return found;
}

function duration(request: JsonObject, key: string): number | undefined {
  const value = request[key];
  if (value === undefined || value === null) return undefined;
  const ms = parseDuration(value);
  if (ms === undefined || ms < 1000)
    throw invalid(
      `'${key}' is ${JSON.stringify(value)}; write a duration such as '30m' or '2h', of at least one second`,
    );
  return ms;
}

/** A time with a zone is what it says; one without is the wall clock of `timezone`. One without a day is the next after `after`, if that is given. */
function moment(request: JsonObject, key: string, timezone: string, after: number | null): number {
  const written = text(request, key);
  const zone = zoneOf(timezone) as Zone;
  const [, hours, minutes, seconds = '0'] = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(written) ?? [];
  const isClock = Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60;
  if (isClock && after !== null)
    return nextTime((Number(hours) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1000, after, zone);
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?))?\s*(Z|[+-]\d{2}:?\d{2})?$/i.exec(
      written,
    );
  const [, day, clock = '00:00', offset] = match ?? [];
  const at = day === undefined ? Number.NaN : Date.parse(`${day}T${clock}${offset ?? 'Z'}`);
  if (Number.isNaN(at) || !isDay(day ?? ''))
    throw invalid(`'${key}' is '${written}'; write ${momentWords(key, after !== null, isClock)}`);
  return offset === undefined ? zone.instantOf(at) : at;
}

function momentWords(key: string, isCommand: boolean, isClock: boolean): string {
  const forms = [
    "a time such as '2026-12-24T18:00'",
    ...(isCommand ? ["'18:00'"] : []),
    ...(key === 'until' ? ["a duration such as '2h'"] : []),
  ];
  return `${forms.join(' or ')}${isClock ? '; a file has to name the day as well' : ''}`;
}

/** The first moment after `after` at which a clock of the zone shows so many ms of the day. */
function nextTime(ofDayMs: number, after: number, zone: Zone): number {
  const local = zone.localAt(after);
  const today = zone.instantOf(local - (local % dayMs) + ofDayMs);
  return today > after ? today : zone.instantOf(local - (local % dayMs) + dayMs + ofDayMs);
}

/** JavaScript takes February 30 for March 2. */
function isDay(day: string): boolean {
  return new Date(`${day}T00:00Z`).toISOString().startsWith(day);
}

/** The zone that a request names, else the machine's. */
function zoneName(request: JsonObject): string {
  const timezone = text(request, 'timezone') || ownZone();
  if (zoneOf(timezone) === undefined)
    throw invalid(
      `'timezone': there is no time zone '${timezone}'; write a name such as 'Europe/Paris' or 'UTC'`,
    );
  return timezone;
}

function refuse(request: JsonObject, keys: string[], beside: string): void {
  const found = keys.find((key) => request[key] !== undefined);
  if (found !== undefined) throw invalid(`'${found}' cannot stand beside ${beside}; leave one of them out`);
}

/** Throws OPSBRO_API_INVALID for a key that is not one of `known`. */
export function onlyKeys(request: JsonObject, known: readonly string[], subject: string): void {
  const stranger = Object.keys(request).find((key) => !known.includes(key));
  if (stranger !== undefined)
    throw invalid(`${subject} has no key '${stranger}'; its keys are ${known.join(', ')}`);
}

function invalid(message: string): OpsbroError {
  return new OpsbroError('OPSBRO_API_INVALID', message);
}

/** True for what a request's body must be. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
