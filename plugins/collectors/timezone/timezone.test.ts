import { readFileSync } from 'node:fs';
import { complianceSuite, fixtureContext, runVerb, testClock } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import timezone from './index.ts';
import { abbreviation, utcOffset, zoneOfLink } from './zone.ts';

const folder = new URL('./', import.meta.url);
const winter = Date.UTC(2026, 0, 15);
const summer = Date.UTC(2026, 6, 15);

describe('timezone', () => {
  const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8'));
  for (const test of complianceSuite('collector', folder, timezone, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);

  it.each([
    ['debian-12', winter, { timezone: 'UTC', name: 'Etc/UTC', utc_offset: 0 }],
    ['paris', winter, { timezone: 'CEST', name: 'Europe/Paris', utc_offset: 3600 }],
    ['paris', summer, { timezone: 'CEST', name: 'Europe/Paris', utc_offset: 7200 }],
    ['centos-5', winter, { timezone: 'Africa/Johannesburg', name: 'Africa/Johannesburg', utc_offset: 7200 }],
  ])('reads %s at %i', async (host, atMs, value) => {
    const root = new URL(`testdata/${host}/`, folder);
    const ctx = fixtureContext({ root, clock: testClock(atMs) });
    expect(await runVerb(timezone, ctx)).toEqual({ status: 'done', value });
  });

  it.each<[{ [path: string]: string }, object]>([
    [{}, { timezone: 'UTC' }],
    [{ '/etc/localtime': '' }, { timezone: 'UTC' }],
    [{ '/etc/localtime': 'TZif2\0\0\nIST-5:30\n' }, { timezone: 'IST' }],
    [{ '/etc/timezone': 'Asia/Tokyo\n' }, { timezone: 'Asia/Tokyo', name: 'Asia/Tokyo', utc_offset: 32_400 }],
    [{ '/etc/timezone': 'Mars/Olympus\n' }, { timezone: 'Mars/Olympus', name: 'Mars/Olympus' }],
    [{ '/etc/timezone': '../../etc/shadow\n' }, { timezone: 'UTC' }],
  ])('makes the best of %j', async (files, value) => {
    expect(await runVerb(timezone, fixtureContext({ files }))).toEqual({ status: 'done', value });
  });

  it.each([
    ['/usr/share/zoneinfo/Europe/Paris', 'Europe/Paris'],
    ['../usr/share/zoneinfo/America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
    ['/usr/share/zoneinfo/posix/Etc/GMT+5', 'Etc/GMT+5'],
    ['/srv/zone', undefined],
  ])('finds in the link %s the zone %s', (target, zone) => {
    expect(zoneOfLink(target)).toBe(zone);
  });

  it.each([
    ['TZif2..\nCET-1CEST,M3.5.0,M10.5.0/3\n', 'CEST'],
    ['TZif2..\n<+0545>-5:45\n', '+0545'],
    ['TZif2..\n<-03>3<-02>,M10.3.0/0,M2.3.0/0\n', '-02'],
    ['TZif2..\nIST-1GMT0,M10.5.0,M3.5.0/1\n', 'IST'],
    ['TZif2..\n<+1030>-10:30<+11>-11,M10.1.0,M4.1.0\n', '+11'],
    ['TZif2..\n\n', undefined],
    ['TZif', undefined],
    ['CET-1CEST\n', undefined],
  ])('finds in %j the abbreviation %s', (file, name) => {
    expect(abbreviation(file)).toBe(name);
  });

  it.each([
    ['America/New_York', -18_000],
    ['Asia/Kathmandu', 20_700],
    ['UTC', 0],
    ['No/Where', undefined],
  ])('says that %s is %s s ahead of UTC in winter', (zone, seconds) => {
    expect(utcOffset(zone, winter)).toBe(seconds);
  });
});
