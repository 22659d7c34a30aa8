import { describe, expect, it } from 'vitest';
import { backOffMs } from '../../../core/host/back-off.ts';
import { RunCounter } from '../../../core/host/figures.ts';

describe('back-off', () => {
  it.each([
    [0, 10_000, 0],
    [2, 10_000, 0],
    [3, 10_000, 20_000],
    [4, 10_000, 40_000],
    [7, 10_000, 300_000],
    [1000, 10_000, 300_000],
    [3, 3_600_000, 3_600_000],
  ])('after %i failures of an object every %i ms waits %i ms more', (failures, interval, expected) => {
    expect(backOffMs(failures, interval)).toBe(expected);
  });
});

describe('run counter', () => {
  it('counts runs, errors and timeouts, and takes the 99th percentile of the last 128 runs', () => {
    const counter = new RunCounter();
    expect(counter.figures()).toMatchObject({ runs: 0, lastMs: null, p99Ms: null });
    counter.ran(9999, 'OPSBRO_PLUGIN_TIMEOUT');
    for (let run = 1; run <= 128; run += 1) counter.ran(run, null, 1000 + run);
    counter.ran(7, 'OPSBRO_PLUGIN_FAILED');
    expect(counter.figures()).toEqual({
      runs: 130,
      errors: 2,
      timeouts: 1,
      restarts: 0,
      lastMs: 7,
      p99Ms: 127,
      heapBytes: 1128,
      lastError: 'OPSBRO_PLUGIN_FAILED',
    });
  });
});
