import { describe, expect, it } from 'vitest';
import { done, failed, handlerObject } from '../host/host-bench.ts';
import { alertingBench, apply } from './alerting-bench.ts';

describe('canaries', () => {
  const hour = 3600;

  it('go through the outbox once an interval, and not at each start', async () => {
    const bench = await alertingBench([
      handlerObject('mail', { canaryMs: hour * 1000 }),
      handlerObject('chat'),
    ]);
    await bench.seconds(2 * hour + 60);
    expect(bench.told()).toHaveLength(3);
    expect(bench.told()[0]).toMatch(/^mail: canary CANARY: nothing is wrong/);
    await bench.restart();
    await bench.seconds(1);
    expect(bench.told()).toHaveLength(3);
    expect(bench.alerting.desk.views()[1]?.canary).toMatchObject({ delivered: 3, overdue: false });
  });

  it('that do not arrive are told to the other handlers, once, and when they do again', async () => {
    const bench = await alertingBench([handlerObject('mail', { canaryMs: 60_000 }), handlerObject('chat')]);
    await bench.seconds(61);
    bench.answers.set('p/handler/mail', failed('OPSBRO_HOST_NETWORK'));
    await bench.seconds(300);
    const chat = (): string[] => bench.told().filter((line) => line.startsWith('chat'));
    expect(chat()).toEqual(['chat: agent canaries of handler mail do not arrive']);
    expect(bench.lines).toContain('error canaries of a handler do not arrive');
    expect(bench.alerting.desk.views()[1]?.canary).toMatchObject({ overdue: true });
    expect(bench.alerting.notifications.outbox.sizes()).toEqual({ waiting: 1, dead: 0, gone: 0 });
    bench.answers.set('p/handler/mail', done(null));
    await bench.seconds(600);
    expect(chat()).toEqual([
      'chat: agent canaries of handler mail do not arrive',
      'chat: agent canaries of handler mail arrive again',
    ]);
    expect(bench.told().filter((line) => line.startsWith('mail: agent'))).toEqual([]);
  });

  it('of handlers that have none any longer are forgotten', async () => {
    const bench = await alertingBench([handlerObject('mail', { canaryMs: 60_000 })]);
    await bench.seconds(1);
    await apply(bench, [], { restart: [handlerObject('mail')], plugins: null });
    await bench.alerting.configure(true);
    expect([...bench.kept.keys()].filter((key) => key.startsWith('canary/'))).toEqual([]);
  });
});
