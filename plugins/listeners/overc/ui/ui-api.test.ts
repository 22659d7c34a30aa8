import type { JsonObject } from 'opsbro/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { onBackend } from '../storage/test-backend.ts';
import { backends } from '../storage/test-databases.ts';
import { startPush, type TestPush } from '../test-push.ts';

const hourMs = 3_600_000;

describe.each(await backends())('the JSON of the page, over %s', (_, database, isPresent) => {
  const backend = onBackend(database, isPresent);
  let push: TestPush;

  beforeEach(async () => {
    push = await startPush(backend.folder, { database: backend.url });
  });
  afterEach(() => push?.stop());

  const report = (name: string, state: string, of = 'web1', period = 60) => {
    const services = [{ name, state, info: `${name} says ${state}` }];
    return push.post('/api/set/service/status', { server: { name: of, key: 'k' }, period, services });
  };
  const alert = (message: string, more = {}, of = 'web1') =>
    push.post('/api/set/alerts', { server: { name: of, key: 'k' }, alerts: [{ message, ...more }] });

  interface Status {
    stats: { n_alerts: number; last_state_id: number; supervisor_lag: number };
    servers: { name: string; n_alerts: number; services: { name: string; n_alerts: number }[] }[];
  }
  const status = async (selection = ''): Promise<Status> =>
    (await push.get(`/ui/api/status/${selection}`))[1] as unknown as Status;

  it('counts alerts of the last day, in all of the selection, and of a server without those of its services', async () => {
    await alert('of yesterday', { service: 'app' });
    push.clock.advance(24 * hourMs + 1);
    await report('app', 'FAIL');
    await report('app', 'OK');
    await report('db', 'WARN');
    for (const message of ['one', 'two', 'three']) await alert(message);
    await report('cron', 'FAIL', 'web2');
    const counts = ({ stats, servers: all }: Status): unknown => [
      stats.n_alerts,
      ...all.map(({ name, n_alerts: own, services }) => [
        ...[name, own],
        ...services.map((one) => [one.name, one.n_alerts]),
      ]),
    ];
    const one = ['web1', 3, ['app', 2], ['db', 1]];
    expect(counts(await status())).toEqual([7, one, ['web2', 0, ['cron', 1]]]);
    expect(counts(await status('server/1'))).toEqual([6, one]);
    expect(counts(await status('service/1'))).toEqual([2, ['web1', 0, ['app', 2]]]);
  });

  it('tells the newest row of all, or that of the one service', async () => {
    await report('app', 'OK');
    await report('db', 'OK');
    await report('cron', 'OK', 'web2');
    const last = async (selection = '') => (await status(selection)).stats.last_state_id;
    expect([await last(), await last('server/1'), await last('service/1')]).toEqual([3, 3, 1]);
  });

  it('lists no server without services, nor what is not known, and sorts by name', async () => {
    await push.post('/api/ping', { server: { name: 'idle', key: 'k' } });
    for (const name of ['b', 'a']) await report(name, 'OK', 'zoo');
    await report('x', 'OK', 'ape');
    const names = async (selection = '') =>
      (await status(selection)).servers.map(({ name, services }) => [name, services.map((one) => one.name)]);
    expect(await names()).toEqual([
      ['ape', ['x']],
      ['zoo', ['a', 'b']],
    ]);
    expect(await names('server/99')).toEqual([]);
    expect((await push.get('/ui/api/status/service/99/states'))[0]).toBe(404);
    expect((await push.get('/ui/api/status/other/1'))[0]).toBe(404);
  });

  it('breaks a run behind a row that has alerts, which tell how grave they are', async () => {
    for (let turn = 0; turn < 3; turn += 1) await report('app', 'OK');
    for (let turn = 0; turn < 13; turn += 1) {
      push.clock.advance(5000);
      await push.overc.pass();
    }
    for (let turn = 0; turn < 5; turn += 1) await report('app', 'OK');
    await report('app', 'ERR');
    const [, { states }] = await push.get('/ui/api/status/service/1/states?groups=1');
    const rows = states as { id: number; group?: string; alerts?: JsonObject[] }[];
    expect(rows.map(({ id, group }) => group ?? id)).toEqual([9, 8, '6-7', 5, 4, 3, 2, 1]);
    const told = rows.flatMap(({ id, alerts = [] }) =>
      alerts.map(({ channel, event, message, severity }) => [id, channel, event, message, severity]),
    );
    expect(told).toEqual([
      [9, 'service:state', 'FAIL', 'State changed: "OK" -> "FAIL"', 'FAIL'],
      [4, 'plugin', 'online', 'Monitoring plugin back online', 'OK'],
      [3, 'plugin', 'offline', 'Monitoring plugin offline', 'FAIL'],
    ]);
  });

  it('has the last period of a service that comes twice, and both of its states in their order', async () => {
    const services = [
      { name: 'app', state: 'WARN', info: 'first', period: 30 },
      { name: 'app', state: 'OK', info: 'then', period: '90' },
    ];
    const body = { server: { name: 'web1', key: 'k' }, period: 60, services };
    expect((await push.post('/api/set/service/status', body))[0]).toBe(200);
    const [, { states }] = await push.get('/ui/api/status/service/1/states');
    expect((states as JsonObject[]).map(({ info }) => info)).toEqual(['then', 'first']);
    expect((await status()).servers[0]?.services).toEqual([expect.objectContaining({ period: 90 })]);
  });

  it('says how long the supervisor has not passed', async () => {
    await report('app', 'OK');
    await push.overc.pass();
    expect((await status()).stats.supervisor_lag).toBe(0);
    push.clock.advance(75_500);
    expect((await status()).stats.supervisor_lag).toBe(75.5);
    await push.overc.pass();
    expect((await status()).stats.supervisor_lag).toBe(0);
  });
});
