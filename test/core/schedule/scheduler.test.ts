import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Due, DueSlots } from '../../../core/schedule/due-slots.ts';
import { nextDue, phaseOf } from '../../../core/schedule/phase.ts';
import { Scheduler } from '../../../core/schedule/scheduler.ts';
import { HandClock } from './test-clock.ts';

interface Run {
  id: string;
  atMs: number;
}

function schedule(): { clock: HandClock; scheduler: Scheduler; runs: Run[]; ticks: string[][] } {
  const clock = new HandClock();
  const runs: Run[] = [];
  const ticks: string[][] = [];
  const scheduler: Scheduler = new Scheduler({
    clock,
    onDue(ids, atMs) {
      ticks.push(ids);
      for (const id of ids) {
        runs.push({ id, atMs });
        if (!id.startsWith('slow')) scheduler.finished(id);
      }
    },
  });
  scheduler.start();
  return { clock, scheduler, runs, ticks };
}

describe('phase', () => {
  it('puts every due time on a multiple of the interval plus the phase, after now', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 50, max: 86_400_000 }), fc.nat(1e9), (id, interval, now) => {
        const phase = phaseOf(id, interval);
        const due = nextDue(now, interval, phase);
        expect(phase).toBeGreaterThanOrEqual(0);
        expect(phase).toBeLessThan(interval);
        expect(due).toBeGreaterThan(now);
        expect(due - now).toBeLessThanOrEqual(interval);
        expect((due - phase) % interval).toBe(0);
      }),
    );
  });

  it('spreads 10,000 objects evenly', () => {
    const perSecond = new Array<number>(10).fill(0);
    for (let index = 0; index < 10_000; index += 1) {
      const second = Math.floor(phaseOf(`pack/check/c${index}`, 10_000) / 1000);
      perSecond[second] = (perSecond[second] ?? 0) + 1;
    }
    expect(Math.min(...perSecond)).toBeGreaterThan(800);
    expect(Math.max(...perSecond)).toBeLessThan(1200);
  });
});

describe('due slots', () => {
  it('give what is due, and when the first is, whatever was added, changed, removed and taken', () => {
    const step = fc.record({
      which: fc.nat(7),
      dueMs: fc.nat(500),
      what: fc.constantFrom('put', 'remove', 'take'),
      most: fc.constantFrom(undefined, 1, 3),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const slots = new DueSlots<Due>(50);
        const all = Array.from({ length: 8 }, (): Due => ({ dueMs: 0, slot: undefined }));
        let inside = new Set<Due>();
        for (const { which, dueMs, what, most } of steps) {
          const entry = all[which]!;
          if (what === 'put') {
            entry.dueMs = dueMs;
            slots.put(entry);
            inside.add(entry);
          } else if (what === 'remove') {
            slots.remove(entry);
            inside.delete(entry);
          } else {
            const ended = [...inside].filter((one) => Math.ceil(one.dueMs / 50) * 50 <= dueMs);
            const taken = slots.take(dueMs, most);
            expect(taken).toHaveLength(Math.min(ended.length, most ?? 8));
            expect(taken.every((one) => ended.includes(one))).toBe(true);
            inside = new Set([...inside].filter((one) => !taken.includes(one)));
            expect(slots.size).toBe(inside.size);
          }
          expect(slots.size).toBe(inside.size);
          expect(slots.firstMs).toBe(Math.min(...[...inside].map((one) => Math.ceil(one.dueMs / 50) * 50)));
        }
      }),
    );
  });
});

