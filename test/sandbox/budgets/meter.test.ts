import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Meter } from '../../../sandbox/budgets/meter.ts';
import { threadMs } from '../../../threads/quickjs/thread-time.ts';

const rest = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

function work(ms: number): void {
  const until = threadMs() + ms;
  while (threadMs() < until);
}

/** What a reading may be off: a tick of the kernel, and the age of the one that it began with. */
const blurMs = 12;

describe.skipIf(!existsSync('/proc/thread-self/schedstat'))('a meter of processor time', () => {
  it('counts what this thread worked, and not that it waited', () => {
    const meter = new Meter();
    rest(60);
    expect(meter.spentMs()).toBeLessThan(blurMs);
    expect(meter.isBeyond(blurMs)).toBe(false);
    work(60);
    expect(meter.spentMs()).toBeGreaterThan(60 - blurMs);
    expect(meter.isBeyond(60 - blurMs)).toBe(true);
  });

  it('begins with what was read a moment ago, and charges no more than has passed', () => {
    work(20);
    const began = performance.now();
    const meter = new Meter();
    while (performance.now() - began < 3);
    expect(meter.spentMs()).toBeLessThanOrEqual(performance.now() - began);
  });

  it('takes what is short by the clock on the wall', () => {
    const meter = new Meter();
    const found = [meter.spentMs(), meter.spentMs(), meter.spentMs()];
    expect(found[0]).toBeGreaterThan(0);
    expect(found).toEqual([...found].sort((one, other) => one - other));
  });
});
