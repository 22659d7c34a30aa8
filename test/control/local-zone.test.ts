import { mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { zoneOf } from '../../alerting/calendar/zone.ts';
import { LocalZone, settleTimeZone } from '../../control/local-zone.ts';

const zone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone;
const before = process.env.TZ;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-zone-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
  if (before === undefined) delete process.env.TZ;
  else process.env.TZ = before;
});

describe('the zone of the process', () => {
  it.each([
    ['Asia/Kolkata', /^Asia\/(Kolkata|Calcutta)$/],
    ['America/St_Johns', /^America\/St_Johns$/],
    [':Europe/Paris', /^Europe\/Paris$/],
    ['/usr/share/zoneinfo/Europe/Paris', /^Europe\/Paris$/],
    [':/usr/share/zoneinfo/posix/Europe/Paris', /^Europe\/Paris$/],
    ['', /^UTC$/],
  ])('has a name with TZ=%s', (tz, name) => {
    process.env.TZ = tz;
    expect(settleTimeZone(process.env)).toBeNull();
    expect(zone()).toMatch(name);
  });

  it('is that of the host with TZ=:/etc/localtime', () => {
    delete process.env.TZ;
    const host = zone();
    process.env.TZ = ':/etc/localtime';
    expect(settleTimeZone(process.env)).toBeNull();
    expect(process.env.TZ).toBeUndefined();
    expect(zone()).toBe(host);
  });

  it.each(['Mars/Olympus', 'IST-5:30', '../../etc/passwd'])('is UTC, with a warning, with TZ=%s', (tz) => {
    process.env.TZ = tz;
    expect(settleTimeZone(process.env)).toMatch(`TZ='${tz}' names no time zone`);
    expect(zoneOf(zone())?.name).toBe('UTC');
  });
});

describe('the zone of the host', () => {
  const link = (): string => join(folder, 'localtime');
  const point = (name: string): void => {
    symlinkSync(`/usr/share/zoneinfo/${name}`, `${link()}.next`);
    renameSync(`${link()}.next`, link());
  };

  it('is looked for again when its file became another', () => {
    delete process.env.TZ;
    const looked: string[] = [];
    // Deleting TZ is what makes Node look; the file of this host stays as it is, so the test gives the answer.
    const env = new Proxy(process.env, {
      deleteProperty(_, key) {
        looked.push(String(key));
        process.env.TZ = 'Asia/Kolkata';
        return true;
      },
      get: () => undefined,
    });
    point('Etc/UTC');
    const watched = new LocalZone(env, link());
    point('Asia/Kolkata');
    expect(watched.look()).toBe(true);
    expect(watched.look()).toBe(false);
    rmSync(link());
    expect(watched.look()).toBe(false);
    expect(looked).toEqual(['TZ', 'TZ']);
  });

  it('is no question where TZ names one', () => {
    point('Etc/UTC');
    const watched = new LocalZone({ TZ: 'Asia/Kolkata' }, link());
    point('Europe/Paris');
    expect(watched.look()).toBe(false);
  });
});
