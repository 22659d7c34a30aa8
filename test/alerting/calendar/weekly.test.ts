import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInside, nextChange } from '../../../alerting/calendar/calendar.ts';
import { weeklyCalendar } from '../../../alerting/calendar/weekly.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;
const zones = ['Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'UTC'];
/** Around every change of the clocks of these zones, and a plain week. */
const moments = [
  '2026-03-08',
  '2026-03-29',
  '2026-04-05',
  '2026-06-10',
  '2026-10-04',
  '2026-10-25',
  '2026-11-01',
];
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const at = (text: string): number => Date.parse(text);
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

function wallClock(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  return (ms) => Date.parse(`${format.format(ms).replace(' ', 'T')}Z`);
}

/**
 * The slow model: walks minute by minute and keeps the latest time the wall clock ever showed, so that an hour that comes twice counts
 * once; that time is inside when it lies in a range begun on one of the days.
 */
function slowModel(
  { days, from, to }: { days: number[]; from: number; to: number },
  zone: string,
  start: number,
  minutes: number,
): boolean[] {
  const local = wallClock(zone);
  let latest = Math.max(...[1, 2, 3, 4].map((hours) => local(start - hours * 3_600_000)), local(start));
  const length = to > from ? to - from : to + 1440 - from;
  return Array.from({ length: minutes }, (_, minute) => {
    latest = Math.max(latest, local(start + minute * minuteMs));
    const midnight = Math.floor(latest / dayMs) * dayMs;
    return [midnight, midnight - dayMs].some((day) => {
      const begin = day + from * minuteMs;
      return (
        days.includes(new Date(day).getUTCDay()) && latest >= begin && latest < begin + length * minuteMs
      );
    });
  });
}

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

const range = fc
  .record({
    days: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }),
    from: fc.integer({ min: 0, max: 1439 }),
    to: fc.integer({ min: 1, max: 1440 }),
  })
  .filter(({ from, to }) => from !== to);

