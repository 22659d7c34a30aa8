import { describe, expect, it } from 'vitest';
import { metricOf, readQuantity, readThreshold, stateOf, verdictOf } from './judgement.ts';

describe('readThreshold', () => {
  it.each([
    [10, 0, 10],
    ['500ms:2s', 0.5, 2],
    ['1MiB:', 1048576, null],
    ['~:5%', null, 5],
    ['@2m:1h', 120, 3600],
  ])('reads %s', (text, start, end) => expect(readThreshold(text)).toMatchObject({ start, end }));

  it('takes nothing for none', () => expect(readThreshold(undefined)).toBeUndefined());

  it.each(['', 'ten', '20:10', '1:2:3', '5 apples', '5constructor', ':'.repeat(9)])('refuses %j', (text) =>
    expect(() => readThreshold(text)).toThrow(`'${text}' is no range`),
  );
});

describe('readQuantity', () => {
  it.each([
    ['250ms', 0.25],
    ['5m', 300],
    ['1.5 d', 129_600],
    ['64KiB', 65_536],
    ['30', 30],
  ])('reads %s', (text, value) => expect(readQuantity(text)).toBe(value));

  it.each(['', 'soon', '5 weeks'])('refuses %j', (text) =>
    expect(() => readQuantity(text)).toThrow(`'${text}' is no duration and no size`),
  );
});

describe('stateOf', () => {
  it.each([
    [5, { warning: 10, critical: 20 }, 'ok'],
    [10, { warning: 10, critical: 20 }, 'ok'],
    [15, { warning: 10, critical: 20 }, 'warning'],
    [25, { warning: 10, critical: 20 }, 'critical'],
    [-1, { warning: 10 }, 'warning'],
    [0, { critical: '1:' }, 'critical'],
    [0.7, { warning: '500ms', critical: '2s' }, 'warning'],
    [15, { critical: '@10:20' }, 'critical'],
    [21, { critical: '@10:20' }, 'ok'],
    [1e9, {}, 'ok'],
  ] as const)('says of %d with %j: %s', (value, thresholds, state) =>
    expect(stateOf(value, thresholds)).toBe(state),
  );
});

describe('metricOf', () => {
  it('writes thresholds in the unit of the figure', () => {
    expect(metricOf(0.7, 's', { warning: '500ms', critical: '@~:2m' }, 0)).toEqual({
      value: 0.7,
      unit: 's',
      warning: '0.5',
      critical: '@~:120',
      min: 0,
    });
    expect(metricOf(3, '', { warning: '1:', critical: ':4' })).toEqual({
      value: 3,
      warning: '1:',
      critical: '4',
    });
    expect(metricOf(3, '', { warning: '0:' })).toEqual({ value: 3, warning: '0:' });
  });
});

describe('verdictOf', () => {
  it('shows everything when all is well, and only what is not otherwise, the worst first', () => {
    const ok = { state: 'ok', text: 'a' } as const;
    const warning = { state: 'warning', text: 'b' } as const;
    const critical = { state: 'critical', text: 'c' } as const;
    expect(verdictOf('x', [ok, ok])).toEqual({ state: 'ok', output: 'x: a; a' });
    expect(verdictOf('x', [warning, ok, critical])).toEqual({ state: 'critical', output: 'x: c; b' });
    expect(verdictOf('x', [{ state: 'unknown', text: 'd' }, ok])).toMatchObject({ state: 'unknown' });
  });
});
