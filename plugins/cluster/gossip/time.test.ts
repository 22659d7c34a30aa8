import { expect, it } from 'vitest';
import { lanSettings, localSettings, wanSettings } from './settings.ts';
import { pushPullMs, retransmitLimit, stretched, suspicionBounds, suspicionMs } from './time.ts';

// The columns of memberlist's defaults on a local network.
it.each([
  [3, 4, 4, 4, 30],
  [32, 6.02, 36.12, 8, 30],
  [128, 8.43, 50.57, 12, 90],
  [1000, 12, 72, 16, 180],
  [10_000, 16, 96, 20, 300],
])('gives %i members the times of memberlist', (members, min, max, sends, exchange) => {
  const bounds = suspicionBounds(lanSettings, members);
  expect(bounds.minMs / 1000).toBeCloseTo(min, 1);
  expect(bounds.maxMs / 1000).toBeCloseTo(max, 1);
  expect(retransmitLimit(lanSettings.retransmitMult, members)).toBe(sends);
  expect(pushPullMs(lanSettings.pushPullIntervalMs, members) / 1000).toBe(exchange);
});

it('shortens a suspicion with each confirmation, down to the minimum', () => {
  const bounds = { minMs: 2000, maxMs: 30_000, needed: 3 };
  const times = [0, 1, 2, 3, 4].map((confirmations) => suspicionMs(confirmations, bounds));
  expect(times).toEqual([30_000, 16_000, 7810, 2000, 2000]);
});

it('waits for no confirmation where too few can give one, nor in plain SWIM', () => {
  expect(suspicionBounds(lanSettings, 3)).toEqual({ minMs: 4000, maxMs: 4000, needed: 0 });
  expect(suspicionBounds({ ...lanSettings, lifeguard: false }, 100).needed).toBe(0);
});

it('stretches up to eightfold', () => {
  expect([0, 1, 7].map((score) => stretched(500, score))).toEqual([500, 1000, 4000]);
});

it('has a profile for long links and one for a single host', () => {
  expect([wanSettings.probeTimeoutMs, localSettings.probeTimeoutMs]).toEqual([3000, 200]);
});
