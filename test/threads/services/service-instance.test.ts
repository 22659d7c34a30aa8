import { describe, expect, it } from 'vitest';
import type { ServiceRequest } from '../../../threads/protocol.ts';
import type { ServiceThreadEvents } from '../../../threads/service-lane.ts';
import { HandClock } from '../../core/schedule/test-clock.ts';
import { entryOf, object, openHost, type Seen } from './service-fixtures.ts';

/** A thread that does nothing but what the test makes it do. */
class QuietThread {
  readonly posted: ServiceRequest[] = [];
  readonly events: ServiceThreadEvents;
  beat = 0;
  taken = 0;
  times = { usedMs: 1, waitedMs: 1 };
  ended = false;

  constructor(events: ServiceThreadEvents) {
    this.events = events;
  }

  get handle() {
    return {
      post: (request: ServiceRequest) => this.posted.push(request),
      acknowledge: () => undefined,
      taken: () => this.taken,
      times: () => ({ ...this.times }),
      figures: () => ({ beat: this.beat, heapUsedBytes: 0, externalBytes: 0, emitsDropped: 0 }),
      terminate: () => {
        this.ended = true;
      },
    };
  }
}

function openQuiet(): Seen & { clock: HandClock; threads: QuietThread[] } {
  const clock = new HandClock();
  const threads: QuietThread[] = [];
  const seen = openHost({
    clock,
    limits: { firstMs: 500, longestMs: 60_000, jitter: 0.2, failures: 8, windowMs: 600_000 },
    random: () => 0.5,
    openThread: (events) => {
      const thread = new QuietThread(events);
      threads.push(thread);
      return thread.handle;
    },
  });
  return { ...seen, clock, threads };
}

async function runningQuiet(): Promise<ReturnType<typeof openQuiet>> {
  const quiet = openQuiet();
  const starts = quiet.host.start(entryOf('service-healthy'), object);
  await expect.poll(() => quiet.threads.length).toBe(1);
  quiet.threads[0]!.events.reply({ type: 'started' });
  await starts;
  return quiet;
}

describe('a service on a clock that is moved by hand', () => {
  it('waits 0.5, 1, 2 … seconds between restarts', async () => {
    const { clock, threads, states } = await runningQuiet();
    for (const pauseMs of [500, 1000, 2000, 4000]) {
      const before = threads.length;
      threads.at(-1)!.events.gone(false);
      clock.advance(pauseMs - 1);
      expect(threads.length).toBe(before);
      clock.advance(1);
      expect(threads.length).toBe(before + 1);
    }
    expect(states.at(-1)).toBe('starting');
  });

  it('gives a start thirty seconds and a release three', async () => {
    const { host, clock, threads, states } = openQuiet();
    const starts = host.start(entryOf('service-healthy'), object);
    await expect.poll(() => threads.length).toBe(1);
    clock.advance(30_010);
    expect(threads[0]!.posted.map(({ type }) => type)).toEqual(['start', 'stop']);
    expect(threads[0]!.ended).toBe(false);
    clock.advance(3000);
    await starts;
    expect(threads[0]!.ended).toBe(true);
    expect(states).toEqual(['starting', 'backoff']);
  });

  it('gives a start as much longer as its thread got no processor', async () => {
    const { host, clock, threads, states } = openQuiet();
    const starts = host.start(entryOf('service-healthy'), object);
    await expect.poll(() => threads.length).toBe(1);
    threads[0]!.times = { usedMs: 100, waitedMs: 40_000 };
    clock.advance(69_000);
    expect(threads[0]!.posted.map(({ type }) => type)).toEqual(['start']);
    threads[0]!.events.reply({ type: 'started' });
    await starts;
    expect(states).toEqual(['starting', 'running']);
  });

  it('ends no thread whose loop stood still since it got no processor', async () => {
    const { host, clock, threads, states } = await runningQuiet();
    host.check();
    for (let second = 0; second < 80; second += 1) {
      threads[0]!.times.waitedMs += 990;
      clock.advance(1000);
      host.check();
    }
    expect([threads[0]!.ended, states.at(-1)]).toEqual([false, 'running']);
    for (let second = 0; second < 11; second += 1) {
      threads[0]!.times.waitedMs += 990;
      clock.advance(1000);
      host.check();
    }
    expect(threads[0]!.ended).toBe(true);
  });

  it('ends a thread whose loop stood still for thirty seconds', async () => {
    const { host, clock, threads, states } = await runningQuiet();
    for (let second = 0; second < 60; second += 1) {
      threads[0]!.beat += 1;
      host.check();
      clock.advance(1000);
    }
    expect(states.at(-1)).toBe('running');
    for (let second = 0; second < 31; second += 1) {
      host.check();
      clock.advance(1000);
    }
    expect(threads[0]!.ended).toBe(true);
    expect(states.slice(2)).toContain('backoff');
  });

  it('blames no thread for the time in which the whole process stood still', async () => {
    const { host, clock, threads, states } = await runningQuiet();
    host.check();
    clock.freeze(600_000);
    host.check();
    clock.advance(1000);
    host.check();
    expect([threads[0]!.ended, states.at(-1)]).toEqual([false, 'running']);
  });

  it('pushes only the last snapshot to a thread that lags', async () => {
    const { host, threads } = await runningQuiet();
    for (let push = 0; push < 200; push += 1) host.push('groups', [String(push)]);
    const pushes = (): ServiceRequest[] => threads[0]!.posted.filter(({ type }) => type === 'push');
    expect(pushes()).toHaveLength(64);
    threads[0]!.taken = 64;
    host.check();
    expect(pushes()).toHaveLength(65);
    expect(pushes().at(-1)).toEqual({ type: 'push', topic: 'groups', data: ['199'] });
  });

  it('starts nothing again once it was stopped during a pause', async () => {
    const { host, clock, threads, states } = await runningQuiet();
    threads[0]!.events.gone(true);
    expect(states.at(-1)).toBe('backoff');
    await host.stop(object.id);
    clock.advance(100_000);
    expect(threads).toHaveLength(1);
    expect(states.at(-1)).toBe('stopped');
  });
});