describe('scheduler', () => {
  it('runs a new object at the next tick, then on its phase without drift', () => {
    const { clock, scheduler, runs } = schedule();
    scheduler.add('a', 10_000);
    clock.advance(100_000);
    expect(runs[0]?.atMs).toBeLessThanOrEqual(50);
    const phase = phaseOf('a', 10_000);
    for (const { atMs } of runs.slice(1)) {
      const offset = (((atMs - phase) % 10_000) + 10_000) % 10_000;
      expect(offset).toBeLessThanOrEqual(50);
    }
    expect(runs.length).toBeGreaterThanOrEqual(10);
  });

  it('keeps phase and counters when the same object is added again', () => {
    const { clock, scheduler } = schedule();
    scheduler.add('a', 10_000);
    clock.freeze(35_000);
    clock.advance(100);
    const due = scheduler.figures('a')?.dueMs;
    scheduler.add('a', 10_000);
    clock.advance(100);
    expect(scheduler.figures('a')).toMatchObject({ late: 1 });
    expect(scheduler.figures('a')?.dueMs).toBe(due);
  });

  it('skips and counts an object that still runs when it is due', () => {
    const { clock, scheduler, runs } = schedule();
    scheduler.add('slow', 1000);
    clock.advance(5000);
    expect(runs).toHaveLength(1);
    expect(scheduler.figures('slow')?.skipped).toBeGreaterThanOrEqual(4);
    scheduler.finished('slow');
    const { skipped } = scheduler.figures('slow')!;
    expect(scheduler.totals().skipped).toBe(skipped);
    clock.advance(1100);
    expect(runs).toHaveLength(2);
    expect(scheduler.totals().skipped).toBe(skipped);
  });

  it('waits for the end of what runs, not for its times, and can still be asked to come sooner', () => {
    const { clock, scheduler, runs } = schedule();
    scheduler.add('slow', 10_000);
    clock.advance(30_000);
    expect(scheduler.queued).toBe(0);
    scheduler.runWithin('slow', 500);
    scheduler.finished('slow');
    clock.advance(600);
    expect(runs).toHaveLength(2);
    expect(scheduler.figures('slow')?.skipped).toBeGreaterThanOrEqual(2);
  });

  it('runs once more after a run during which it was asked for', () => {
    const { clock, scheduler, runs } = schedule();
    scheduler.add('slow', 60_000);
    clock.advance(60);
    scheduler.runNow('slow');
    clock.advance(200);
    expect(runs).toHaveLength(1);
    scheduler.finished('slow');
    clock.advance(60);
    expect(runs).toHaveLength(2);
  });

  it('brings everything due in one tick as one batch', () => {
    const { clock, scheduler, ticks } = schedule();
    for (let index = 0; index < 100; index += 1) scheduler.add(`x${index}`, 60_000);
    clock.advance(60);
    expect(ticks).toHaveLength(1);
    expect(ticks[0]).toHaveLength(100);
  });

  it('brings very many in several turns of the loop, each once and in their order, within the tick', () => {
    const { clock, scheduler, ticks } = schedule();
    const ids = Array.from({ length: 1000 }, (_, index) => `x${index}`);
    for (const id of ids) scheduler.add(id, 60_000);
    clock.advance(50);
    expect(ticks.length).toBeGreaterThanOrEqual(5);
    expect(Math.max(...ticks.map((tick) => tick.length))).toBeLessThanOrEqual(200);
    expect(ticks.flat()).toEqual(ids);
  });

  it('brings however many in no more turns than its owner has room for', () => {
    const { clock, scheduler, ticks } = schedule();
    for (let index = 0; index < 60_000; index += 1) scheduler.add(`x${index}`, 600_000);
    clock.advance(50);
    expect(ticks).toHaveLength(50);
  });

  it('brings the rest of very many though its owner fails at the first, and none once it is stopped', () => {
    const clock = new HandClock();
    const brought: string[] = [];
    const scheduler: Scheduler = new Scheduler({
      clock,
      onDue(ids) {
        brought.push(...ids);
        if (brought.length === 200) throw new Error('not these');
        if (brought.length === 600) scheduler.stop();
      },
    });
    scheduler.start();
    for (let index = 0; index < 1000; index += 1) scheduler.add(`x${index}`, 60_000);
    expect(() => clock.advance(50)).toThrow('not these');
    clock.advance(1000);
    expect(brought).toHaveLength(600);
  });

  it('postpones a failing object and stays on its phase', () => {
    const { clock, scheduler, runs } = schedule();
    scheduler.add('slow', 10_000);
    clock.advance(60);
    scheduler.finished('slow', 40_000);
    clock.advance(39_000);
    expect(runs).toHaveLength(1);
    clock.advance(11_100);
    expect(runs).toHaveLength(2);
    const phase = phaseOf('slow', 10_000);
    expect(((((runs[1]?.atMs ?? 0) - phase) % 10_000) + 10_000) % 10_000).toBeLessThanOrEqual(50);
  });

  it('neither bursts nor stalls when the wall clock steps an hour either way', () => {
    const { clock, scheduler, runs } = schedule();
    scheduler.add('a', 10_000);
    clock.advance(100_000);
    const steady = runs.length;
    clock.stepWall(3_600_000);
    clock.advance(100_000);
    clock.stepWall(-7_200_000);
    clock.advance(100_000);
    expect(runs.length - steady).toBe(20);
  });

  it('runs each object once after the process was stopped for a while, and counts it late', () => {
    const { clock, scheduler, runs } = schedule();
    scheduler.add('a', 1000);
    clock.advance(2000);
    const before = runs.length;
    clock.freeze(60_000);
    clock.advance(1);
    expect(runs.length - before).toBe(1);
    expect(scheduler.figures('a')?.late).toBe(1);
    expect(scheduler.loopDelay().max).toBeGreaterThan(50_000);
  });

  it('tells the delay of the last ticks by themselves', () => {
    const { clock, scheduler } = schedule();
    scheduler.add('a', 1000);
    clock.advance(2000);
    clock.freeze(60_000);
    clock.advance(5000);
    expect(scheduler.loopDelay().max).toBeGreaterThan(50_000);
    expect(scheduler.loopDelay(3).max).toBeLessThan(1);
    expect(scheduler.loopDelay(1_000_000).max).toBeGreaterThan(50_000);
  });

  it('keeps one due time of an object, however often it changes', () => {
    const { clock, scheduler, runs } = schedule();
    scheduler.add('a', 86_400_000);
    for (let round = 0; round < 1000; round += 1) {
      scheduler.remove('b');
      scheduler.add('b', 86_400_000);
      scheduler.runNow('a');
      clock.advance(50);
    }
    expect(scheduler.queued).toBe(2);
    const before = runs.length;
    clock.advance(1.5 * 86_400_000);
    expect([...new Set(runs.slice(before).map(({ id }) => id))].sort()).toEqual(['a', 'b']);
    expect(runs.length - before).toBeLessThanOrEqual(4);
  });

  it('ticks less often while nothing is due, and at once when something is', () => {
    const { clock, scheduler, runs } = schedule();
    scheduler.add('a', 3_600_000);
    clock.advance(1000);
    const before = clock.wakes;
    clock.advance(10_000);
    expect(clock.wakes - before).toBeLessThanOrEqual(41);
    scheduler.runNow('a');
    clock.advance(50);
    expect(runs).toHaveLength(2);
  });

  it('does not follow a run out of phase with one in phase a moment later', () => {
    for (let object = 0; object < 50; object += 1) {
      const { clock, scheduler, runs } = schedule();
      scheduler.add(`object ${object}`, 10_000);
      clock.advance(4900);
      expect(runs).toHaveLength(1);
      clock.advance(10_200);
      expect(runs.length).toBeGreaterThanOrEqual(2);
    }
  });

  it('takes a tick that comes a moment early for the one that was due', () => {
    const { clock, scheduler, runs } = schedule();
    scheduler.add('a', 1000);
    clock.advance(1500);
    const before = runs.length;
    clock.earlyMs = 0.4;
    clock.advance(4000);
    expect(runs.length - before).toBe(4);
    for (const { atMs } of runs.slice(before))
      expect((atMs - phaseOf('a', 1000) + 1) % 1000).toBeLessThan(1.5);
  });

  it('forgets a removed object', () => {
    const { clock, scheduler, runs } = schedule();
    scheduler.add('a', 1000);
    scheduler.remove('a');
    clock.advance(5000);
    expect(runs).toHaveLength(0);
  });

  it('stops', () => {
    const { clock, scheduler, runs } = schedule();
    scheduler.add('a', 1000);
    clock.advance(1100);
    const before = runs.length;
    scheduler.stop();
    clock.advance(10_000);
    expect(runs).toHaveLength(before);
  });
});

describe('runWithin', () => {
  it('brings a run forward, and puts none off', () => {
    const { clock, scheduler, runs } = schedule();
    scheduler.add('a', 60_000);
    clock.advance(100);
    scheduler.runWithin('a', 2000);
    clock.advance(1900);
    expect(runs).toHaveLength(1);
    clock.advance(150);
    expect(runs).toHaveLength(2);
    const due = scheduler.figures('a')?.dueMs ?? 0;
    scheduler.runWithin('a', 500_000);
    expect(scheduler.figures('a')?.dueMs).toBe(due);
    scheduler.runWithin('nobody', 1);
    clock.advance(30_000);
    expect(runs).toHaveLength(2);
  });
});
