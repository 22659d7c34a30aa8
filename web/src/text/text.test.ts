import { describe, expect, it } from 'vitest';
import { agoText, clockText, spanText, utcTime, withLocalTimes } from './age.ts';
import { countText, numberText, sizeText } from './quantity.ts';
import { commandLine, quoted } from './shell.ts';
import { valueText } from './value.ts';

describe('texts', () => {
  it.each([
    [0, '0s'],
    [59.9, '59s'],
    [60, '1m'],
    [3599, '59m'],
    [3600, '1h'],
    [12_000, '3h 20m'],
    [86_400, '1d'],
    [180_000, '2d 2h'],
    [-3, '0s'],
  ])('of %d seconds: %s', (seconds, text) => {
    expect(spanText(seconds)).toBe(text);
  });

  it('of moments', () => {
    expect(agoText(1000, 61_000)).toBe('1m ago');
    expect(agoText('1970-01-01T00:00:01Z', 1000)).toBe('0s ago');
    expect(agoText(120_000, 0)).toBe('in 2m');
    expect([agoText(null, 0), agoText('never', 0), clockText('never'), clockText(null)]).toEqual([
      '',
      '',
      '',
      '',
    ]);
    expect(clockText(new Date(2026, 0, 2, 3, 4, 5).getTime())).toBe('2026-01-02 03:04:05');
    expect(utcTime('2026-01-02 03:04:05')).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
    const until = new Date(2026, 0, 2, 3, 4, 5, 6).toISOString();
    expect(withLocalTimes(`silence of ann until ${until}: v1.2`)).toBe(
      'silence of ann until 2026-01-02 03:04:05: v1.2',
    );
  });

  it('of quantities', () => {
    expect([0, 1023, 1024, 1536, 10 * 1024, 5 * 2 ** 30].map(sizeText)).toEqual([
      ...['0 B', '1023 B', '1.0 KiB', '1.5 KiB', '10 KiB', '5.0 GiB'],
    ]);
    expect([0, 1234567, 1234.56, 0.123456, 12.3456, -0.5, Number.NaN].map(numberText)).toEqual([
      ...['0', '1,234,567', '1,235', '0.1235', '12.35', '-0.5', 'NaN'],
    ]);
    expect([countText(1, 'check'), countText(2000, 'check')]).toEqual(['1 check', '2,000 checks']);
  });

  it('of values', () => {
    expect(['a', 1.23456, true, null, [1], undefined].map(valueText)).toEqual([
      ...['a', '1.235', 'true', 'null', '[1]', ''],
    ]);
  });

  it('of commands', () => {
    expect(commandLine('opsbro', undefined, 'ack', '$(x)', '')).toBe("opsbro ack '$(x)' ''");
    expect(quoted('linux/check/disks')).toBe('linux/check/disks');
  });
});
