import { describe, expect, it } from 'vitest';
import type { HandlerTestView, HandlerView } from '../../../alerting/outbox/views.ts';
import { checkObject, handlerObject } from '../host/host-bench.ts';
import { alertingBench, apply, occurrence, refused, turn } from './alerting-bench.ts';

describe('handlers', () => {
  it('are listed with what they are told of and how they fare', async () => {
    const bench = await alertingBench([
      handlerObject('mail', { severities: ['critical'], canaryMs: 3_600_000 }),
      handlerObject('chat', { enabled: false, ifGroup: 'blue' }),
    ]);
    expect(await bench.ask<HandlerView[]>('GET', '/api/v1/handlers')).toMatchObject([
      { id: 'p/handler/chat', enabled: false, in_group: false, canary: null },
      {
        name: 'mail',
        type: 'log',
        severities: ['critical'],
        timeout: 1,
        waiting: 0,
        dead: 0,
        last: null,
        canary: { interval: 3600, delivered: 0, overdue: false },
      },
    ]);
    expect(await bench.ask<HandlerView>('GET', '/api/v1/handlers/p%2Fhandler%2Fmail')).toMatchObject({
      name: 'mail',
    });
    await expect(bench.ask('GET', '/api/v1/handlers/nobody')).rejects.toMatchObject({
      code: 'OPSBRO_API_NOT_FOUND',
    });
  });

  it('are tested past the outbox, and also while they are not enabled', async () => {
    const bench = await alertingBench([
      handlerObject('chat', { enabled: false }),
      checkObject('disk', [], { labels: { team: 'db' } }),
    ]);
    const tested = await bench.ask<HandlerTestView>('POST', '/api/v1/handlers/chat/test', { check: 'disk' });
    expect(tested).toMatchObject({
      ok: true,
      enabled: false,
      in_group: true,
      code: null,
      event: {
        type: 'test',
        summary: 'TEST of handler chat: check disk is pending: ',
        data: { handler: 'chat', check: 'p/check/disk', labels: { team: 'db' } },
      },
    });
    expect(bench.alerting.notifications.outbox.sizes()).toEqual({ waiting: 0, dead: 0, gone: 0 });
    expect([...bench.kept.keys()]).toEqual([]);
  });

  it('that fail a test say why', async () => {
    const bench = await alertingBench([handlerObject('chat')]);
    bench.answers.set('p/handler/chat', refused());
    expect(await bench.ask<HandlerTestView>('POST', '/api/v1/handlers/chat/test')).toMatchObject({
      ok: false,
      code: 'OPSBRO_HOST_DELIVERY',
      message: 'answers 400',
      permanent: true,
      log: [],
    });
    await bench.deps.quarantine.add('handler/log', 'it died', 5);
    expect(await bench.ask<HandlerTestView>('POST', '/api/v1/handlers/chat/test', {})).toMatchObject({
      ok: false,
      code: null,
      message: 'handler/log is quarantined: it died',
    });
  });

  it('give up what is refused; that is listed, tried again and dropped', async () => {
    const bench = await alertingBench([handlerObject('chat'), handlerObject('mail')]);
    bench.answers.set('p/handler/chat', refused());
    await bench.alerting.notifications.announce(occurrence);
    await turn();
    expect(await bench.ask('GET', '/api/v1/outbox?handler=mail')).toEqual([]);
    const listed = await bench.ask<{ serial: number }[]>('GET', '/api/v1/outbox?handler=chat');
    expect(listed).toMatchObject([
      { handler: 'chat', state: 'dead', key: 'host/n', attempts: 1, last_error: 'answers 400' },
    ]);
    expect(await bench.ask('POST', '/api/v1/outbox/retry', { serials: [listed[0]?.serial] })).toEqual({
      count: 1,
      gone: 0,
    });
    await turn();
    expect(bench.jobs.filter(({ name }) => name === 'chat')).toHaveLength(2);
    expect(await bench.ask('POST', '/api/v1/outbox/drop', { serials: null })).toEqual({
      count: 1,
      gone: 0,
    });
    expect(await bench.ask('GET', '/api/v1/outbox')).toEqual([]);
  });

  it('that are gone are listed by name or id with what was given up, which can be dropped', async () => {
    const bench = await alertingBench([handlerObject('chat'), handlerObject('mail')]);
    bench.answers.set('p/handler/chat', refused());
    await bench.alerting.notifications.announce(occurrence);
    await turn();
    await apply(bench, [], { stop: ['p/handler/chat'] });
    await bench.alerting.configure(true);
    for (const name of ['chat', 'p/handler/chat'])
      expect(await bench.ask('GET', `/api/v1/outbox?handler=${name}`)).toMatchObject([
        { handler: 'p/handler/chat', handler_gone: true, state: 'dead' },
      ]);
    expect(await bench.ask('GET', '/api/v1/outbox?handler=mail')).toEqual([]);
    await expect(bench.ask('GET', '/api/v1/outbox?handler=hat')).rejects.toMatchObject({
      code: 'OPSBRO_API_NOT_FOUND',
    });
    const retried = await bench.ask('POST', '/api/v1/outbox/retry', { serials: null });
    expect(retried).toEqual({ count: 0, gone: 1 });
    const dropped = await bench.ask('POST', '/api/v1/outbox/drop', { serials: null });
    expect(dropped).toEqual({ count: 1, gone: 0 });
  });

  it.each([
    ['/api/v1/outbox/drop', { serials: [99] }, 'OPSBRO_API_NOT_FOUND'],
    ['/api/v1/outbox/retry', { serials: ['1'] }, 'OPSBRO_API_INVALID'],
    ['/api/v1/outbox/retry', {}, 'OPSBRO_API_INVALID'],
    ['/api/v1/outbox/retry', null, 'OPSBRO_API_INVALID'],
  ])('refuse %s of %j with %s', async (path, body, code) => {
    const bench = await alertingBench([]);
    await expect(bench.ask('POST', path, body)).rejects.toMatchObject({ code });
  });
});
