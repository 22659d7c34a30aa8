import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scratch, startPush, type TestPush } from '../test-push.ts';
import { readPingPath } from './ping-url.ts';

const uuid = '0b5ba1c5-6a4c-4a3d-9f0c-0d5a1f1e2b3c';
const rid = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
let place: ReturnType<typeof scratch>;
let push: TestPush | undefined;

beforeEach(() => {
  place = scratch();
});
afterEach(async () => {
  await push?.stop();
  place.remove();
});

const services = [
  { match: 'db1/backup', uuid, schedule: '0 3 * * *', timezone: 'Europe/Paris', grace: '30m' },
  { match: 'db1/site', token: 'kuma-token-1', grace: '10s' },
];

async function start(): Promise<TestPush> {
  push = await startPush(place.folder, { services });
  return push;
}

async function stateOf(name: string): Promise<unknown> {
  const [, { servers }] = await (push as TestPush).get('/ui/api/status/');
  const all = (servers as { services: { name: string; state: unknown }[] }[]).flatMap(
    (each) => each.services,
  );
  return all.find((each) => each.name === name)?.state;
}

const texts = (): string[] =>
  (push as TestPush).reports.flatMap(({ alerts = [] }) => alerts.map(({ data }) => String(data.text)));

it('takes the end of a job, by its UUID, and how long it ran', async () => {
  const { get, post, clock } = await start();
  expect(await get(`/ping/${uuid}/start?rid=${rid}`)).toEqual([201, { text: 'Created' }]);
  expect(await stateOf('backup')).toBeNull();
  clock.advance(75_000);
  expect(await post(`/ping/${uuid}?rid=${rid}`, 'copied 3 files\n')).toEqual([200, { text: 'OK' }]);
  expect(await stateOf('backup')).toMatchObject({
    state: 'OK',
    info: 'success after 0:01:15: copied 3 files',
  });
  await get(`/ping/${uuid}/3`, 'HEAD');
  expect(await stateOf('backup')).toMatchObject({ state: 'FAIL', info: 'exit status 3' });
  await post(`/ping/${uuid}/log`, 'only a line');
  expect(await stateOf('backup')).toMatchObject({ state: 'FAIL', info: 'exit status 3' });
});

it('tells runs that overlap apart by their rid, and counts from the oldest that goes on', async () => {
  const { get, clock, overc } = await start();
  const pass = async (seconds: number): Promise<string[]> => {
    for (let turn = 0; turn < seconds / 5; turn += 1) {
      clock.advance(5000);
      overc.look();
    }
    await overc.pass();
    return texts();
  };
  const other = rid.replace('6f', '7f');
  await get(`/ping/${uuid}/start?rid=${rid}`);
  await pass(1000);
  await get(`/ping/${uuid}/start?rid=${other}`);
  await pass(20);
  await get(`/ping/${uuid}?rid=${other}`);
  expect(await stateOf('backup')).toMatchObject({ state: 'OK', info: 'success after 0:00:20' });
  await get(`/ping/${uuid}`);
  expect(await stateOf('backup')).toMatchObject({ info: 'success' });
  // Half an hour after the first began, of which nobody saw the end.
  expect(await pass(780)).toEqual([]);
  expect(await pass(5)).toEqual([expect.stringContaining('[plugin/offline]')]);
});

it('keeps the first 10,000 bytes of a body, and says that', async () => {
  const { url } = await start();
  const answer = await fetch(`${url}/ping/${uuid}/fail`, { method: 'POST', body: 'x'.repeat(20_000) });
  expect([answer.status, answer.headers.get('ping-body-limit')]).toEqual([201, '10000']);
  expect(await stateOf('backup')).toMatchObject({ state: 'FAIL', info: `fail: ${'x'.repeat(10_000)}` });
});

it('makes a service of a key and a name, where it is asked to', async () => {
  const { get } = await start();
  expect((await get('/ping/web1:secret/cron'))[0]).toBe(404);
  expect(await get('/ping/web1:secret/cron?create=1')).toEqual([201, { text: 'Created' }]);
  expect((await get('/ping/web1:secret/cron/fail'))[0]).toBe(200);
  expect((await get('/ping/web1:other/cron'))[0]).toBe(403);
  expect((await get(`/ping/${rid}`))[0]).toBe(404);
  expect((await get(`/ping/${uuid}?rid=7`))[0]).toBe(400);
  expect((await get(`/ping/${uuid}`, 'DELETE'))[0]).toBe(405);
});

it('expects a job by its schedule in its time zone, with its grace', async () => {
  const { get, clock, overc } = await start();
  await get(`/ping/${uuid}`);
  const pass = async (hours: number): Promise<string[]> => {
    for (let turn = 0; turn < hours * 720; turn += 1) {
      clock.advance(5000);
      if (turn % 60 === 0 || turn === hours * 720 - 1) await overc.pass();
      else overc.look();
    }
    return texts();
  };
  // From noon to three o'clock in Paris, which is two in UTC, and half an hour.
  expect(await pass(14.25)).toEqual([]);
  expect(await pass(0.5)).toEqual([expect.stringContaining('[plugin/offline]')]);
});

it.each([
  [{ timezone: 'Europe/Pari' }, "there is no time zone 'Europe/Pari'"],
  [{ schedule: '0 3 * *' }, '0 3 * *'],
])('refuses the rule %j, which would end the supervision of all services', async (keys, message) => {
  const refused = startPush(place.folder, { services: [{ match: 'web1/*', ...keys }] });
  await expect(refused).rejects.toThrow(/^'web1\/\*' of 'services': /);
  await expect(refused).rejects.toThrow(message);
});

it('tells of a job that began and does not end', async () => {
  const { get, clock, overc } = await start();
  await get('/ping/web1:secret/cron/start?create=1');
  for (let turn = 0; turn < 721; turn += 1) {
    clock.advance(5000);
    overc.look();
  }
  await overc.pass();
  expect(texts()).toEqual([expect.stringContaining('web1 cron: [plugin/offline]')]);
});

it('takes what Uptime Kuma takes', async () => {
  const { get } = await start();
  expect(await get('/api/push/kuma-token-1?status=up&msg=fine&ping=12')).toEqual([200, { ok: true }]);
  expect(await stateOf('site')).toMatchObject({ state: 'OK', info: 'fine (12 ms)' });
  await get('/api/push/kuma-token-1?status=down&msg=broken');
  expect(await stateOf('site')).toMatchObject({ state: 'FAIL', info: 'broken' });
  expect((await get('/api/push/unknown-1'))[0]).toBe(404);
});

describe('a path', () => {
  it.each([
    [`/ping/${uuid}`, { target: { uuid }, kind: 'success' }],
    [`/ping/${uuid}/0`, { target: { uuid }, kind: 'success' }],
    [`/ping/${uuid}/255`, { target: { uuid }, kind: 'fail', exit: 255 }],
    ['/ping/a%20b:k:l/job/fail', { target: { server: 'a b', key: 'k:l', service: 'job' }, kind: 'fail' }],
    [`/ping/${uuid}/256`, undefined],
    [`/ping/${uuid}/start/more`, undefined],
    ['/ping/web1/job', undefined],
    ['/ping/web1:k', undefined],
    ['/ping/%ff:k/job', undefined],
  ])('%s is read', (path, expected) => expect(readPingPath(path)).toEqual(expected));
});
