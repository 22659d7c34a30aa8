import { counterChange, counterSample, type Json } from 'opsbro/sdk';
import { testClock } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';

describe('counterChange', () => {
  it('gives growth and seconds between two samples', () => {
    const clock = testClock();
    const first = counterSample(clock, { a: 5, b: 1 });
    clock.advance(2500);
    const change = counterChange(first, counterSample(clock, { a: 10, b: 1, fresh: 3 }));
    expect(change).toEqual({ seconds: 2.5, deltas: { a: 5, b: 0 } });
  });

  it('leaves out a counter that went backwards', () => {
    const clock = testClock();
    const first = counterSample(clock, { reset: 500, fine: 1 });
    clock.advance(1000);
    expect(counterChange(first, counterSample(clock, { reset: 4, fine: 2 }))?.deltas).toEqual({ fine: 1 });
  });

  it.each([
    ['an hour forward', 3_600_000],
    ['an hour back', -3_600_000],
  ])('trusts nothing after the wall clock jumped %s, and recovers with the next sample', (_, stepMs) => {
    const clock = testClock();
    const first = counterSample(clock, { a: 1 });
    clock.step(stepMs);
    clock.advance(1000);
    const second = counterSample(clock, { a: 2 });
    expect(counterChange(first, second)).toBeUndefined();
    clock.advance(1000);
    expect(counterChange(second, counterSample(clock, { a: 3 }))?.deltas).toEqual({ a: 1 });
  });

  it('trusts nothing from before a restart, when the monotonic clock starts anew', () => {
    const before = { monotonicMs: 5_000, wallMs: 1_000_000, counters: { a: 1 } };
    const after = { monotonicMs: 6_000, wallMs: 1_010_000, counters: { a: 9 } };
    expect(counterChange(before, after)).toBeUndefined();
  });

  it.each([
    undefined,
    null,
    3,
    'x',
    [],
    {},
    { monotonicMs: 1, wallMs: 1, counters: null },
    { monotonicMs: '1' },
  ])('trusts nothing in %j', (kept) => {
    expect(counterChange(kept as Json, { monotonicMs: 2, wallMs: 2, counters: { a: 1 } })).toBeUndefined();
  });

  it('gives nothing when no time passed', () => {
    const sample = counterSample(testClock(), { a: 1 });
    expect(counterChange(sample, sample)).toBeUndefined();
  });
});
