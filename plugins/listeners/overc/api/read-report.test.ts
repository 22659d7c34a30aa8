import { afterEach, beforeEach, expect, it } from 'vitest';
import { scratch, startPush, type TestPush } from '../test-push.ts';

const server = { name: 'web1', key: '1234' };
const status = '/api/set/service/status';
let place: ReturnType<typeof scratch>;
let push: TestPush;

beforeEach(async () => {
  place = scratch();
  push = await startPush(place.folder);
});
afterEach(async () => {
  await push.stop();
  place.remove();
});

it('refuses a service without a name, and takes the others of its report', async () => {
  const { post, get } = push;
  const state = 'OK';
  const services = [
    { name: '', state },
    { name: 'app', state, period: -5 },
    { name: 'db', state },
  ];
  expect(await post(status, { server, period: 60, services })).toEqual([
    400,
    { error: 'Data: 1 of 3 "services" has no name; the others were taken' },
  ]);
  const alerts = [{ message: 'down', service: '' }];
  expect(await post('/api/set/alerts', { server, alerts })).toEqual([200, { ok: 1 }]);
  expect((await get('/ui/api/status/'))[1].servers).toMatchObject([
    {
      n_alerts: 1,
      services: [
        { name: 'app', period: 60 },
        { name: 'db', period: 60 },
      ],
    },
  ]);
});
