import { randomBytes } from 'node:crypto';
import type { JsonObject, RouteRequest } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Keys } from '../keys.ts';
import type { ServiceFacts } from '../model.ts';
import type { Options } from '../options.ts';
import { PushClock, scratch, startPush, type TestPush } from '../test-push.ts';
import { HeldRemovals } from './held-removals.ts';
import { openHeld } from './open-held.ts';
import type { Storage } from './storage.ts';
import { onBackend } from './test-backend.ts';
import { backends } from './test-databases.ts';

const server = { name: 'web1', key: '1234' };
const report = (name: string, state = 'OK', as = server): JsonObject => ({
  ...{ server: as, period: 60, services: [{ name, state, info: `${name} says ${state}` }] },
});
const status = '/api/set/service/status';

describe.each(await backends())('what was removed from %s', (_, database, isPresent) => {
  const backend = onBackend(database, isPresent);
  let push: TestPush;

  beforeEach(async () => {
    push = await startPush(backend.folder, options());
    for (const name of ['app', 'db']) await push.post(status, report(name, name === 'db' ? 'FAIL' : 'OK'));
    await push.post(status, report('cron', 'OK', { name: 'web2', key: 'x' }));
  });
  afterEach(() => push?.stop());

  const options = (): Partial<Options> => ({ database: backend.url });
  const ask = async (method: string, route: string, params = {}, fields: RouteRequest['fields'] = []) => {
    const query = Object.fromEntries(fields);
    const reply = await push.overc.answer({ ...{ method, route, params, query, fields }, body: null });
    return [reply.status, reply.body as JsonObject] as const;
  };
  const item = (method: string, what: string, id: number) =>
    ask(method, `/api/v1/push/items/:kind/:id${method === 'POST' ? '/undo' : ''}`, {
      kind: what,
      id: String(id),
    });
  /** `server/service` with ids, as the page sees them. */
  const seen = async (): Promise<{ [name: string]: [server: number, service: number] }> => {
    const [, { servers: all }] = await ask('GET', '/api/v1/push/status');
    const list = all as { id: number; name: string; services: { id: number; name: string }[] }[];
    return Object.fromEntries(
      list.flatMap(({ id, name, services }) =>
        services.map((one) => [`${name}/${one.name}`, [id, one.id]] as [string, [number, number]]),
      ),
    );
  };
  const removed = () => push.reports.flatMap((one) => one.removed ?? []);
  const restart = async (): Promise<void> => {
    await push.stop();
    push = await startPush(backend.folder, options(), { clock: push.clock, kv: push.kv });
  };

  it('is out of sight at once, and comes back with all that was known of it', async () => {
    const { 'web1/app': [id = 0, app = 0] = [] } = await seen();
    const past = () => ask('GET', '/api/v1/push/states/:service', { service: String(app) });
    const before = await past();
    expect(before[0]).toBe(200);
    expect(await item('DELETE', 'server', id)).toEqual([200, { ok: 1 }]);
    expect(Object.keys(await seen())).toEqual(['web2/cron']);
    expect((await past())[0]).toBe(404);
    expect((await ask('GET', '/api/v1/push/alerts', {}, [['server', String(id)]]))[1]).toEqual({
      alerts: [],
    });
    await push.overc.pass();
    expect(removed().sort()).toEqual(['push/check/web1/app', 'push/check/web1/db']);
    await restart();
    expect(Object.keys(await seen())).toEqual(['web2/cron']);
    expect(await ask('GET', '/api/v1/push/removed')).toMatchObject([
      200,
      [{ kind: 'server', id, name: 'web1', title: 'web1', undo_until: expect.stringMatching(/T12:10:00/) }],
    ]);
    expect(await item('POST', 'server', id)).toEqual([200, { ok: 1 }]);
    expect(Object.keys(await seen()).sort()).toEqual(['web1/app', 'web1/db', 'web2/cron']);
    expect(await past()).toEqual(before);
    await push.overc.pass();
    const told = push.reports
      .flatMap(({ results = [] }) => results)
      .map(({ check, state }) => [check, state]);
    expect(told).toContainEqual(['push/check/web1/db', 'critical']);
    expect((await item('POST', 'server', id))[0]).toBe(404);
  });

  it('is gone for good after ten minutes, and never late meanwhile', async () => {
    const { 'web1/app': [, app = 0] = [] } = await seen();
    expect((await item('DELETE', 'service', app))[0]).toBe(200);
    push.clock.advance(599_000);
    push.overc.look();
    await push.overc.pass();
    const [, { alerts }] = await ask('GET', '/api/v1/push/alerts');
    expect(JSON.stringify(alerts)).not.toContain('"service":"app"');
    push.clock.advance(1000);
    await push.overc.pass();
    expect((await item('POST', 'service', app))[0]).toBe(404);
    expect(await ask('GET', '/api/v1/push/removed')).toEqual([200, []]);
    expect(Object.keys(await seen()).sort()).toEqual(['web1/db', 'web2/cron']);
  });

  it('is registered anew when it reports again with its key, and is not brought back then', async () => {
    const { 'web1/app': [id = 0] = [] } = await seen();
    await item('DELETE', 'server', id);
    expect(await push.post(status, report('app', 'WARN'))).toEqual([200, { ok: 1 }]);
    const { 'web1/app': [now = 0] = [], ...others } = await seen();
    expect([now > id, Object.keys(others)]).toEqual([true, ['web2/cron']]);
    expect((await item('POST', 'server', id))[0]).toBe(404);
  });

  it('stays as it was where another key comes with its name, or one that may not register', async () => {
    const { 'web1/app': [id = 0, app = 0] = [] } = await seen();
    const wrong = report('app', 'WARN', { name: 'web1', key: 'new' });
    const before = await ask('GET', '/api/v1/push/states/:service', { service: String(app) });
    for (const [what, which] of [
      ['server', id],
      ['service', app],
    ] as const) {
      await item('DELETE', what, which);
      expect(await push.post(status, wrong)).toEqual([403, { error: 'Invalid server key' }]);
      expect(await item('POST', what, which)).toEqual([200, { ok: 1 }]);
    }
    await item('DELETE', 'server', id);
    await push.stop();
    const strict = { ...options(), enrollment_token: 'let me in' };
    push = await startPush(backend.folder, strict, { clock: push.clock, kv: push.kv });
    expect((await push.post(status, report('app', 'WARN')))[0]).toBe(403);
    expect(await item('POST', 'server', id)).toEqual([200, { ok: 1 }]);
    expect(await ask('GET', '/api/v1/push/states/:service', { service: String(app) })).toEqual(before);
    // Of a server that is there a service needs no token.
    await item('DELETE', 'service', app);
    expect((await push.post(status, report('app', 'WARN')))[0]).toBe(200);
  });

  it('can be brought back for ten minutes, however the wall clock is set', async () => {
    const { 'web1/app': [id = 0, app = 0] = [] } = await seen();
    await item('DELETE', 'server', id);
    push.clock.wallMs += 86_400_000;
    await push.overc.pass();
    expect(await ask('GET', '/api/v1/push/removed')).toMatchObject([
      200,
      [{ undo_until: new Date(push.clock.wallMs + 600_000).toISOString() }],
    ]);
    expect(await item('POST', 'server', id)).toEqual([200, { ok: 1 }]);
    await item('DELETE', 'service', app);
    push.clock.wallMs -= 86_400_000;
    await restart();
    push.clock.advance(600_000);
    push.overc.look();
    await push.overc.pass();
    expect(await ask('GET', '/api/v1/push/removed')).toEqual([200, []]);
  });

  it('is asked for by what there is', async () => {
    expect((await item('DELETE', 'server', 99))[0]).toBe(404);
    expect((await item('POST', 'service', 1))[0]).toBe(404);
    expect((await ask('GET', '/api/v1/push/status', {}, [['server', 'x']]))[0]).toBe(404);
    expect((await ask('GET', '/api/v1/push/alerts', {}, [['hours', 'x']]))[0]).toBe(400);
  });
});

