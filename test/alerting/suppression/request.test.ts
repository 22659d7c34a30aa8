import type { JsonObject } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { readAcknowledgement, readDowntime, readSilence } from '../../../alerting/suppression/request.ts';
import { check, time } from './facts.ts';

const source = (at: string, origin: 'command' | 'configuration' = 'command') =>
  ({ id: 'work', at: time(at), origin, by: 'ann' }) as const;

/** From when to when, in UTC, a downtime lasts that somebody asks for at a time of June 10. */
function span(at: string, keys: JsonObject): string {
  const { schedule } = readDowntime({ match: 'disk', ...keys }, source(at));
  if (schedule.type !== 'once') throw new Error(schedule.type);
  const short = (moment: number): string => new Date(moment).toISOString().slice(5, 16);
  return `${short(schedule.from)} - ${short(schedule.until)}`;
}

describe('a clock time of a command is the next such moment', () => {
  it.each<[string, JsonObject, string]>([
    ['22:00', { from: '23:00', until: '06:00' }, '06-10T23:00 - 06-11T06:00'],
    ['23:30', { from: '23:00', until: '06:00' }, '06-11T23:00 - 06-12T06:00'],
    ['05:00', { until: '06:00' }, '06-10T05:00 - 06-10T06:00'],
    ['06:00', { until: '6:00' }, '06-10T06:00 - 06-11T06:00'],
    ['22:00', { from: '23:00', duration: '30m' }, '06-10T23:00 - 06-10T23:30'],
    ['22:00', { from: '2026-06-20T23:00', until: '06:00' }, '06-20T23:00 - 06-21T06:00'],
    ['22:00', { from: '23:00:30', until: '23:30' }, '06-10T23:00 - 06-10T23:30'],
  ])('asked for at %s, %j', (at, keys, expected) => {
    expect(span(at, { timezone: 'UTC', ...keys })).toBe(expected);
  });

  it('in the zone that is named, whose day may be another, and whose clock may jump', () => {
    // 22:30 in UTC is half past midnight of the next day in Paris.
    const keys = { timezone: 'Europe/Paris' };
    expect(span('22:30', { ...keys, from: '01:00', until: '06:00' })).toBe('06-10T23:00 - 06-11T04:00');
    const night = { match: 'disk', from: '02:30', duration: '1h', timezone: 'Europe/Paris' };
    const asked = { ...source('00:00'), at: Date.parse('2026-03-28T22:00Z') };
    // 02:30 is left out that night: the clock goes from 02:00 to 03:00.
    expect(readDowntime(night, asked).schedule).toMatchObject({ from: Date.parse('2026-03-29T01:00Z') });
  });

  it('also where a silence or an acknowledgement ends', () => {
    const silence = readSilence({ match: 'disk', until: 'resolved,18:00', timezone: 'UTC' }, source('19:00'));
    expect(silence.until).toBe(time('18:00') + 86_400_000);
    const known = readAcknowledgement(check('disk'), { until: '18:00' }, source('10:00'));
    expect(((known.until ?? 0) - time('10:00')) % 60_000).toBe(0);
    expect((known.until ?? 0) - time('10:00')).toBeLessThanOrEqual(86_400_000);
  });

  it.each(['24:00', '12:60', '12', '1:2', 'noon'])('which %s is not', (until) => {
    expect(() => span('10:00', { from: until, duration: '1h' })).toThrow(
      `'from' is '${until}'; write a time such as '2026-12-24T18:00' or '18:00'`,
    );
  });

  it('but not of a file, which is read again and again', () => {
    const keys = { match: 'disk', from: '23:00', until: '06:00' };
    expect(() => readDowntime(keys, source('10:00', 'configuration'))).toThrow(
      "'from' is '23:00'; write a time such as '2026-12-24T18:00'; a file has to name the day as well",
    );
  });
});

it('takes a duration for the end of a downtime, from its beginning', () => {
  expect(span('10:00', { until: '2h' })).toBe('06-10T10:00 - 06-10T12:00');
  expect(span('10:00', { from: '2026-06-20T23:00Z', until: '90' })).toBe('06-20T23:00 - 06-20T23:01');
});
