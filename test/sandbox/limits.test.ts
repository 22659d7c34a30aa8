import { expect, it } from 'vitest';
import { defaultLimits, largestLimits, readLimits } from '../../sandbox/limits.ts';

it('fills in what a manifest does not say', () => {
  expect(readLimits(undefined)).toEqual(defaultLimits);
  expect(readLimits({ cpu: '50ms', memory: '64MiB', metrics: 5 })).toEqual({
    ...defaultLimits,
    cpuMs: 50,
    memoryBytes: 64 * 2 ** 20,
    metrics: 5,
  });
});

it('gives no plugin more than the most', () => {
  expect(readLimits({ cpu: '1h', memory: '100GiB', output: '1GiB', host_calls: 1e9 })).toMatchObject({
    cpuMs: largestLimits.cpuMs,
    memoryBytes: largestLimits.memoryBytes,
    outputBytes: largestLimits.outputBytes,
    hostCalls: largestLimits.hostCalls,
  });
});

it('gives the engine what it needs to start', () => {
  expect(readLimits({ memory: '1MiB' }).memoryBytes).toBe(16 * 2 ** 20);
});
