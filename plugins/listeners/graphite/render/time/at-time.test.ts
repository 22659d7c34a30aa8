import { describe, expect, it } from 'vitest';
import { parseAtTime } from './at-time.ts';
import { startOfUnit } from './start-of-unit.ts';
import { timeOfLocal } from './zone.ts';

// Friday, 29 November 2024, 09:00:33 in Paris.
const frame = { now: 1732867233, zone: 'Europe/Paris' };
const shown = (time: number) => new Date(time * 1000).toLocaleString('sv-SE', { timeZone: frame.zone });

describe('a time', () => {
  it.each([
    ['now', '2024-11-29 09:00:33'],
    ['', '2024-11-29 09:00:33'],
    ['-1h', '2024-11-29 08:00:33'],
    ['-1d12h', '2024-11-27 21:00:33'],
    ['now-3d', '2024-11-26 09:00:33'],
    ['+2weeks', '2024-12-13 09:00:33'],
    ['-1mon', '2024-10-30 09:00:33'],
    ['-1y', '2023-11-30 09:00:33'],
    ['midnight yesterday', '2024-11-28 00:00:00'],
    ['noon+1day', '2024-11-30 12:00:00'],
    ['teatime_tomorrow', '2024-11-30 16:00:00'],
    ['6pm today', '2024-11-29 18:00:00'],
    ['12pm', '2024-11-29 00:00:00'],
    ['8:15am yesterday', '2024-11-28 08:15:00'],
    ['10:30_20240501', '2024-05-01 10:30:00'],
    ['20240501', '2024-05-01 00:00:00'],
    ['20240501+6h', '2024-05-01 06:00:00'],
    ['05/01/24', '2024-05-01 00:00:00'],
    ['12/31/99', '1999-12-31 00:00:00'],
    ['may 1', '2024-05-01 00:00:00'],
    ['january 15', '2024-01-15 00:00:00'],
    ['monday', '2024-11-25 00:00:00'],
    ['friday', '2024-11-29 00:00:00'],
    ['6pm wednesday', '2024-11-27 18:00:00'],
    ['1732867233', '2024-11-29 09:00:33'],
  ])('%s is read', (text, expected) => {
    expect(shown(parseAtTime(text, frame))).toBe(expected);
  });

  it.each(['foo', '-1x', '-h', '25:00', 'may', 'may 32', '20240231', '20241301foo', '-1.5h'])(
    '%s is refused',
    (text) => {
      expect(() => parseAtTime(text, frame)).toThrow(/'.*' is no /);
    },
  );

  it('that clocks show twice is the later one, one they skip is counted from before', () => {
    expect(parseAtTime('02:30_20241027', frame)).toBe(Date.UTC(2024, 9, 27, 1, 30) / 1000);
    expect(parseAtTime('02:30_20240331', frame)).toBe(Date.UTC(2024, 2, 31, 1, 30) / 1000);
  });
});

it.each([
  ['seconds', '2024-11-29 09:00:33'],
  ['minutes', '2024-11-29 09:00:00'],
  ['hours', '2024-11-29 09:00:00'],
  ['days', '2024-11-29 00:00:00'],
  ['weeks', '2024-11-25 00:00:00'],
  ['weeks3', '2024-11-27 00:00:00'],
  ['months', '2024-11-01 00:00:00'],
  ['years', '2024-01-01 00:00:00'],
])('the start of %s is found', (unit, expected) => {
  expect(shown(startOfUnit(unit, frame.now, frame.zone))).toBe(expected);
});

it('counts days beyond the month', () => {
  const local = { year: 2024, month: 3, day: 0, hour: 1, minute: 0, second: 0 };
  expect(shown(timeOfLocal(local, frame.zone))).toBe('2024-02-29 01:00:00');
});