it('stays as it was where an old installation has its name with another key, or none', async () => {
  const place = scratch();
  const { kv, openStore } = serviceContext();
  const clock = new PushClock();
  const storage = await openHeld({
    ...{ kv, clock, database: '', owner: 'one', keys: new Keys(randomBytes(32)) },
    store: () => openStore(place.folder),
    limits: { servers: 10, services: 10, bytes: 1e9 },
    events: { changed: () => undefined, removed: () => undefined, alerts: () => undefined },
    trouble: () => undefined,
  });
  const services = [{ name: 'app', state: 'OK' as const, info: 'fine', period: 60 }];
  const sent = { server: 'web1', key: 'right', ip: '', at: clock.now(), alerts: [], mayRegister: true };
  await storage.take({ ...sent, services });
  const server = (key: string | null) => ({ name: 'web1', title: 'old', ip: '', key, alerts: [] });
  const service = { name: 'app', title: 'old', period: 60, timedOut: false, states: [], alerts: [] };
  await storage.remove('server', 1);
  for (const key of ['wrong', null]) {
    expect(await storage.adoptServer(server(key), false)).toBe('other-key');
    expect(await storage.adoptService('web1', service, false)).toBe('other-key');
  }
  expect(await storage.undo('server', 1)).toBe(true);
  expect(await storage.services()).toMatchObject([{ id: 1, current: { info: 'fine' } }]);
  await storage.remove('server', 1);
  expect(await storage.adoptServer(server('right'), false)).toBe('carried');
  expect(await storage.undo('server', 1)).toBe(false);
  expect(await storage.adoptService('web1', service, false)).toBe('carried');
  const [{ id = 0 } = {}] = await storage.services();
  await storage.remove('service', id);
  expect(storage.heldNow()).toMatchObject([{ name: 'web1/app', title: 'old old' }]);
  await storage.close();
  place.remove();
});

