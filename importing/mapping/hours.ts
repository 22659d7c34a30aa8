import type { JsonObject } from 'opsbro/sdk';
import { listOf } from '../nagios/inherit.ts';
import type { Definition, Directive } from '../nagios/model.ts';

const weekDays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
/** Monday first, as people read a week. */
const order = [1, 2, 3, 4, 5, 6, 0];
const dayMinutes = 1440;
const plain = new Set(['timeperiod_name', 'alias', 'name', 'use', 'register', 'exclude']);

/** The minutes of a week, from Sunday on, that time periods allow, and what of them a week cannot say. */
export interface Week {
  minutes: Uint8Array;
  /** Directives about dates. */
  dates: [name: string, directive: Directive][];
  problems: { directive: Directive; message: string }[];
}

const known = new WeakMap<Definition, Week>();

/** The week of a time period, without those it excludes. */
export function weekOf(period: Definition, periods: ReadonlyMap<string, Definition>): Week {
  const week = known.get(period) ?? readWeek(period, periods, []);
  known.set(period, week);
  return week;
}

function readWeek(
  period: Definition,
  periods: ReadonlyMap<string, Definition>,
  above: readonly Definition[],
): Week {
  const week: Week = { minutes: new Uint8Array(7 * dayMinutes), dates: [], problems: [] };
  for (const [name, directive] of period.directives) {
    const day = weekDays.indexOf(name);
    if (day !== -1) allow(week, day, directive);
    else if (!plain.has(name) && !name.startsWith('_')) week.dates.push([name, directive]);
  }
  const exclude = period.directives.get('exclude');
  for (const name of listOf(exclude?.value ?? '')) {
    const other = periods.get(name);
    const problem =
      other === undefined
        ? `there is no timeperiod '${name}'`
        : [...above, period].includes(other)
          ? `the timeperiod '${name}' excludes itself`
          : above.length > 16
            ? 'time periods exclude each other too deeply'
            : null;
    if (other === undefined || problem !== null)
      week.problems.push({ directive: exclude!, message: problem as string });
    else subtract(week, readWeek(other, periods, [...above, period]));
  }
  return week;
}

function allow(week: Week, day: number, directive: Directive): void {
  for (const range of listOf(directive.value)) {
    const [, ...clock] = /^(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})$/.exec(range) ?? [];
    const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = clock.map(Number);
    const from = fromHour * 60 + fromMinute;
    const to = toHour * 60 + toMinute;
    if (clock.length === 0 || from > to || to > dayMinutes)
      week.problems.push({ directive, message: `'${range}' are no hours of a day` });
    else week.minutes.fill(1, day * dayMinutes + from, day * dayMinutes + to);
  }
}

function subtract(week: Week, other: Week): void {
  for (const [index, is] of other.minutes.entries()) if (is === 1) week.minutes[index] = 0;
  week.dates.push(...other.dates);
  week.problems.push(...other.problems);
}

/** Minutes that all of the weeks allow. */
export function commonMinutes(weeks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(7 * dayMinutes).map((_, index) => (weeks.every((week) => week[index] === 1) ? 1 : 0));
}

/** True when nothing is left out. */
export function isAlways(minutes: Uint8Array): boolean {
  return minutes.every((is) => is === 1);
}

/** `quiet_hours` for all minutes that are not allowed; days with the same hours stand together. */
export function quietHours(minutes: Uint8Array, timezone: string | null): JsonObject[] {
  const days = new Map<string, number[]>();
  for (const day of order) {
    for (const [from, to] of gaps(minutes.subarray(day * dayMinutes, (day + 1) * dayMinutes))) {
      const hours = `${clockText(from)} ${clockText(to)}`;
      days.set(hours, [...(days.get(hours) ?? []), day]);
    }
  }
  return [...days].map(([hours, of]) => {
    const [from = '', to = ''] = hours.split(' ');
    const named: JsonObject = of.length === 7 ? {} : { days: dayNames(of) };
    const zone: JsonObject = timezone === null ? {} : { timezone };
    return { ...named, from, to, ...zone };
  });
}

function gaps(day: Uint8Array): [number, number][] {
  const found: [number, number][] = [];
  for (let minute = 0; minute < day.length; minute += 1) {
    if (day[minute] === 1) continue;
    const next = day.indexOf(1, minute);
    const end = next === -1 ? day.length : next;
    found.push([minute, end]);
    minute = end;
  }
  return found;
}

function clockText(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

/** `mon-fri`, `sat,sun`: runs of three and more in short. */
function dayNames(days: readonly number[]): string {
  const short = (day: number): string => (weekDays[day] as string).slice(0, 3);
  const runs: number[][] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run !== undefined && order.indexOf(day) === order.indexOf(run.at(-1) as number) + 1) run.push(day);
    else runs.push([day]);
  }
  return runs
    .map((run) =>
      run.length > 2 ? `${short(run[0] as number)}-${short(run.at(-1) as number)}` : run.map(short).join(','),
    )
    .join(',');
}
