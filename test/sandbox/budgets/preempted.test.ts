import { expect, it, vi } from 'vitest';
import { Meter } from '../../../sandbox/budgets/meter.ts';

/** A thread that another one pushes aside whenever it asks the kernel: the wall clock goes on, and what it ran itself does not. */
const thread = vi.hoisted(() => ({ wallMs: 0, ranMs: 0, asideMs: 0 }));

vi.mock('../../../threads/quickjs/thread-time.ts', () => ({
  threadMs: () => {
    thread.wallMs += thread.asideMs;
    return thread.ranMs;
  },
}));

it('counts nothing of the time in which others ran while it was read', () => {
  vi.spyOn(performance, 'now').mockImplementation(() => thread.wallMs);
  thread.asideMs = 300;
  for (const [wallMs, ranMs, spent] of [
    // What the kernel has not counted yet at its next tick.
    [3, 0, 3],
    [3, 3, 3],
    [500, 5, 5],
    [0.5, 0, 0.5],
  ] as const) {
    thread.wallMs += 1000;
    const meter = new Meter();
    thread.wallMs += wallMs;
    thread.ranMs += ranMs;
    expect(meter.spentMs()).toBe(spent);
  }
});
