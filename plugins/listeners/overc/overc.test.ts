import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject, PassiveAlert, PassiveResult } from 'opsbro/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Options } from './options.ts';
import { scratch, startPush, type TestPush } from './test-push.ts';

const server = { name: 'web1', key: '1234' };
const status = '/api/set/service/status';
const one = (state: string, info = '', period = 60): JsonObject => ({
  ...{ server, period, services: [{ name: 'app', state, info }] },
});

let place: ReturnType<typeof scratch>;
const running: TestPush[] = [];

beforeEach(() => {
  place = scratch();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((push) => push.stop()));
  place.remove();
});

async function start(options: Partial<Options> = {}, parts: Parameters<typeof startPush>[2] = {}) {
  const push = await startPush(place.folder, options, parts);
  running.push(push);
  return push;
}

/** Ends it, as a restart of the agent does. */
async function again(push: TestPush, options: Partial<Options> = {}): Promise<TestPush> {
  await push.stop();
  running.splice(running.indexOf(push), 1);
  return start(options, { clock: push.clock });
}

const alertsOf = ({ reports }: TestPush): PassiveAlert[] => reports.flatMap(({ alerts = [] }) => alerts);
const resultsOf = ({ reports }: TestPush): PassiveResult[] => reports.flatMap(({ results = [] }) => results);
const textsOf = (push: TestPush): string[] => alertsOf(push).map(({ data }) => String(data.text));

