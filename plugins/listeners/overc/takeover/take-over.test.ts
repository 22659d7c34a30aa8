import type { JsonObject } from 'opsbro/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SqlDatabase } from '../sql/database.ts';
import { onBackend } from '../storage/test-backend.ts';
import { databases, type TestServer } from '../storage/test-databases.ts';
import { PushClock, scratch, startPush, type TestPush } from '../test-push.ts';
import { TakeOverRoute } from './route.ts';
import type { TakeOverView } from './take-over.ts';
import { installOld, type OldTables } from './test-installation.ts';

const path = '/api/v1/push/import';
const minute = (count: number): string => `2026-01-01 11:${String(count).padStart(2, '0')}:00`;

/** Two servers: one with a service of sixty states that changed twice, one that is late, and alerts told and untold; one without anything. */
const tables: OldTables = {
  servers: [
    { title: 'Web One', name: 'web1', key: '1234', ip: '192.0.2.1' },
    { title: 'ünï', name: 'ünï', key: null, ip: null },
  ],
  services: [
    { server: 1, period: 60, timedOut: false, name: 'app', title: 'The app' },
    { server: 1, period: 3600, timedOut: true, name: 'backup', title: 'backup' },
    { server: 2, period: null, timedOut: false, name: 'spoken', title: 'spoken' },
  ],
  states: [
    { service: 1, rtime: '2025-11-01 00:00:00', state: 'OK', info: 'long ago' },
    ...Array.from({ length: 60 }, (_, index) => ({
      ...{ service: 1, rtime: minute(index), info: `${index} items` },
      state: index < 58 ? 'OK' : 'FAIL',
    })),
    { service: 2, rtime: '2025-12-01 03:00:00', state: 'OK', info: 'done' },
  ],
  alerts: [
    {
      ...{ server: 1, service: 1, state: 60, reported: true, ctime: minute(58) },
      ...{ channel: 'service:state', event: 'FAIL', message: 'State changed: "OK" -> "FAIL"' },
    },
    {
      ...{ server: 1, service: null, state: null, reported: false, ctime: minute(59) },
      ...{ channel: 'api', event: 'alert', message: 'disk ☠' },
    },
    {
      ...{ server: 1, service: 2, state: 62, reported: true, ctime: '2025-12-01 04:00:00' },
      ...{ channel: 'plugin', event: 'offline', message: 'Monitoring plugin offline' },
    },
  ],
};

const sources = (await databases()).flatMap(([name, server, isPresent]) =>
  [false, true].map((isKept): [string, TestServer, boolean, boolean] => [
    `${name}${isKept ? ', into the same database' : ''}`,
    server,
    isPresent,
    isKept,
  ]),
);

