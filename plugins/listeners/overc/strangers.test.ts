import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Options } from './options.ts';
import { scratch, startPush, type TestPush } from './test-push.ts';

const server = { name: 'web1', key: '1234' };
const status = '/api/set/service/status';
const uuid = '0b5ba1c5-6a4c-4a3d-9f0c-0d5a1f1e2b3c';
const basic = { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` };

let place: ReturnType<typeof scratch>;
let push: TestPush;

beforeEach(() => {
  place = scratch();
});
afterEach(async () => {
  await push.stop();
  place.remove();
});

async function start(options: Partial<Options> = {}): Promise<TestPush> {
  push = await startPush(place.folder, options);
  return push;
}

const report = (who: object, name: string, info = '') => ({
  ...{ server: who, period: 60, services: [{ name, state: 'OK', info }] },
});

it('asks for the password of clients also where a ping brings a key', async () => {
  const { post, get } = await start({ api_auth: 'a:b', services: [{ match: 'web1/job', uuid }] });
  expect((await get('/ping/web1:1234/job?create=1'))[0]).toBe(401);
  expect((await post('/ping/web1:1234/job?create=1', '', basic))[0]).toBe(201);
  expect((await get(`/ping/${uuid}`))[0]).not.toBe(401);
});

it('lets nobody take a server without a key who has no token', async () => {
  const { post, get } = await start({
    enrollment_token: 't0ken',
    services: [{ match: 'web1/job', uuid }],
  });
  expect((await get(`/ping/${uuid}`))[0]).toBe(201);
  expect((await post('/api/ping', { server }))[0]).toBe(403);
  expect((await post('/api/ping', { server }, { 'x-enrollment-token': 't0ken' }))[0]).toBe(200);
});

it('never takes one server for another that has a slash in its name', async () => {
  const { post, overc, reports } = await start();
  await post(status, report(server, 'disk/main'));
  await post(status, report({ name: 'web1/disk', key: 'x' }, 'main'));
  await overc.pass();
  expect(reports.flatMap(({ checks = [] }) => checks.map(({ id }) => id))).toEqual([
    'push/check/web1/disk/main',
    'push/check/web1%2Fdisk/main',
  ]);
});

it('does not count a job that another server began', async () => {
  const { post, get, clock, overc } = await start();
  await post(status, { ...report(server, 'disk/main'), period: 86_400 });
  await get('/ping/web1%2Fdisk:x/main/start?create=1');
  for (let turn = 0; turn < 721; turn += 1) {
    clock.advance(5000);
    overc.look();
  }
  await overc.pass();
  const texts = push.reports.flatMap(({ alerts = [] }) => alerts.map(({ data }) => String(data.text)));
  expect(texts).toEqual([expect.stringContaining('web1/disk main: [plugin/offline]')]);
});

it('lets nobody else use up what a name may send', async () => {
  const { post } = await start({ trusted_proxies: ['127.0.0.1'] });
  const from = (address: string) => ({ 'x-forwarded-for': address });
  await post('/api/ping', { server }, from('192.0.2.1'));
  const wrong = { server: { name: 'web1', key: 'wrong' } };
  await Promise.all(Array.from({ length: 25 }, () => post('/api/ping', wrong, from('192.0.2.9'))));
  expect((await post('/api/ping', wrong, from('192.0.2.9')))[0]).toBe(429);
  expect((await post('/api/ping', { server }, from('192.0.2.1')))[0]).toBe(200);
});

it('shows its page to no page whose name was made to resolve to this host', async () => {
  const { url } = await start();
  const asked = (host: string): Promise<number> =>
    new Promise((resolve, reject) => {
      request(`${url}/ui/api/status/`, { headers: { host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
  expect(await asked('evil.example.org:5000')).toBe(421);
  expect(await asked('localhost:5000')).toBe(200);
  expect(await asked('[::1]:5000')).toBe(200);
});

describe('who knows the name of a job and not its key', () => {
  const named = '/ping/web1:1234/job';
  const stranger = '/ping/web1:wrong/job';
  const infos = async (): Promise<string> => JSON.stringify((await push.get('/ui/api/status/'))[1]);

  it('neither begins a run of it nor ends one', async () => {
    const { get, clock, overc } = await start();
    await get(`${named}?create=1`);
    expect((await get(`${stranger}/start`))[0]).toBe(403);
    for (let turn = 0; turn < 721; turn += 1) {
      clock.advance(5000);
      overc.look();
    }
    await overc.pass();
    expect(push.reports.flatMap(({ alerts = [] }) => alerts)).toEqual([]);
    await get(`${named}/start`);
    clock.advance(5000);
    expect((await get(stranger))[0]).toBe(403);
    clock.advance(5000);
    await get(named);
    expect(await infos()).toContain('success after 0:00:10');
  });

  it('does not use up how often it may ping', async () => {
    const { get } = await start({ trusted_proxies: ['127.0.0.1'] });
    const from = async (address: string, path: string): Promise<number> =>
      (await fetch(`${push.url}${path}`, { headers: { 'x-forwarded-for': address } })).status;
    await get(`${named}?create=1`);
    const tried = await Promise.all(Array.from({ length: 25 }, () => from('192.0.2.9', stranger)));
    expect(tried).toContain(429);
    expect(await from('192.0.2.1', named)).toBe(200);
  });
});

it('takes no longer names by a ping than by a report', async () => {
  const { get } = await start();
  const long = 'x'.repeat(501);
  for (const path of [`${long}:1/job`, `web1:1/${long}`, `web1:${'x'.repeat(513)}/job`])
    expect((await get(`/ping/${path}?create=1`))[0]).toBe(413);
  expect((await get(`/ping/${'x'.repeat(500)}:1/${'y'.repeat(500)}?create=1`))[0]).toBe(201);
});