describe('the protocol', () => {
  it('answers a ping, a report and alerts', async () => {
    const { post } = await start();
    expect(await post('/api/ping', { server })).toEqual([200, { pong: 1 }]);
    expect(await post(status, one('OK'))).toEqual([200, { ok: 1 }]);
    expect(await post('/api/set/alerts', { server, alerts: [{ message: 'down' }] })).toEqual([
      200,
      { ok: 1 },
    ]);
  });

  const services =
    'Data: "services" should be a list of objects with keys "name", "state", "info"?, "period"?';
  const alerts = 'Data: "alerts" should be a list of objects with keys "title", "message"?, "service"?';
  it.each([
    ['/api/ping', [], 'Invalid data: should be JSON object'],
    ['/api/ping', null, 'Invalid data: should be JSON object'],
    ['/api/ping', {}, 'Data: "server" key is missing'],
    [status, {}, 'Data: "server" key is missing'],
    [status, { server: 1 }, 'Data: "period" key is missing'],
    [status, { server: 1, period: 'x' }, 'Data: "services" key is missing'],
    [status, { server: 1, period: 'x', services: 1 }, 'Data: "period" should be an integer'],
    [status, { server: 1, period: null, services: [] }, 'Data: "period" should be an integer'],
    [status, { server: 1, period: '1.5', services: [] }, 'Data: "period" should be an integer'],
    [status, { server: 1, period: ' 60 ', services: {} }, 'Data: "services" should be a list'],
    [status, { server: 1, period: 59.9, services: [1] }, services],
    [status, { server: 1, period: 1, services: [{ name: 'a' }] }, services],
    [status, { server: 1, period: 1, services: [{ name: 1, state: 'OK' }] }, services],
    [status, { server: 1, period: 1, services: [{ name: 'a', state: 'OK', info: null }] }, services],
    [status, { server: 1, period: 1, services: [] }, 'Data: "server" should be a dict'],
    [status, { server: [], period: true, services: [] }, 'Data: "server" should be a dict'],
    ['/api/set/alerts', { server: 1 }, 'Data: "alerts" key is missing'],
    ['/api/set/alerts', { server: 1, alerts: 'x' }, 'Data: "alerts" should be a list'],
    ['/api/set/alerts', { server: 1, alerts: [{ message: 'm', other: 1 }] }, alerts],
    ['/api/set/alerts', { server: 1, alerts: [{ message: 'm', service: null }] }, alerts],
    ['/api/set/alerts', { server: 1, alerts: [{ title: 't' }] }, alerts],
    ['/api/ping', { server: { key: 'k' } }, 'Data: "server.name" should be a string'],
    ['/api/ping', { server: { name: 'n', key: 1 } }, 'Data: "server.key" should be a string'],
    ['/api/ping', { server: { name: '', key: 'k' } }, 'Data: "server.name" should not be empty'],
    [status, { server: 1, period: -1, services: [] }, 'Data: "period" should not be negative'],
    ['/api/ping', '{"a":', /^Invalid JSON/],
  ])('%s refuses %j', async (path, body, error) => {
    const { post, get } = await start();
    expect(await post(path, body)).toEqual([
      400,
      { error: error instanceof RegExp ? expect.stringMatching(error) : error },
    ]);
    expect((await get('/ui/api/status/'))[1].servers).toEqual([]);
  });

  it('refuses another key for a known name, and stores nothing then', async () => {
    const push = await start();
    await push.post('/api/ping', { server });
    const other = { ...one('OK'), server: { name: 'web1', key: 'other' } };
    expect(await push.post(status, other)).toEqual([403, { error: 'Invalid server key' }]);
    expect((await push.get('/ui/api/status/'))[1].servers).toEqual([]);
    const restarted = await again(push);
    expect((await restarted.post(status, other))[0]).toBe(403);
    expect((await restarted.post(status, one('OK')))[0]).toBe(200);
  });

  it('keeps keys as hashes, with a secret that nobody else may read', async () => {
    const push = await start();
    await push.post('/api/ping', { server: { name: 'web1', key: 'hunter2-hunter2' } });
    expect(statSync(join(place.folder, 'overc', 'pepper')).mode & 0o777).toBe(0o600);
    const request = { route: '/api/v1/push/servers/:name/reset', method: 'POST', params: { name: 'web1' } };
    expect(await push.overc.answer({ ...request, query: {}, body: null })).toMatchObject({ status: 200 });
    expect((await push.post('/api/ping', { server }))[0]).toBe(200);
    expect((await push.post('/api/ping', { server: { name: 'web1', key: 'hunter2-hunter2' } }))[0]).toBe(403);
  });

  it('takes 20 reports a second of a name', async () => {
    const { post, clock } = await start();
    const answers = await Promise.all(Array.from({ length: 25 }, () => post('/api/ping', { server })));
    expect(answers.filter(([code]) => code === 429)).toHaveLength(5);
    clock.advance(1000);
    expect((await post('/api/ping', { server }))[0]).toBe(200);
  });

  it('asks for a token of who is new, where it is configured', async () => {
    const { post } = await start({ enrollment_token: 't0ken' });
    expect(await post('/api/ping', { server })).toEqual([
      403,
      { error: expect.stringMatching(/^Unknown server: an enrollment token is needed, as the header/) },
    ]);
    expect((await post('/api/ping', { server }, { 'x-enrollment-token': 't0ken' }))[0]).toBe(200);
    expect((await post('/api/ping', { server }))[0]).toBe(200);
  });

  it('asks for a password on /api/ and /ui/, where the environment says so', async () => {
    const { url, post } = await start({}, { env: { OVERC_API_AUTH: 'a:b', OVERC_UI_AUTH: 'c:d' } });
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    expect((await post('/api/ping', { server }))[0]).toBe(401);
    expect((await post('/api/ping', { server }, basic('a:c')))[0]).toBe(401);
    expect((await post('/api/ping', { server }, basic('a:b')))[0]).toBe(200);
    const page = await fetch(`${url}/ui/api/status/`, { headers: basic('a:b') });
    expect([page.status, page.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringMatching(/^Basic/),
    ]);
    expect((await fetch(`${url}/ui/api/status/`, { headers: basic('c:d') })).status).toBe(200);
  });

  it('refuses what is too large, too much, of another site, or of another method', async () => {
    const { post, get, url } = await start();
    expect((await post('/api/ping', { server, more: 'x'.repeat(1024 * 1024) }))[0]).toBe(413);
    expect(await post('/api/ping', { server: { name: 'long', key: 'x'.repeat(513) } })).toEqual([
      413,
      { error: 'a key is longer than 512 characters' },
    ]);
    const services = Array.from({ length: 2001 }, (_, index) => ({ name: `s${index}`, state: 'OK' }));
    expect((await post(status, { server, period: 1, services }))[0]).toBe(413);
    expect((await post('/api/ping', { server }, { 'sec-fetch-site': 'cross-site' }))[0]).toBe(403);
    expect((await get('/api/ping'))[0]).toBe(405);
    expect((await get('/nothing'))[0]).toBe(404);
    expect(
      (await fetch(`${url}/ui/api/item/server/1`, { method: 'DELETE', headers: { origin: 'http://evil' } }))
        .status,
    ).toBe(403);
  });
});

