import { TargetError } from '../grammar/target.ts';
import { parseOffset } from './offset.ts';
import { type LocalTime, localTimeOf, timeOfLocal } from './zone.ts';

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const namedHours: [string, number][] = [
  ['noon', 12],
  ['midnight', 0],
  ['teatime', 16],
];

/** When and where a time is read. */
export interface TimeFrame {
  /** Seconds since 1970. */
  now: number;
  /** Name of the time zone, such as `Europe/Paris`. */
  zone: string;
}

/**
 * Seconds since 1970 of a time as Graphite's `from` and `until` tell it: an epoch, `-1h`, `now-3d`, `midnight yesterday`, `noon+1day`,
 * `6pm today`, `10:30_20240501`, `20240501`, `05/01/24`, `may 1`, `monday`. Throws a TargetError for anything else.
 */
export function parseAtTime(text: string, frame: TimeFrame): number {
  const clean = text
    .trim()
    .toLowerCase()
    .replaceAll(/[_,\s]/g, '');
  if (/^\d+$/.test(clean) && !isDate(clean)) return Number(clean);
  const at = clean.search(/[+-]/);
  const reference = at === -1 ? clean : clean.slice(0, at);
  const offset = at === -1 ? 0 : parseOffset(clean.slice(at));
  try {
    return referenceTime(reference, frame) + offset;
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    throw new TargetError(`'${text}' is no time: ${error.message}`);
  }
}

/** `YYYYMMDD` rather than an epoch. */
function isDate(digits: string): boolean {
  return (
    digits.length === 8 &&
    Number(digits.slice(0, 4)) > 1900 &&
    Number(digits.slice(4, 6)) < 13 &&
    Number(digits.slice(6)) < 32
  );
}

function referenceTime(reference: string, { now, zone }: TimeFrame): number {
  if (reference === '' || reference === 'now') return now;
  const { hour, minute, rest } = timeOfDay(reference);
  const today = localTimeOf(now, zone);
  const day = dayOf(rest, today);
  return timeOfLocal({ ...day, hour, minute, second: 0 }, zone);
}

function timeOfDay(text: string): { hour: number; minute: number; rest: string } {
  const clock = /^(\d{1,2}):(\d{2})(am|pm)?/.exec(text) ?? /^(\d{1,2})()(am|pm)/.exec(text);
  if (clock !== null) {
    const [all, hours = '', minutes = '', half] = clock;
    const hour = half === 'pm' ? (Number(hours) + 12) % 24 : Number(hours);
    const minute = Number(minutes);
    if (hour > 23 || minute > 59) throw new TargetError(`no clock shows ${all}`);
    return { hour, minute, rest: text.slice(all.length) };
  }
  const named = namedHours.find(([name]) => text.startsWith(name));
  if (named === undefined) return { hour: 0, minute: 0, rest: text };
  return { hour: named[1], minute: 0, rest: text.slice(named[0].length) };
}

function dayOf(text: string, today: LocalTime): LocalTime {
  const { year, day } = today;
  if (text === '' || text === 'today') return today;
  if (text === 'yesterday') return { ...today, day: day - 1 };
  if (text === 'tomorrow') return { ...today, day: day + 1 };
  const slashed = /^(\d{1,2})\/(\d{1,2})\/(\d{2}|\d{4})$/.exec(text);
  if (slashed !== null) return date(fullYear(Number(slashed[3])), Number(slashed[1]), Number(slashed[2]));
  if (/^\d{8}$/.test(text))
    return date(Number(text.slice(0, 4)), Number(text.slice(4, 6)), Number(text.slice(6)));
  const month = months.indexOf(text.slice(0, 3)) + 1;
  if (month > 0) {
    const digits = /\d{1,2}$/.exec(text)?.[0];
    if (digits === undefined) throw new TargetError(`a day must follow the month, as in ${text}1`);
    return date(year, month, Number(digits));
  }
  const weekday = weekdays.indexOf(text.slice(0, 3));
  if (weekday === -1) {
    const advice = /^\d+[a-z]+$/.test(text) ? `; -${text} is that long ago` : '';
    throw new TargetError(`'${text}' is no day${advice}`);
  }
  const current = new Date(Date.UTC(year, today.month - 1, day)).getUTCDay();
  return { ...today, day: day - ((current - weekday + 7) % 7) };
}

function fullYear(year: number): number {
  const inCentury = year < 1900 ? year + 1900 : year;
  return inCentury < 1970 ? inCentury + 100 : inCentury;
}

function date(year: number, month: number, day: number): LocalTime {
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (month < 1 || month > 12 || day < 1 || day > lastDay)
    throw new TargetError(`there is no day ${year}-${month}-${day}`);
  return { year, month, day, hour: 0, minute: 0, second: 0 };
}