describe('weekly hours', () => {
  it('hold over midnight, on the days they begin', () => {
    const calendar = weeklyCalendar('mon-fri 22:00-06:00', 'Europe/Paris');
    expect(isInside(calendar, at('2026-06-12T20:00:00Z'))).toBe(true);
    expect(isInside(calendar, at('2026-06-13T03:59:00Z'))).toBe(true);
    expect(isInside(calendar, at('2026-06-13T04:00:00Z'))).toBe(false);
    expect(isInside(calendar, at('2026-06-13T21:00:00Z'))).toBe(false);
    expect(iso(nextChange(calendar, at('2026-06-13T04:00:00Z')))).toBe('2026-06-15T20:00:00.000Z');
  });

  it.each([
    [
      'begin at the jump when their start is left out',
      '02:30-05:00',
      '2026-03-29T00:00:00Z',
      ['2026-03-29T01:00:00.000Z', '2026-03-29T03:00:00.000Z'],
    ],
    [
      'end at the jump when their end is left out',
      '01:00-02:30',
      '2026-03-28T23:30:00Z',
      ['2026-03-29T00:00:00.000Z', '2026-03-29T01:00:00.000Z'],
    ],
    [
      'do not come when all of them is left out',
      '02:10-02:50',
      '2026-03-28T23:30:00Z',
      ['2026-03-30T00:10:00.000Z', '2026-03-30T00:50:00.000Z'],
    ],
    [
      'come once when the hour comes twice',
      '02:10-02:50',
      '2026-10-24T23:30:00Z',
      ['2026-10-25T00:10:00.000Z', '2026-10-25T00:50:00.000Z', '2026-10-26T01:10:00.000Z'],
    ],
    [
      'are longer by the hour that comes twice',
      '22:00-06:00',
      '2026-10-24T12:00:00Z',
      ['2026-10-24T20:00:00.000Z', '2026-10-25T05:00:00.000Z'],
    ],
  ])('%s', (_, hours, from, expected) => {
    const calendar = weeklyCalendar(hours, 'Europe/Paris');
    const changes = expected.reduce<number[]>(
      (found) => [...found, nextChange(calendar, found.at(-1) ?? at(from)) ?? 0],
      [],
    );
    expect(changes.map(iso)).toEqual(expected);
  });

  it('agree with a wall clock watched minute by minute', { timeout: 240_000 }, () => {
    fc.assert(
      fc.property(range, fc.constantFrom(...zones), fc.constantFrom(...moments), (given, zone, moment) => {
        const start = at(`${moment}T00:00:00Z`) - dayMs;
        const days = given.days.map((day) => dayNames[day]).join(',');
        const calendar = weeklyCalendar(`${days} ${clock(given.from)}-${clock(given.to)}`, zone);
        const expected = slowModel(given, zone, start, 3 * 1440);
        let inside = isInside(calendar, start);
        let change = nextChange(calendar, start);
        for (const [minute, wanted] of expected.entries()) {
          const now = start + minute * minuteMs;
          if (change !== null && now >= change) {
            expect(isInside(calendar, change)).toBe(!inside);
            expect(isInside(calendar, change - 1)).toBe(inside);
            inside = !inside;
            change = nextChange(calendar, change);
          }
          if (inside !== wanted) throw new Error(`${new Date(now).toISOString()} ${zone}: ${inside}`);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('join ranges that touch or overlap', () => {
    const calendar = weeklyCalendar('mon 08:00-12:00; mon 12:00-13:00; mon 11:00-12:30', 'UTC');
    expect(iso(nextChange(calendar, at('2026-06-15T08:00:00Z')))).toBe('2026-06-15T13:00:00.000Z');
  });

  it('that hold all the time never change', () => {
    const calendar = weeklyCalendar('00:00-24:00', 'America/New_York');
    expect(isInside(calendar, at('2026-03-08T07:00:00Z'))).toBe(true);
    expect(nextChange(calendar, at('2026-03-08T07:00:00Z'))).toBeNull();
  });

  it('reach over the week from friday to monday', () => {
    const calendar = weeklyCalendar('fri-mon 00:00-24:00', 'UTC');
    expect(iso(nextChange(calendar, at('2026-06-12T05:00:00Z')))).toBe('2026-06-16T00:00:00.000Z');
    expect(iso(nextChange(calendar, at('2026-06-16T00:00:00Z')))).toBe('2026-06-19T00:00:00.000Z');
  });

  it('give the same window wherever in it one asks', () => {
    const inside = ['2026-06-12T00:00:00Z', '2026-06-14T12:00:00Z', '2026-06-15T23:59:59Z'];
    for (const hours of ['fri-mon 00:00-24:00', 'wed-mon 00:00-24:00; tue 01:00-24:00']) {
      const windows = inside.map((text) => weeklyCalendar(hours, 'UTC').windowFrom(at(text)));
      expect(new Set(windows.map((window) => JSON.stringify(window))).size).toBe(1);
    }
    const forward = weeklyCalendar('fri-mon 00:00-24:00', 'UTC');
    expect(inside.map((text) => iso(forward.windowFrom(at(text))?.start ?? 0))).toEqual(
      inside.map(() => '2026-06-12T00:00:00.000Z'),
    );
  });

  it.each([
    ['mon-fri', "write days and hours such as 'mon-fri 22:00-06:00'"],
    ['25:00-26:00', "write days and hours such as 'mon-fri 22:00-06:00'"],
    ['08:60-09:00', "write days and hours such as 'mon-fri 22:00-06:00'"],
    ['moon 08:00-09:00', "'moon' is no day; the days are sun, mon"],
    ['mon-tue-wed 08:00-09:00', "'mon-tue-wed' is no day"],
    ['08:00-08:00', "'00:00-24:00' is the whole day"],
    ['', 'write days and hours'],
  ])('refuse %j', (text, message) => {
    expect(() => weeklyCalendar(text, 'UTC')).toThrow(message);
  });

  it('refuse a zone that does not exist', () => {
    expect(() => weeklyCalendar('08:00-09:00', 'Mars/Olympus')).toThrow(
      "there is no time zone 'Mars/Olympus'",
    );
  });
});