describe.each(sources)('an OverC 1.0.9 in %s', (_, server, isPresent, isKept) => {
  const old = onBackend(server, isPresent);
  let push: TestPush | undefined;

  beforeEach(async () => {
    await installOld(old.database as SqlDatabase, server.url.startsWith('mysql'), tables);
  });
  afterEach(async () => {
    await push?.stop();
    push = undefined;
  });

  async function start(): Promise<TestPush> {
    const own = await startPush(
      old.folder,
      { database: isKept ? old.url : '' },
      push && { clock: push.clock },
    );
    push = own;
    return own;
  }
  async function ask(own: TestPush, method: string, body: JsonObject | null = null) {
    return own.overc.answer({ route: path, method, params: {}, query: {}, body });
  }
  async function takeOver(own: TestPush, options: JsonObject = {}): Promise<TakeOverView> {
    expect((await ask(own, 'POST', { database: old.url, ...options })).status).toBe(200);
    const view = async () => (await ask(own, 'GET')).body as unknown as TakeOverView;
    await expect.poll(async () => (await view()).state, { timeout: 30_000 }).not.toBe('running');
    return view();
  }

  it('is taken over with keys, services, states and alerts, of which nobody is told again', async () => {
    const own = await start();
    const dry = await takeOver(own, { dry_run: true });
    expect((await own.get('/ui/api/status/'))[1].servers).toEqual([]);
    const view = await takeOver(own);
    expect({ ...dry, dry_run: false }).toEqual(view);
    expect(view).toMatchObject({
      ...{ state: 'done', error: null, more: 0 },
      servers: { found: 2, carried: 2, known: 0 },
      services: { found: 3, carried: 3, known: 0 },
      states: { found: 62, carried: 61 },
      alerts: { found: 3, carried: 2 },
    });
    expect(view.not_carried).toEqual([
      {
        object: 'web1',
        what: 'nobody was told of 1 of its alerts there; they are listed, and not told here',
      },
      { object: 'ünï', what: 'it has no key there: the first key that comes with its name counts' },
      { object: '', what: expect.stringMatching(/^1 states older than 7 days/) },
      { object: '', what: expect.stringMatching(/^1 alerts older than 7 days/) },
    ]);
    const [, status] = await own.get('/ui/api/status/');
    expect(status.servers).toEqual([
      expect.objectContaining({
        ...{ name: 'web1', title: 'Web One', ip: '192.0.2.1' },
        services: [
          expect.objectContaining({
            ...{ name: 'app', title: 'The app', period: 60 },
            state: {
              rtime: '2026-01-01 11:59:00',
              timed_out: false,
              seen_ago: '0:01:00',
              state: 'FAIL',
              info: '59 items',
            },
          }),
          expect.objectContaining({ name: 'backup', state: expect.objectContaining({ timed_out: true }) }),
        ],
      }),
      expect.objectContaining({
        name: 'ünï',
        services: [expect.objectContaining({ name: 'spoken', state: null })],
      }),
    ]);
    await own.overc.pass();
    expect(own.reports.flatMap(({ alerts = [] }) => alerts)).toEqual([]);
    const told = own.reports.flatMap(({ results = [] }) => results).map(({ check, state }) => [check, state]);
    expect(told).toContainEqual(['push/check/web1/app', 'critical']);
    expect(told).toContainEqual(['push/check/web1/backup', 'critical']);
  });

  it('shows what happened there, and counts keys and lateness from there', async () => {
    const first = await start();
    await takeOver(first);
    const id = (await services(first)).find(({ name }) => name === 'app')?.id;
    await first.stop();
    const own = await start();
    const [, { states }] = await own.get(`/ui/api/status/service/${id}/states?hours=24&groups=1`);
    const rows = states as JsonObject[];
    expect(rows[0]).toMatchObject({
      state: 'FAIL',
      info: '59 items',
      rtime: '2026-01-01 11:59:00',
      alerts: [],
    });
    expect(rows[1]).toMatchObject({ state: 'FAIL', info: '58 items', alerts: [{ event: 'FAIL' }] });
    expect(rows.at(-1)).toMatchObject(isKept ? { info: '0 items' } : { pruned: 10, state: 'OK' });
    const [, { alerts }] = await own.get('/ui/api/status/alerts/?hours=24');
    expect((alerts as JsonObject[]).map(({ message, service }) => [message, service])).toEqual([
      ['disk ☠', null],
      ['State changed: "OK" -> "FAIL"', 'The app'],
    ]);
    const report = (name: string, key: string) =>
      own.post('/api/set/service/status', {
        server: { name, key },
        period: 60,
        services: [{ name: 'app', state: 'OK' }],
      });
    expect((await report('web1', 'other'))[0]).toBe(403);
    expect((await report('web1', '1234'))[0]).toBe(200);
    expect((await report('ünï', 'any'))[0]).toBe(200);
    await own.overc.pass();
    const texts = own.reports.flatMap(({ alerts: sent = [] }) => sent).map(({ data }) => String(data.text));
    expect(texts).toEqual([
      'Web One The app: [service:state/OK] State changed: "FAIL" -> "OK"\nCurrent: OK: \n',
    ]);
  });

  it('leaves what is here as it is, so that it may be run again', async () => {
    const own = await start();
    const body = {
      server: { name: 'web1', key: '1234' },
      period: 5,
      services: [{ name: 'app', state: 'WARN', info: 'new' }],
    };
    await own.post('/api/set/service/status', body);
    await own.post('/api/ping', { server: { name: 'ünï', key: 'own' } });
    expect(await takeOver(own)).toMatchObject({
      servers: { carried: 0, known: 2 },
      services: { carried: 2, known: 1 },
    });
    const again = await takeOver(own);
    expect(again).toMatchObject({
      servers: { carried: 0, known: 2 },
      services: { carried: 0, known: 3 },
      states: { carried: 0 },
    });
    expect((await services(own)).find(({ name }) => name === 'app')).toMatchObject({
      period: 5,
      state: { info: 'new' },
    });
  });

  it('carries nothing more once the push server ends', async () => {
    const carried: string[] = [];
    let closing: Promise<void> | undefined;
    const taking = new TakeOverRoute({
      storage: {
        adoptServer: async ({ name }) => {
          carried.push(name);
          return 'carried';
        },
        adoptService: async (_, { name }) => {
          carried.push(name);
          closing = taking.close();
          return 'carried';
        },
        figures: async () => ({ servers: 0, services: 0, unsent: 0, sizeBytes: 0 }),
      },
      ...{ clock: new PushClock(), limits: { servers: 10, services: 10 } },
    });
    const asked = (method: string, body: JsonObject | null) =>
      taking.answer({ route: path, method, params: {}, query: {}, body });
    asked('POST', { database: old.url });
    await expect.poll(() => carried.length, { timeout: 30_000 }).toBe(2);
    await closing;
    expect(carried).toEqual(['web1', 'app']);
    expect(asked('GET', null).body).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('the push server ended; what was carried stays'),
    });
  });

  it('overwrites no server that reports with another key', async () => {
    const own = await start();
    await own.post('/api/ping', { server: { name: 'web1', key: 'squatter' } });
    const view = await takeOver(own);
    expect(view).toMatchObject({ servers: { found: 2, carried: 1, known: 0 }, services: { carried: 1 } });
    expect(view.not_carried).toContainEqual({
      object: 'web1',
      what: 'a server of this name reports here with another key; it stays as it is, with its services',
    });
    expect((await own.post('/api/ping', { server: { name: 'web1', key: '1234' } }))[0]).toBe(403);
  });

  async function services(own: TestPush): Promise<(JsonObject & { id: number; name: string })[]> {
    const [, body] = await own.get('/ui/api/status/');
    return (body.servers as { services: [] }[]).flatMap(({ services: list }) => list);
  }
});

it('says what cannot be taken over, with no password', async () => {
  const place = scratch();
  const push = await startPush(place.folder);
  const ask = (method: string, body: JsonObject | null) =>
    push.overc.answer({ route: path, method, params: {}, query: {}, body });
  try {
    expect(await ask('GET', null)).toMatchObject({ status: 404 });
    expect(await ask('POST', { database: 1 })).toMatchObject({ status: 400 });
    expect(await ask('POST', { database: 'mysql://a:b@h/d', days: 0 })).toMatchObject({ status: 400 });
    await ask('POST', { database: 'sqlite:///x.db' });
    const error = async () => ((await ask('GET', null)).body as JsonObject).error;
    await expect
      .poll(error)
      .toBe("'database' should be mysql://USER:PASSWORD@HOST/NAME or postgres://USER:PASSWORD@HOST/NAME");
    await ask('POST', { database: 'mysql://overc:hunter2@127.0.0.1:1/overc' });
    await expect.poll(error).toMatch(/^mysql:\/\/overc@127\.0\.0\.1:1\/overc: .*ECONNREFUSED/);
  } finally {
    await push.stop();
    place.remove();
  }
});
