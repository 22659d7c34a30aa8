import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { commitAll, defer, deferredWork, isDeferred, onDeferred, undo, undoMs } from './deferred.ts';
import { stretchOf } from './windowed.ts';

describe('a windowed list', () => {
  it.each([
    [20_000, 36, 0, 720, { first: 0, last: 28 }],
    [20_000, 36, 3600, 720, { first: 92, last: 128 }],
    [20_000, 36, 720_000, 720, { first: 19_992, last: 20_000 }],
    [3, 36, 0, 720, { first: 0, last: 3 }],
    // It became shorter while it was scrolled down.
    [5, 36, 72_000, 720, { first: 4, last: 5 }],
  ])('of %d rows of %d px, scrolled by %d, in %d draws %j', (count, row, top, height, expected) => {
    expect(stretchOf(count, row, top, height)).toEqual(expected);
  });
});

describe('what can be taken back', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    for (const { key } of deferredWork()) undo(key);
    vi.useRealTimers();
  });

  it('is done after a while, and gone then', async () => {
    const run = vi.fn(async () => undefined);
    const told = vi.fn();
    const end = onDeferred(told);
    defer('a', 'Deletes a', run);
    expect([isDeferred('a'), run.mock.calls.length]).toEqual([true, 0]);
    await vi.advanceTimersByTimeAsync(undoMs);
    expect([isDeferred('a'), run.mock.calls]).toEqual([false, [[false]]]);
    expect(told).toHaveBeenCalledTimes(2);
    end();
  });

  it('is not done once it was taken back', async () => {
    const run = vi.fn(async () => undefined);
    defer('a', 'Deletes a', run);
    undo('a');
    await vi.advanceTimersByTimeAsync(2 * undoMs);
    expect(run).not.toHaveBeenCalled();
  });

  it('is done at once when the page goes away', async () => {
    const run = vi.fn(async () => undefined);
    defer('a', 'Deletes a', run);
    commitAll();
    await vi.advanceTimersByTimeAsync(2 * undoMs);
    expect(run.mock.calls).toEqual([[true]]);
  });

  it('says why it failed until that is read', async () => {
    defer('a', 'Deletes a', async () => {
      throw new Error('no service 7');
    });
    await vi.advanceTimersByTimeAsync(undoMs);
    expect(deferredWork().map(({ error }) => error)).toEqual(['Deletes a: no service 7']);
    expect(isDeferred('a')).toBe(false);
    undo('a');
    expect(deferredWork()).toEqual([]);
  });
});