describe('supervision', () => {
  it('is silent about a first OK, and alerts of a first other state and of each change', async () => {
    const push = await start();
    await push.post(status, one('OK', 'up'));
    await push.post(status, { ...one('FAIL', 'x'), server: { name: 'web2', key: 'k' } });
    for (const state of ['WARN', 'ERR', 'NOPE']) await push.post(status, one(state, 'now'));
    await push.overc.pass();
    expect(textsOf(push)).toEqual([
      'web2 app: [service:state/FAIL] State changed: "(?)" -> "FAIL"\nCurrent: FAIL: x\n',
      ...['"OK" -> "WARN"', '"WARN" -> "FAIL"'].map((change, index) =>
        expect.stringContaining(`[service:state/${['WARN', 'FAIL'][index]}] State changed: ${change}\n`),
      ),
      'web1 app: [service:state/UNK] State changed: "FAIL" -> "UNK"\nCurrent: UNK: now (sent unsupported state: "NOPE")\n',
    ]);
    expect(alertsOf(push).every(({ only }) => only === 'handler/overc')).toBe(true);
    expect(alertsOf(push)[0]).toMatchObject({ check: 'push/check/web2/app', data: { severity: 'critical' } });
  });

  it('tells once that a service is offline, and once that it is back', async () => {
    const push = await start();
    await push.post(status, one('OK', 'up'));
    push.clock.advance(5000);
    await push.overc.pass();
    for (const ms of [5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000]) {
      push.clock.advance(ms);
      await push.overc.pass();
    }
    expect(textsOf(push)).toEqual([]);
    push.clock.advance(1);
    await push.overc.pass();
    await push.overc.pass();
    await push.post(status, one('OK', 'back'));
    await push.overc.pass();
    expect(textsOf(push)).toEqual([
      'web1 app: [plugin/offline] Monitoring plugin offline\nCurrent: OK: up\n',
      'web1 app: [plugin/online] Monitoring plugin back online\nCurrent: OK: back\n',
    ]);
    expect(resultsOf(push).map(({ state }) => state)).toEqual(['ok', 'critical', 'ok']);
  });

  it('holds nobody late for a time in which it did not listen', async () => {
    const first = await start();
    await first.post(status, one('OK'));
    first.clock.advance(100_000);
    const push = await again(first);
    await push.overc.pass();
    push.clock.advance(59_000);
    // A gap of more than six seconds between looks is a stall of its own.
    await push.overc.pass();
    push.clock.advance(5000);
    await push.overc.pass();
    expect(textsOf(push)).toEqual([]);
    for (let turn = 0; turn < 12; turn += 1) {
      push.clock.advance(5000);
      await push.overc.pass();
    }
    expect(textsOf(push)).toHaveLength(1);
  });

  it('holds nobody late for a jump of the time of day, and lets nobody be late by one', async () => {
    const push = await start();
    await push.post(status, one('OK', 'up'));
    push.clock.wallMs += 86_400_000;
    await push.overc.pass();
    expect(textsOf(push)).toEqual([]);
    push.clock.wallMs -= 10 * 86_400_000;
    for (let turn = 0; turn < 13; turn += 1) {
      push.clock.monotonicMs += 5000;
      await push.overc.pass();
    }
    expect(textsOf(push)).toEqual([expect.stringContaining('[plugin/offline]')]);
  });

  it('tells an alert that was sent to every handler, with and without a service', async () => {
    const push = await start();
    await push.post('/api/set/alerts', {
      server,
      alerts: [{ message: 'down' }, { message: 'queue', service: 'q' }],
    });
    await push.overc.pass();
    expect(textsOf(push)).toEqual(['web1: [api/alert] down\n', 'web1 q: [api/alert] queue\n']);
    expect(alertsOf(push).every(({ only }) => only === undefined)).toBe(true);
    expect(resultsOf(push)).toEqual([]);
  });

  it('tells what nobody was told of before it was stopped', async () => {
    const push = await start();
    await push.post(status, one('FAIL'));
    const restarted = await again(push);
    await restarted.post(status, one('OK'));
    await restarted.overc.pass();
    expect([...textsOf(push), ...textsOf(restarted)]).toHaveLength(2);
  });

  it('makes checks of services, as rules say', async () => {
    const rules = [
      { match: 'web1/*', attempts: 3, handlers: ['mail'], grace: '30s' },
      { match: '*', attempts: 2, labels: { team: 'ops' } },
    ];
    const push = await start({ services: rules });
    await push.post(status, one('OK', 'up'));
    await push.overc.pass();
    await push.stop();
    expect(push.reports[0]).toMatchObject({
      plugin: 'listener/overc',
      checks: [
        {
          ...{ id: 'push/check/web1/app', name: 'web1/app', display_name: 'web1 app', interval: 90 },
          labels: { server: 'web1', service: 'app', team: 'ops' },
          policy: { attempts: 3, handlers: ['mail'] },
        },
      ],
      results: [{ check: 'push/check/web1/app', state: 'ok', output: 'up' }],
    });
  });
});

