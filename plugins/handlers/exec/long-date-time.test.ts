import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { longDateTime } from './long-date-time.ts';

const winter = Date.UTC(2026, 0, 2, 12);
const summer = Date.UTC(2026, 6, 12, 23, 5, 9);

it.each([
  ['UTC', winter, 'Fri Jan 2 12:00:00 UTC 2026'],
  ['Europe/Paris', winter, 'Fri Jan 2 13:00:00 CET 2026'],
  ['Europe/Paris', summer, 'Mon Jul 13 01:05:09 CEST 2026'],
  ['Europe/London', winter, 'Fri Jan 2 12:00:00 GMT 2026'],
  ['Europe/London', summer, 'Mon Jul 13 00:05:09 BST 2026'],
  ['America/New_York', winter, 'Fri Jan 2 07:00:00 EST 2026'],
  ['Asia/Kolkata', winter, 'Fri Jan 2 17:30:00 IST 2026'],
  ['America/Sao_Paulo', winter, 'Fri Jan 2 09:00:00 -03 2026'],
  ['Asia/Kathmandu', winter, 'Fri Jan 2 17:45:00 +0545 2026'],
])('writes the time of %s as date does: %#', (zone, at, text) => {
  expect(longDateTime(at, zone)).toBe(text);
});

it.each(['UTC', 'Europe/Paris', 'America/New_York'])('writes what date prints in %s', (zone) => {
  for (const at of [winter, summer]) {
    const args = ['-d', `@${at / 1000}`, '+%a %b %-d %H:%M:%S %Z %Y'];
    const env = { TZ: zone, LC_ALL: 'C', PATH: process.env.PATH };
    expect(execFileSync('date', args, { env, encoding: 'utf8' })).toBe(`${longDateTime(at, zone)}\n`);
  }
});

it('goes by the zone of the host', () => {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  expect(longDateTime(winter)).toBe(longDateTime(winter, timeZone));
});
