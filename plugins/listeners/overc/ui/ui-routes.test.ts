import type { RouteReply } from 'opsbro/sdk';
import { afterEach, expect, it } from 'vitest';
import { scratch, startPush, type TestPush } from '../test-push.ts';

let push: TestPush;
const { folder, remove } = scratch();
afterEach(async () => {
  await push.stop();
  remove();
});

function ask(
  route: string,
  params: { [name: string]: string } = {},
  fields: [name: string, value: string][] = [],
  method = 'GET',
): Promise<RouteReply> {
  return push.overc.answer({ route, method, params, query: Object.fromEntries(fields), body: null, fields });
}

it('answers the agent what the page of OverC asks at its own port, and deletes', async () => {
  push = await startPush(folder);
  const server = { name: 'web1', key: '1' };
  const report = (state: string, info: string) =>
    push.post('/api/set/service/status', { server, period: 60, services: [{ name: 'queue', state, info }] });
  for (const state of ['OK', 'OK', 'OK', 'OK', 'FAIL']) {
    await report(state, `${state} items`);
    push.clock.advance(1000);
  }
  await push.overc.pass();
  const same: [RouteReply, string][] = [
    [await ask('/api/v1/push/status'), '/ui/api/status/'],
    [await ask('/api/v1/push/status', {}, [['server', '1']]), '/ui/api/status/server/1'],
    [await ask('/api/v1/push/status', {}, [['service', '1']]), '/ui/api/status/service/1'],
    [await ask('/api/v1/push/alerts', {}, [['hours', '2']]), '/ui/api/status/alerts/?hours=2'],
    [
      await ask('/api/v1/push/states/:service', { service: '1' }, [['groups', '1']]),
      '/ui/api/status/service/1/states?groups=1',
    ],
    [
      await ask('/api/v1/push/states/:service', { service: '1' }, [
        ['groups', '1'],
        ['expand', '8-9'],
        ['expand', '2-3'],
      ]),
      '/ui/api/status/service/1/states?groups=1&expand=8-9&expand=2-3',
    ],
  ];
  for (const [reply, path] of same) {
    const [status, body] = await push.get(path);
    expect([reply.status, reply.body], path).toEqual([200, body]);
    expect(status).toBe(200);
  }
  const counts = same.map(([{ body }]) => {
    const { states = [], alerts = [] } = body as { states?: object[]; alerts?: object[] };
    return [states.length, alerts.length];
  });
  expect(counts.slice(3)).toEqual([
    [0, 1],
    [4, 0],
    [5, 0],
  ]);

  const item = '/api/v1/push/items/:kind/:id';
  expect(await ask(item, { kind: 'service', id: '7' }, [], 'DELETE')).toEqual({
    status: 404,
    body: { error: { code: 'OPSBRO_API_NOT_FOUND', message: 'no service 7' } },
  });
  expect(await ask('/api/v1/push/alerts', {}, [['hours', 'x']])).toMatchObject({
    status: 400,
    body: { error: { code: 'OPSBRO_API_INVALID' } },
  });
  expect(await ask(item, { kind: 'server', id: '1' }, [], 'DELETE')).toEqual({
    status: 200,
    body: { ok: 1 },
  });
  expect((await ask('/api/v1/push/status')).body).toMatchObject({ servers: [] });
});