describe('an old installation', () => {
  it('has its server.ini read as it is', async () => {
    const path = join(place.folder, 'server.ini');
    writeFileSync(
      path,
      '; old\n[overc]\nAPI_AUTH = a:50%%\nloglevel: WARN\n\n[alert:mail]\ncommand=./mail.sh\n',
    );
    const { post } = await start({}, { env: { OVERC_CONFIG: path } });
    expect((await post('/api/ping', { server }))[0]).toBe(401);
    const headers = { authorization: `Basic ${Buffer.from('a:50%').toString('base64')}` };
    expect((await post('/api/ping', { server }, headers))[0]).toBe(200);
  });

  it('is told of a file that is not there', async () => {
    await expect(start({ config: '/nowhere.ini' })).rejects.toThrow(
      'Config file does not exist: /nowhere.ini',
    );
  });
});

describe('the routes of the page', () => {
  it('show servers and services by name', async () => {
    const push = await start();
    await push.post(status, one('OK', 'up'));
    await push.post('/api/set/alerts', {
      server,
      alerts: [{ message: 'a' }, { message: 'b', service: 'app' }],
    });
    await push.post(status, { server, period: '5', services: [{ name: 'aaa', state: 'WARN', period: 'x' }] });
    push.clock.advance(90_061_000);
    const [, body] = await push.get('/ui/api/status/');
    expect(body).toEqual({
      stats: { n_alerts: 0, last_state_id: 2, supervisor_lag: expect.any(Number) },
      servers: [
        {
          ...{ id: 1, name: 'web1', title: 'web1', ip: '127.0.0.1', n_alerts: 0 },
          services: [
            expect.objectContaining({ id: 2, name: 'aaa', period: 5 }),
            {
              ...{ id: 1, period: 60, name: 'app', title: 'app', n_alerts: 0 },
              state: {
                ...{ rtime: '2026-01-01 12:00:00', timed_out: false, seen_ago: '1 day, 1:01:01' },
                ...{ state: 'OK', info: 'up' },
              },
            },
          ],
        },
      ],
    });
    const [, alerts] = await push.get('/ui/api/status/alerts/server/1?hours=48.5');
    expect(alerts.alerts).toEqual([
      expect.objectContaining({ id: 3, event: 'WARN', service: 'aaa' }),
      expect.objectContaining({ id: 2, message: 'b', service: 'app', service_id: 1, state_info: 'up' }),
      {
        ...{ id: 1, server: 'web1', server_id: 1, service: null, service_id: null, state_info: null },
        ...{ ctime: '2026-01-01 12:00:00', channel: 'api', event: 'alert', message: 'a' },
      },
    ]);
  });

  it('collapse runs of equal states, open them, and say what is no longer kept', async () => {
    const push = await start();
    const report = async (state: string, times: number): Promise<void> => {
      for (let turn = 0; turn < times; turn += 1) {
        await push.post(status, one(state));
        push.clock.advance(1000);
      }
    };
    await report('OK', 4);
    await report('WARN', 3);
    const ids = async (query: string) => {
      const [, { states }] = await push.get(`/ui/api/status/service/1/states?hours=24${query}`);
      return (states as JsonObject[]).map(({ id, group, group_count: count }) =>
        group === undefined ? id : [group, count],
      );
    };
    expect(await ids('')).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(await ids('&groups=1')).toEqual([7, 6, 5, 4, ['2-3', 2], 1]);
    expect(await ids('&groups=1&expand=3-9')).toEqual([7, 6, 5, 4, 3, 2, 1]);
    await report('OK', 60);
    expect(await ids('&groups=1')).toEqual([67, ['18-66', 49], ['8-17', 10], ['5-7', 3], ['1-4', 4]]);
    const restarted = await again(push);
    const [, { states }] = await restarted.get('/ui/api/status/service/1/states?groups=1&expand=1-9');
    expect(states).toContainEqual({ id: 5, state: 'WARN', group: '5-7', group_count: 3, pruned: 3 });
  });

  it('delete a service and a server with all below, which then may come anew', async () => {
    const push = await start();
    await push.post(status, one('FAIL'));
    expect((await push.get('/ui/api/item/service/7', 'DELETE'))[0]).toBe(404);
    expect(await push.get('/ui/api/item/service/1', 'DELETE')).toEqual([200, { ok: 1 }]);
    expect((await push.get('/ui/api/status/'))[1].servers).toEqual([]);
    expect(await push.get('/ui/api/item/server/1', 'DELETE')).toEqual([200, { ok: 1 }]);
    expect((await push.get('/ui/api/status/alerts/'))[1].alerts).toEqual([]);
    const restarted = await again(push);
    expect((await restarted.post(status, { ...one('OK'), server: { name: 'web1', key: 'new' } }))[0]).toBe(
      200,
    );
  });
});
