import { expect, it } from 'vitest';
import { lanSettings } from '../settings.ts';
import { exchangeTimeoutMs, type Options, settingsOf } from './options.ts';

const options = { profile: 'lan', forget_dead: '72h' } as Options;

it('forgets the dead after the time of the options, and the left after five minutes', () => {
  expect(settingsOf(options)).toEqual(lanSettings);
  expect(settingsOf({ ...options, forget_dead: '2d' })).toMatchObject({
    forgetDeadMs: 48 * 3_600_000,
    forgetLeftMs: 300_000,
  });
});

it.each([
  ['lan', 1000, 500, 30_000],
  ['wan', 5000, 3000, 60_000],
  ['local', 1000, 200, 15_000],
] as const)(
  'probes in the profile %s every %i ms, and waits for %i ms',
  (profile, intervalMs, timeoutMs, pushPullMs) => {
    expect(settingsOf({ ...options, profile })).toMatchObject({
      probeIntervalMs: intervalMs,
      probeTimeoutMs: timeoutMs,
      pushPullIntervalMs: pushPullMs,
    });
    expect(exchangeTimeoutMs({ ...options, profile })).toBeGreaterThanOrEqual(5000);
  },
);
