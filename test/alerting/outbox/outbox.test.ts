import type { HandlerEvent } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { Bench, failed, refused, sampleEvent } from './outbox-bench.ts';

describe('Outbox', () => {
  it('delivers in order and takes out of the store what was delivered', async () => {
    const bench = new Bench();
    bench.add('mail', 'load', 'a');
    bench.add('mail', 'load', 'b');
    expect(bench.keys).toEqual(['a']);
    await bench.end({ status: 'delivered' });
    expect(bench.keys).toEqual(['a', 'b']);
    await bench.end({ status: 'delivered' });
    expect([...bench.store]).toEqual([]);
    expect(bench.outbox.list()).toEqual([]);
  });

  it('lists what was delivered until the store knows', async () => {
    const bench = new Bench();
    bench.taken = new Promise((resolve) => setImmediate(resolve));
    bench.add('mail', 'load', 'a');
    bench.add('mail', 'load', 'b');
    await bench.end({ status: 'delivered' });
    const listed = () => bench.outbox.list().map(({ state, event }) => `${state} ${event.key}`);
    expect([listed(), bench.store.size, bench.keys]).toEqual([['delivering a', 'waiting b'], 2, ['a']]);
    await bench.taken;
    await bench.settle();
    expect([listed(), bench.store.size, bench.keys]).toEqual([['delivering b'], 1, ['a', 'b']]);
  });

  it('delivers nothing before it is released', async () => {
    const bench = new Bench();
    const { release } = bench.outbox.add('mail', 'load', sampleEvent('a'));
    bench.outbox.start();
    expect(bench.keys).toEqual([]);
    release();
    expect(bench.keys).toEqual(['a']);
  });

  it('tries again with growing pauses, and says so', async () => {
    const bench = new Bench();
    bench.answers.set('mail', () => failed);
    bench.add('mail', 'load', 'a');
    await bench.settle();
    for (const pauseMs of [5000, 10_000, 20_000]) {
      const before = bench.calls.length;
      bench.clock.advance(pauseMs - 1);
      await bench.settle();
      expect(bench.calls).toHaveLength(before);
      bench.clock.advance(1);
      await bench.settle();
      expect(bench.calls).toHaveLength(before + 1);
    }
    expect(bench.reports[0]).toBe('warn a notification was not delivered, and is tried again refused');
    expect(bench.outbox.list()[0]).toMatchObject({ state: 'waiting', attempts: 4, lastError: 'refused' });
  });

  it('waits as long as the other side asks', async () => {
    const bench = new Bench();
    bench.answers.set('mail', () => ({ ...failed, retryAfterMs: 90_000 }));
    bench.add('mail', 'load', 'a');
    await bench.settle();
    bench.clock.advance(89_999);
    await bench.settle();
    expect(bench.calls).toHaveLength(1);
    bench.clock.advance(1);
    expect(bench.calls).toHaveLength(2);
  });

  it('gives up at once what is refused for good, and goes on with the next', async () => {
    const bench = new Bench();
    bench.add('slack', 'load', 'a');
    bench.add('slack', 'load', 'b');
    await bench.end(refused);
    expect(bench.keys).toEqual(['a', 'b']);
    await bench.end({ status: 'delivered' });
    expect(bench.outbox.list().map(({ state, event }) => `${state} ${event.key}`)).toEqual(['dead a']);
    expect(bench.reports[0]).toMatch(
      /^error a notification was given up after 1 attempt; see .* no such channel$/,
    );
  });

  it('gives up after a day, and tries again by hand', async () => {
    const bench = new Bench();
    bench.answers.set('mail', () => failed);
    bench.add('mail', 'load', 'a');
    for (let hour = 0; hour < 26; hour += 1) {
      for (let part = 0; part < 6; part += 1) {
        bench.clock.advance(600_000);
        await bench.settle();
      }
    }
    expect(bench.outbox.list()).toMatchObject([{ state: 'dead', lastError: 'refused' }]);
    bench.answers.set('mail', () => ({ status: 'delivered' }));
    expect(await bench.outbox.retry(null)).toBe(1);
    await bench.settle();
    expect(bench.outbox.list()).toEqual([]);
    expect([...bench.store]).toEqual([]);
  });

  it('keeps for a day what a handler is to be told that takes nothing, however often that is tried', async () => {
    const bench = new Bench();
    bench.answers.set('mail', () => failed);
    bench.add('mail', 'load', 'a');
    const hours = async (count: number): Promise<void> => {
      for (let part = 0; part < count * 6; part += 1) {
        bench.clock.advance(600_000);
        await bench.settle();
      }
    };
    await hours(23);
    expect(bench.outbox.list()).toMatchObject([{ state: 'waiting' }]);
    await hours(2);
    expect(bench.outbox.list()).toMatchObject([{ state: 'dead' }]);
  });

  it('tells what has waited as soon as a handler takes something again', async () => {
    const bench = new Bench();
    bench.answers.set('mail', () => failed);
    for (const key of ['a1', 'a2']) bench.add('mail', 'load', key);
    for (let minute = 0; minute < 30; minute += 1) {
      bench.clock.advance(60_000);
      await bench.settle();
    }
    bench.answers.set('mail', () => ({ status: 'delivered' }));
    const tried = bench.calls.length;
    bench.add('mail', 'disk', 'b');
    bench.clock.advance(5000);
    await bench.settle();
    expect(bench.keys.slice(tried)).toEqual(['b', 'a1', 'a2']);
  });

  it('takes one more failure after a long outage for no reason to give up', async () => {
    const bench = new Bench();
    bench.answers.set('mail', () => failed);
    for (const key of ['a1', 'a2']) bench.add('mail', 'load', key);
    for (let hour = 0; hour < 60; hour += 1) {
      bench.clock.advance(600_000);
      await bench.settle();
    }
    bench.answers.set('mail', () => (bench.keys.at(-1) === 'a1' ? failed : { status: 'delivered' }));
    bench.add('mail', 'disk', 'b');
    bench.clock.advance(5000);
    await bench.settle();
    expect(bench.keys.slice(-2)).toEqual(['b', 'a1']);
    expect(bench.outbox.list().map(({ state }) => state)).toEqual(['waiting', 'waiting']);
  });

  it('never lets one handler wait for another', () => {
    const bench = new Bench();
    bench.add('mail', 'load', 'a');
    bench.add('slack', 'load', 'a');
    expect(bench.calls.map(({ handler }) => handler)).toEqual(['mail', 'slack']);
  });

  it('lets a failing notification delay only those of its check', async () => {
    const bench = new Bench();
    bench.add('mail', 'load', 'a1');
    bench.add('mail', 'load', 'a2');
    bench.add('mail', 'disk', 'b1');
    await bench.end(failed);
    bench.clock.advance(5000);
    // Turns: the failed one is due again too, but the other check goes first or second, never behind a2.
    await bench.end({ status: 'delivered' });
    await bench.end({ status: 'delivered' });
    await bench.end({ status: 'delivered' });
    expect(bench.keys.filter((key) => key.startsWith('a'))).toEqual(['a1', 'a1', 'a2']);
    expect(bench.keys.indexOf('b1')).toBeLessThan(bench.keys.indexOf('a2'));
  });

  it.each([
    ['and holds up what follows of its check', ['behind'], 10],
    ['and holds up nothing', [], 30],
  ])('lets other checks by while one notification fails and fails %s', async (_, behind, tries) => {
    const bench = new Bench();
    let poison = 0;
    bench.answers.set('mail', () => {
      if (bench.keys.at(-1) !== 'poison') return { status: 'delivered' };
      poison += 1;
      return failed;
    });
    bench.add('mail', 'load', 'poison');
    for (const key of behind) bench.add('mail', 'load', key);
    for (let round = 0; round < 40; round += 1) {
      bench.add('mail', `check ${round}`, `k${round}`);
      await bench.settle();
      // The handler pauses for a moment after each failure, whatever else has failed before.
      bench.clock.advance(5000);
      await bench.settle();
      expect(bench.keys).toContain(`k${round}`);
      bench.clock.advance(600_000);
      await bench.settle();
    }
    expect(poison).toBe(tries);
    for (const key of behind)
      expect(bench.keys.indexOf(key)).toBeGreaterThan(bench.keys.lastIndexOf('poison'));
  });

  it('lets other checks by while one notification is asked to wait for hours', async () => {
    const bench = new Bench();
    bench.add('mail', 'load', 'poison');
    bench.add('mail', 'disk', 'k');
    await bench.end({ ...failed, retryAfterMs: 36_000_000 });
    bench.clock.advance(600_000);
    await bench.end({ status: 'delivered' });
    expect(bench.keys).toEqual(['poison', 'k']);
    bench.clock.advance(35_399_999);
    expect(bench.keys).toHaveLength(2);
    bench.clock.advance(1);
    expect(bench.keys).toEqual(['poison', 'k', 'poison']);
  });

  it('tries a handler that is broken ever rarer, however many checks wait', async () => {
    const bench = new Bench();
    bench.answers.set('mail', () => failed);
    for (let index = 0; index < 200; index += 1) bench.add('mail', `check ${index}`, `k${index}`);
    for (let minute = 0; minute < 120; minute += 1) {
      bench.clock.advance(60_000);
      await bench.settle();
    }
    expect(bench.calls.length).toBeLessThan(25);
    expect(new Set(bench.keys).size).toBe(bench.keys.length);
  });

  it.each([3_600_000, -3_600_000])(
    'neither hurries nor waits when the clock is set by %d ms',
    async (step) => {
      const bench = new Bench();
      bench.answers.set('mail', () => failed);
      bench.add('mail', 'load', 'a');
      await bench.settle();
      bench.clock.stepWall(step);
      bench.clock.advance(4999);
      await bench.settle();
      expect(bench.calls).toHaveLength(1);
      bench.clock.advance(1);
      await bench.settle();
      expect(bench.calls).toHaveLength(2);
    },
  );

  it('gives up after a day of trying, not of a clock that was set or an agent that was off', async () => {
    const bench = new Bench();
    const hours = async (count: number): Promise<void> => {
      for (let part = 0; part < count * 6; part += 1) {
        bench.clock.advance(600_000);
        await bench.settle();
      }
    };
    // Rarely enough tried to be given up for its age.
    bench.answers.set('mail', () => ({ ...failed, retryAfterMs: 3_600_000 }));
    bench.add('mail', 'load', 'a');
    await hours(1);
    bench.clock.stepWall(26 * 3_600_000);
    await hours(2);
    bench.clock.stepWall(-52 * 3_600_000);
    await hours(12);
    bench.outbox.stop();
    bench.clock.stepWall(26 * 3_600_000);
    bench.restart();
    await hours(8);
    expect(bench.outbox.list()).toMatchObject([{ state: 'waiting' }]);
    await hours(3);
    expect(bench.outbox.list()).toMatchObject([{ state: 'dead' }]);
  });

  it('holds what is for a handler that is not there, without counting attempts', async () => {
    const bench = new Bench();
    bench.answers.set('mail', () => ({ status: 'unavailable', message: 'the handler is not enabled' }));
    bench.add('mail', 'load', 'a');
    await bench.settle();
    bench.clock.advance(3_600_000);
    await bench.settle();
    expect(bench.outbox.list()).toMatchObject([{ state: 'waiting', attempts: 0 }]);
    bench.answers.set('mail', () => ({ status: 'delivered' }));
    bench.clock.advance(600_000);
    await bench.settle();
    expect(bench.outbox.list()).toEqual([]);
  });

  it('keeps trying what holds nobody up, or fails as all others do', async () => {
    const bench = new Bench();
    bench.answers.set('mail', () => failed);
    for (const key of ['a', 'b']) bench.add('mail', 'disk', key);
    bench.add('mail', 'load', 'c');
    for (let attempt = 0; attempt < 25; attempt += 1) {
      bench.clock.advance(600_000);
      await bench.settle();
    }
    expect(bench.outbox.list().map(({ state }) => state)).toEqual(['waiting', 'waiting', 'waiting']);
    expect(bench.outbox.list()[0]?.attempts).toBeGreaterThan(10);
  });

  it('delivers after a restart what was not, with the same key', async () => {
    const bench = new Bench();
    bench.add('mail', 'load', 'a');
    bench.add('mail', 'load', 'b');
    bench.restart();
    await bench.end({ status: 'delivered' });
    await bench.end({ status: 'delivered' });
    expect(bench.keys).toEqual(['a', 'a', 'b']);
    bench.restart();
    expect(bench.keys).toHaveLength(3);
  });

  it('drops reminders first when too much waits, and says so once', async () => {
    const bench = new Bench();
    for (let index = 0; index < 10_000; index += 1)
      bench.add('mail', `c${index}`, `k${index}`, index === 7 ? 1 : 0);
    bench.add('mail', 'more', 'more 1');
    bench.add('mail', 'more', 'more 2');
    const waiting = bench.outbox.list().map(({ event }) => event.key);
    expect(waiting).toHaveLength(10_000);
    expect(waiting).not.toContain('k7');
    expect(waiting).not.toContain('k1');
    expect(bench.reports.filter((text) => text.includes('lags'))).toHaveLength(1);
    expect(bench.store.size).toBe(10_000);
  });

  it('drops what an operator names, and the dead', async () => {
    const bench = new Bench();
    bench.add('mail', 'load', 'a');
    bench.add('mail', 'load', 'b');
    const [, second] = bench.outbox.list();
    expect(await bench.outbox.drop([second?.serial ?? 0])).toBe(1);
    await bench.end(refused);
    expect(await bench.outbox.drop(null)).toBe(1);
    expect(bench.outbox.list()).toEqual([]);
    expect([...bench.store]).toEqual([]);
  });

  it('tries at once, when asked, what waits behind the pause of its handler', async () => {
    const bench = new Bench();
    bench.add('mail', 'load', 'a');
    await bench.end(failed);
    bench.add('mail', 'disk', 'b');
    const [, second] = bench.outbox.list();
    expect(await bench.outbox.retry([second?.serial ?? 0])).toBe(1);
    expect(bench.keys).toEqual(['a', 'b']);
  });

  it('counts how each handler fares', async () => {
    const bench = new Bench();
    bench.add('mail', 'load', 'a');
    bench.add('mail', 'disk', 'b');
    await bench.end(failed);
    expect(bench.outbox.figures('mail')).toMatchObject({ waiting: 2, failed: 1, failuresInRow: 1 });
    bench.clock.advance(5000);
    await bench.end(refused);
    expect(bench.outbox.figures('mail')).toMatchObject({
      waiting: 1,
      dead: 1,
      delivered: 0,
      failed: 2,
      failuresInRow: 2,
      last: { outcome: 'given-up', reason: 'no such channel', type: 'problem', at: bench.clock.now() },
    });
    bench.clock.advance(10_000);
    await bench.end({ status: 'delivered' });
    expect(bench.outbox.figures('mail')).toMatchObject({
      waiting: 0,
      delivered: 1,
      failuresInRow: 0,
      last: { outcome: 'delivered', reason: '' },
    });
    expect(bench.outbox.sizes()).toEqual({ waiting: 0, dead: 1, gone: 0 });
    await bench.outbox.keepHandlers(new Set(['slack']), true);
    expect(bench.outbox.sizes()).toEqual({ waiting: 0, dead: 1, gone: 1 });
    expect(bench.outbox.figures('mail')).toMatchObject({ dead: 1, delivered: 0, last: null });
  });

  it('tries again when what delivers throws', async () => {
    const bench = new Bench();
    bench.answers.set('mail', () => {
      throw new Error('the pool is closed');
    });
    const { release } = bench.outbox.add('mail', 'c', sampleEvent('k'));
    release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(bench.outbox.list()).toMatchObject([{ attempts: 1, lastError: 'the pool is closed' }]);
    bench.answers.set('mail', () => ({ status: 'delivered' }));
    bench.clock.advance(10_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(bench.outbox.list()).toEqual([]);
  });

  it('keeps no canary that was given up', async () => {
    const bench = new Bench();
    const canary: HandlerEvent = { ...sampleEvent('canary'), type: 'canary' };
    const { put, release } = bench.outbox.add('mail', 'canary', canary);
    for (const [key, value] of put) bench.store.set(key, value);
    release();
    await bench.end(refused);
    expect(bench.outbox.list()).toEqual([]);
    expect([...bench.store]).toEqual([]);
    expect(bench.outbox.figures('mail')).toMatchObject({ dead: 0, last: { outcome: 'given-up' } });
  });
});