describe('of a storage that is slow, or fails', () => {
  const facts = (id: number): ServiceFacts => ({
    ...{ id, name: 'app', title: 'app', period: 60, current: null, timedOut: false, reportedMs: 0 },
    server: { id, name: `web${id}`, title: `web${id}`, ip: '' },
  });
  const held = async () => {
    const [gone, troubles]: [number[], string[]] = [[], []];
    const clock = new PushClock();
    const inner: Partial<Storage> = {
      services: async () => [1, 2].filter((id) => !gone.includes(id)).map(facts),
      verdict: async () => 'ok',
      take: async () => 'ok',
      supervises: async () => true,
      remove: async (_, id) => {
        if (id === 1) throw new Error('the disk is full');
        gone.push(id);
        return true;
      },
    };
    const storage = new HeldRemovals(inner as Storage, {
      ...{ kv: serviceContext().kv, clock, trouble: (message) => troubles.push(message) },
      events: { changed: () => undefined, removed: () => undefined, alerts: () => undefined },
    });
    return { storage, clock, gone, troubles };
  };

  it('is not removed while it is brought back', async () => {
    const { storage, gone, clock } = await held();
    await storage.remove('server', 2);
    const undone = storage.undo('server', 2);
    const report = { server: 'web2', key: 'x', ip: '', at: 0, services: [], alerts: [], mayRegister: true };
    clock.advance(600_000);
    expect(await Promise.all([undone, storage.take(report), storage.expire()])).toEqual([
      true,
      'ok',
      undefined,
    ]);
    expect([gone, storage.heldNow(), await storage.undo('server', 2)]).toEqual([[], [], false]);
  });

  it('supervises on where one cannot be removed, says so once, and removes the others', async () => {
    const { storage, clock, gone, troubles } = await held();
    for (const id of [1, 2]) await storage.remove('server', id);
    clock.advance(600_000);
    expect([await storage.supervises(), await storage.supervises()]).toEqual([true, true]);
    expect([gone, troubles]).toEqual([[2], ["cannot remove server 'web1': the disk is full"]]);
    expect(storage.heldNow().map(({ id }) => id)).toEqual([1]);
  });
});
