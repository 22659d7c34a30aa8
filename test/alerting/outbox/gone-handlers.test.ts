import { describe, expect, it } from 'vitest';
import { Bench, refused } from './outbox-bench.ts';

describe('Outbox of handlers that are gone', () => {
  it('moves what waits for a handler that is gone to the dead letters, with the reason', async () => {
    const bench = new Bench();
    for (const key of ['a', 'b', 'c']) bench.add('mail', key, key);
    bench.add('slack', 'a', 'd');
    await bench.outbox.keepHandlers(new Set(['slack']), true);
    const reason = 'the handler was taken out of the configuration';
    expect(bench.outbox.list().map(({ state, lastError }) => [state, lastError])).toEqual([
      ['delivering', ''],
      ['dead', reason],
      ['dead', reason],
      ['delivering', ''],
    ]);
    const said = `error notifications were given up: 2 for a handler that is gone; see 'opsbro handlers outbox list' ${reason}`;
    expect(bench.reports).toEqual([said]);
    expect([...bench.store.keys()].map((key) => key.replace(/\/0+/, ' '))).toEqual([
      'outbox 1',
      'outbox 4',
      'dead 2',
      'dead 3',
    ]);
    // What it failed of before is not forgotten.
    bench.add('pager', 'x', 'e');
    await bench.end({ status: 'failed', code: 'X', message: 'busy', isPermanent: false, retryAfterMs: null });
    await bench.outbox.keepHandlers(new Set(['slack']), true);
    expect(bench.outbox.list().at(-1)?.lastError).toBe(`${reason}; before that: busy`);
    await bench.outbox.drop([5]);
    // What was on its way follows.
    bench.calls[0]?.end({ status: 'unavailable', message: 'the handler is not configured' });
    await bench.settle();
    expect(bench.outbox.list().map(({ state }) => state)).toEqual(['dead', 'dead', 'dead', 'delivering']);
  });

  it('refuses to try what nobody would come for, tries it once its handler is back, and drops it', async () => {
    const bench = new Bench();
    bench.answers.set('p/handler/mail', () => refused);
    for (const key of ['a', 'b']) bench.add('p/handler/mail', key, key);
    bench.add('p/handler/slack', 'c', 'c');
    await bench.settle();
    await bench.settle();
    await bench.outbox.keepHandlers(new Set(['p/handler/slack']), true);
    expect(bench.outbox.sizes()).toEqual({ waiting: 1, dead: 2, gone: 2 });
    expect(await bench.outbox.retry(null)).toBe(0);
    await expect(bench.outbox.retry([1])).rejects.toMatchObject({
      code: 'OPSBRO_API_INVALID',
      message:
        'nothing is changed: notification 1 is for p/handler/mail, which is not configured any more; put its file back, or drop it',
    });
    const states = (): string[] =>
      bench.outbox.list().map(({ state, isGone }) => `${state}${isGone ? ' gone' : ''}`);
    expect(states()).toEqual(['dead gone', 'dead gone', 'delivering']);
    expect(await bench.outbox.drop([1])).toBe(1);
    await bench.outbox.keepHandlers(new Set(['p/handler/slack', 'p/handler/mail']), true);
    bench.answers.delete('p/handler/mail');
    expect(await bench.outbox.retry([2])).toBe(1);
    expect(states()).toEqual(['delivering', 'delivering']);
  });

  it('holds what is for a handler that a bad file may hide', async () => {
    const bench = new Bench();
    bench.answers.set('mail', () => ({ status: 'unavailable', message: 'the handler is not configured' }));
    bench.add('mail', 'load', 'a');
    await bench.outbox.keepHandlers(new Set(['slack']), false);
    await bench.settle();
    expect(bench.outbox.list()).toMatchObject([{ state: 'waiting', attempts: 0 }]);
  });
});
