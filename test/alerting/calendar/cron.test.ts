import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInside, nextChange } from '../../../alerting/calendar/calendar.ts';
import { cronCalendar } from '../../../alerting/calendar/cron.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;
const at = (text: string): number => Date.parse(text);
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** The slow model: when a wall clock shows this minute of the day, or in the left-out hour a later one, for the first time on a day. */
function shownFirst(zone: string, wanted: number, from: number, to: number): number[] {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    day: '2-digit',
  });
  const started = new Set<string>();
  const starts: number[] = [];
  for (let now = from; now < to; now += minuteMs) {
    const [, day = '', hour, minute] = /^(\d+), (\d+):(\d+)/.exec(format.format(now)) ?? [];
    if (Number(hour) * 60 + Number(minute) < wanted || started.has(day)) continue;
    started.add(day);
    starts.push(now);
  }
  // The first day may have begun before the walk.
  return starts.slice(1);
}

describe('windows by cron expression', () => {
  it('last their duration from each start', () => {
    const calendar = cronCalendar('30 2 * * sun', 2 * hourMs, 'UTC');
    expect(iso(nextChange(calendar, at('2026-06-13T00:00:00Z')))).toBe('2026-06-14T02:30:00.000Z');
    expect(isInside(calendar, at('2026-06-14T02:29:59.999Z'))).toBe(false);
    expect(isInside(calendar, at('2026-06-14T02:30:00Z'))).toBe(true);
    expect(isInside(calendar, at('2026-06-14T04:29:59.999Z'))).toBe(true);
    expect(isInside(calendar, at('2026-06-14T04:30:00Z'))).toBe(false);
    expect(iso(nextChange(calendar, at('2026-06-14T02:30:00Z')))).toBe('2026-06-14T04:30:00.000Z');
  });

  it.each([
    ['2:30 Europe/Paris', '2026-03-28T23:00:00Z', '2026-03-29T01:00:00.000Z'],
    ['2:30 Europe/Paris', '2026-10-24T22:00:00Z', '2026-10-25T00:30:00.000Z'],
    ['2:30 America/New_York', '2026-03-08T06:00:00Z', '2026-03-08T07:00:00.000Z'],
    ['1:30 America/New_York', '2026-11-01T04:00:00Z', '2026-11-01T05:30:00.000Z'],
  ])('start at %s once, when the clocks change after %s', (time, from, start) => {
    const [, hour, minute, zone] = /^(\d+):(\d+) (.+)$/.exec(time) ?? [];
    const calendar = cronCalendar(`${minute} ${hour} * * *`, hourMs, zone);
    expect(iso(nextChange(calendar, at(from)))).toBe(start);
    expect(iso(nextChange(calendar, at(start)))).toBe(iso(at(start) + hourMs));
    const following = nextChange(calendar, at(start) + hourMs) ?? 0;
    expect((following - at(start)) / hourMs).toBeGreaterThanOrEqual(23);
  });

  it('start where a wall clock first shows the minute, watched minute by minute', () => {
    const moments = ['2026-03-08', '2026-03-29', '2026-06-10', '2026-10-25', '2026-11-01'];
    fc.assert(
      fc.property(
        fc.constantFrom('Europe/Paris', 'America/New_York', 'UTC'),
        fc.constantFrom(...moments),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        fc.integer({ min: 1, max: 1200 }),
        (zone, moment, hour, minute, lengthMinutes) => {
          const begin = at(`${moment}T00:00:00Z`) - 24 * hourMs;
          const calendar = cronCalendar(`${minute} ${hour} * * *`, lengthMinutes * minuteMs, zone);
          const starts = shownFirst(zone, hour * 60 + minute, begin - 54 * hourMs, begin + 72 * hourMs);
          const expected = starts.flatMap((start) => [start, start + lengthMinutes * minuteMs]);
          const change = nextChange(calendar, begin);
          const following = nextChange(calendar, change as number);
          const wanted = expected.filter((one) => one > begin);
          expect([iso(change), iso(following)]).toEqual(wanted.slice(0, 2).map(iso));
          expect(isInside(calendar, begin)).toBe(expected.indexOf(wanted[0] as number) % 2 === 1);
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each([
    ['61 * * * *', 'Invalid value for minute'],
    ['0 0 0 * * *', '5-part'],
    ['', 'write minute, hour, day of month'],
    ['0 0 30 2 *', 'never comes'],
  ])('refuse %j', (expression, message) => {
    expect(() => cronCalendar(expression, hourMs, 'UTC')).toThrow(message);
  });

  it('refuse a duration that reaches to the next start', () => {
    expect(() => cronCalendar('0 * * * *', hourMs, 'UTC')).toThrow('3600 s later; shorten the duration');
    expect(() => cronCalendar('0 * * * *', 0, 'UTC')).toThrow('write a duration from 1s to 366d');
  });
});
