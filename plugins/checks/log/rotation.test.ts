import { describe, expect, it } from 'vitest';
import { isRotatedName } from './rotation.ts';

describe('isRotatedName', () => {
  it.each([
    ['app.log.1', true],
    ['app.log.12', true],
    ['app.log-20260101', true],
    ['app-2026-01-01.log', true],
    ['app.1.log', true],
    ['app.log.old', true],
    ['app.log', false],
    ['app.log.1.gz', true],
    ['app.log-20260101.xz', true],
    ['app.log.gz', false],
    ['app-error.log', false],
    ['app.log.txt', false],
    ['other.log.1', false],
  ])('says of %s: %s', (name, is) => expect(isRotatedName(name, 'app.log')).toBe(is));

  it('knows logs without an ending', () => {
    expect(
      ['syslog.1', 'syslog-20260101', 'syslog2', 'syslog.gz'].map((name) => isRotatedName(name, 'syslog')),
    ).toEqual([true, true, false, false]);
  });
});
