import { describe, expect, it } from 'vitest';
import {
  allowedNext,
  chooseNext,
  type GroupBounds,
  type LaneView,
  threadsToStart,
} from '../../../threads/pool/pool-policy.ts';

const bounds: GroupBounds = { min: 1, max: 16, starting: 2, processors: 2, elastic: true };
const idle: LaneView = { state: 'idle', busyMs: 0, overrun: false, unproven: false };
const starting: LaneView = { state: 'starting', busyMs: 0, overrun: false, unproven: false };
const fresh: LaneView = { state: 'busy', busyMs: 10, overrun: false, unproven: false };
const stuck: LaneView = { state: 'busy', busyMs: 500, overrun: false, unproven: false };
const overrun: LaneView = { state: 'busy', busyMs: 5000, overrun: true, unproven: false };
const loading: LaneView = { state: 'busy', busyMs: 300, overrun: false, unproven: true };
const times = <T>(count: number, value: T): T[] => new Array<T>(count).fill(value);
const waits = (waitedMs: number, pace: 'fast' | 'unproven' | 'slow' = 'unproven') => ({ waitedMs, pace });

describe('threadsToStart', () => {
  it.each([
    ['the first thread at once', [], [], 48, 1],
    ['nothing while a thread is free', [idle], [waits(60)], 48, 0],
    ['nothing for a job that waited less than 50 ms', [fresh], [waits(49)], 48, 0],
    ['one for a job that waited 50 ms', [fresh], [waits(50)], 48, 1],
    ['two for two jobs that waited', [fresh], [waits(60), waits(50)], 48, 2],
    ['no more than two at a time', [fresh], times(9, waits(60)), 48, 2],
    ['only what those that start do not cover', [fresh, starting], [waits(60)], 48, 0],
    ['nothing beyond the room there is', [fresh], times(9, waits(60)), 1, 1],
    ['nothing without room', [fresh], [waits(60)], 0, 0],
    ['nothing beyond sixteen for slow jobs', times(16, stuck), [waits(60, 'slow')], 32, 1],
    ['nothing for slow jobs beside a busy spare', [...times(16, stuck), fresh], [waits(60, 'slow')], 31, 0],
    ['one for a fast job when sixteen hang', [...times(16, stuck), fresh], [waits(60, 'fast')], 31, 1],
    ['nothing when sixteen work briefly', times(16, fresh), [waits(60, 'fast')], 32, 0],
    [
      'one for a slow job when some overran their timeouts',
      [...times(15, stuck), overrun],
      [waits(60, 'slow')],
      32,
      1,
    ],
    ['a spare when all threads are held', [stuck], [], 47, 1],
    ['no second spare', [stuck, starting], [], 46, 0],
    ['no spare while a thread works briefly', [stuck, fresh], [], 46, 0],
    ['one a processor for first runs', [loading], [waits(60)], 47, 1],
    ['no more for first runs', [loading, loading], [waits(390)], 46, 0],
    ['more for first runs that take long', [loading, loading], [waits(400)], 46, 1],
    ['more for plugins known as fast', [loading, loading], [waits(50, 'fast')], 46, 1],
  ] as const)('starts %s', (_, lanes, waiting, room, count) => {
    expect(threadsToStart(lanes, waiting, bounds, room)).toBe(count);
  });

  it('keeps no spare and no minimum for the penalty group', () => {
    const penalty = { min: 0, max: 2, starting: 1, processors: 2, elastic: false };
    expect(threadsToStart([], [], penalty, 40)).toBe(0);
    expect(threadsToStart([], [waits(0, 'slow')], penalty, 40)).toBe(1);
    expect(threadsToStart([stuck], [], penalty, 40)).toBe(0);
    expect(threadsToStart([stuck], [waits(60, 'slow')], penalty, 40)).toBe(1);
    expect(threadsToStart([stuck, stuck], [waits(60, 'slow')], penalty, 40)).toBe(0);
    expect(threadsToStart([stuck, overrun], [waits(60, 'slow')], penalty, 40)).toBe(0);
  });
});

describe('chooseNext', () => {
  const all = { slow: true, unproven: true };
  it.each([
    ['the one that waited longest among equals', [waits(5), waits(9), waits(7)], all, 1],
    ['a fast one before one that is not known', [waits(90), waits(1, 'fast')], all, 1],
    ['one that is not known before a slow one', [waits(90, 'slow'), waits(1)], all, 1],
    ['a slow one that waited for long', [waits(1, 'fast'), waits(10_100, 'slow')], all, 1],
    ['no slow one while they hold what they may', [waits(10_100, 'slow')], { ...all, slow: false }, -1],
    ['none that is not known while it may not', [waits(4999)], { ...all, unproven: false }, -1],
    ['one that is not known after its handicap', [waits(5000)], { ...all, unproven: false }, 0],
    ['nothing from an empty queue', [], all, -1],
  ] as const)('picks %s', (_, waiting, allowed, index) => {
    expect(chooseNext(waiting, allowed)).toBe(index);
  });
});

describe('allowedNext', () => {
  it('counts threads that are held and did not overrun', () => {
    expect(allowedNext(times(16, stuck), bounds).slow).toBe(false);
    expect(allowedNext([...times(15, stuck), overrun, fresh, idle], bounds).slow).toBe(true);
  });

  it('keeps the last free thread from what nobody knows while another is held for long', () => {
    expect(allowedNext([fresh, idle], bounds).unproven).toBe(true);
    expect(allowedNext([stuck, idle], bounds).unproven).toBe(false);
    expect(allowedNext([stuck, idle, idle], bounds).unproven).toBe(true);
    expect(allowedNext([stuck, idle], { ...bounds, elastic: false }).unproven).toBe(true);
  });

  it('starts a thread for what may not have the last one', () => {
    expect(threadsToStart([stuck, idle], [waits(390)], bounds, 46)).toBe(0);
    expect(threadsToStart([stuck, idle], [waits(400)], bounds, 46)).toBe(1);
    expect(threadsToStart([stuck, idle, starting], [waits(400)], bounds, 45)).toBe(0);
    expect(threadsToStart([stuck, idle], [waits(400, 'slow')], bounds, 46)).toBe(0);
  });
});
