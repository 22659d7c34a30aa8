import { join } from 'node:path';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Keys } from '../keys.ts';
import type { Report, ReportedService, ServiceFacts } from '../model.ts';
import { PushClock, scratch, startPush } from '../test-push.ts';
import { openStorage } from './open-storage.ts';
import type { Storage } from './storage.ts';
import { onBackend } from './test-backend.ts';
import { backends } from './test-databases.ts';

const keys = new Keys(Buffer.alloc(32, 7));

const service = (name: string, state: ReportedService['state'], info = ''): ReportedService => ({
  ...{ name, state, info, period: 60 },
});

describe.each(await backends())('a storage: %s', (_, server, isPresent) => {
  const backend = onBackend(server, isPresent);
  let clock: PushClock;
  let told: [event: string, ...what: unknown[]][];
  const opened: Storage[] = [];

  beforeEach(() => {
    clock = new PushClock();
    told = [];
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((storage) => storage.close()));
  });

  async function open(limits = { servers: 10, services: 20, bytes: 1e9 }, owner = 'one'): Promise<Storage> {
    const storage = await openStorage({
      ...{
        database: backend.url,
        store: () => serviceContext().openStore(join(backend.folder, 'store')),
        keys,
        clock,
        limits,
        owner,
      },
      events: {
        changed: ({ name }, state) => told.push(['changed', name, state?.state ?? null]),
        removed: (gone) => told.push(['removed', ...gone.map(({ name }) => name)]),
        alerts: () => undefined,
      },
      trouble: (message) => told.push(['trouble', message]),
    });
    opened.push(storage);
    await storage.supervises();
    return storage;
  }

  const report = (parts: Partial<Report> = {}): Report => ({
    ...{ server: 'web1', key: 'k', ip: '192.0.2.1', at: clock.now(), services: [], alerts: [] },
    ...{ mayRegister: true, ...parts },
  });
  const facts = async (storage: Storage): Promise<ServiceFacts[]> =>
    (await storage.services()).map(
      ({ id, server: of, name, title, period, current, timedOut, reportedMs }) => ({
        ...{ id, name, title, period, current, timedOut, reportedMs },
        server: { id: of.id, name: of.name, title: of.title, ip: of.ip },
      }),
    );

  it('keeps what was reported over a restart', async () => {
    const first = await open();
    const info = 'schön ✓ 😀 \'quoted\' "x" \\ ? $1 %s';
    await first.take(report({ services: [service('app', 'OK', info), service('db ', 'WARN')] }));
    await first.take(report({ services: [service('db', 'FAIL')], server: 'web2', at: clock.now() - 5000 }));
    const before = await facts(first);
    expect(before).toMatchObject([
      {
        ...{ id: 1, name: 'app', title: 'app', period: 60, timedOut: false },
        server: { id: 1, name: 'web1', title: 'web1', ip: '192.0.2.1' },
        current: { row: 1, state: 'OK', info, at: clock.now() },
      },
      { id: 2, name: 'db ', current: { state: 'WARN' } },
      { id: 3, name: 'db', server: { name: 'web2' }, current: { at: clock.now() - 5000 } },
    ]);
    expect(before.map(({ reportedMs }) => reportedMs)).toEqual([1_000_000, 1_000_000, 995_000]);
    expect(told).toEqual([
      ['changed', 'app', 'OK'],
      ['changed', 'db ', 'WARN'],
      ['changed', 'db', 'FAIL'],
    ]);
    await first.close();
    const again = await open();
    expect(await facts(again)).toEqual(before.map((each) => ({ ...each, reportedMs: 0 })));
    expect(await again.lastRow()).toBe(3);
    expect(await again.servers()).toEqual([
      { name: 'web1', ip: '192.0.2.1', services: 2, last_report: '2026-01-01T12:00:00.000Z' },
      { name: 'web2', ip: '192.0.2.1', services: 1, last_report: '2026-01-01T11:59:55.000Z' },
    ]);
    expect((await again.find('web1', 'db '))?.id).toBe(2);
    expect(await again.find('web1', 'db')).toBeUndefined();
    expect(await again.titles([2, 9])).toEqual(new Map([[2, 'web2']]));
  });

  it('takes a request as a whole, or refuses it', async () => {
    const storage = await open({ servers: 1, services: 2, bytes: 1e9 });
    expect(await storage.take(report({ mayRegister: false }))).toBe('unknown-server');
    expect(await storage.take(report({ services: [service('a', 'OK')] }))).toBe('ok');
    expect(await storage.take(report({ key: 'other', services: [service('b', 'OK')] }))).toBe('wrong-key');
    expect(await storage.take(report({ key: null, mayRegister: false }))).toBe('ok');
    expect(
      await storage.take(
        report({ services: [service('a', 'FAIL'), service('b', 'OK'), service('c', 'OK')] }),
      ),
    ).toBe('full');
    expect(await storage.take(report({ server: 'web2' }))).toBe('full');
    expect(await facts(storage)).toMatchObject([{ name: 'a', current: { row: 1, state: 'OK' } }]);
    expect(await storage.figures()).toMatchObject({ servers: 1, services: 1, unsent: 0 });
    expect(await storage.reset('nobody')).toBe(false);
    expect(await storage.reset('web1')).toBe(true);
    expect(await storage.take(report({ key: 'new' }))).toBe('ok');
    expect(await storage.take(report())).toBe('wrong-key');
  });

  it('registers a name once, however many come with it at the same time', async () => {
    const [one, other] =
      server === null ? [await open()].flatMap((each) => [each, each]) : [await open(), await open()];
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_unused, index) =>
        (index % 2 === 0 ? one : other)?.take(
          report({ key: `k${index}`, services: [service('a', 'OK'), service('b', 'OK')] }),
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'wrong-key')).toHaveLength(11);
    expect(await one?.figures()).toMatchObject({ servers: 1, services: 2 });
  });

  it('gives alerts of changes, of messages and of silence, until they were sent', async () => {
    const storage = await open();
    await storage.take(
      report({ services: [service('a', 'FAIL', 'x'), service('b', 'OK'), service('b', 'WARN')] }),
    );
    clock.advance(61_000);
    await storage.markLate(({ name }) => name === 'a', clock.now());
    await storage.markLate(({ name }) => name === 'a', clock.now());
    await storage.take(
      report({
        services: [service('a', 'FAIL')],
        alerts: [
          { message: 'm', service: 'c' },
          { message: 'n', service: null },
        ],
      }),
    );
    const alerts = await storage.unsent(100);
    expect(
      alerts.map(({ id, service: of, row, channel, event, message }) => [
        id,
        of,
        row,
        channel,
        event,
        message,
      ]),
    ).toEqual([
      [1, 1, 1, 'service:state', 'FAIL', 'State changed: "(?)" -> "FAIL"'],
      [2, 2, 3, 'service:state', 'WARN', 'State changed: "OK" -> "WARN"'],
      [3, 1, 1, 'plugin', 'offline', 'Monitoring plugin offline'],
      [4, 1, 4, 'plugin', 'online', 'Monitoring plugin back online'],
      [5, 3, null, 'api', 'alert', 'm'],
      [6, null, null, 'api', 'alert', 'n'],
    ]);
    expect(told.filter(([event]) => event === 'changed').map(([, ...what]) => what)).toEqual([
      ...[
        ['a', 'FAIL'],
        ['b', 'OK'],
        ['b', 'WARN'],
        ['a', null],
        ['a', 'FAIL'],
      ],
    ]);
    await storage.sent([1, 2, 3]);
    expect((await storage.unsent(2)).map(({ id }) => id)).toEqual([4, 5]);
    await storage.close();
    const again = await open();
    expect((await again.unsent(100)).map(({ id }) => id)).toEqual([4, 5, 6]);
    expect((await again.alerts({ service: 1 }, 0)).map(({ id }) => id)).toEqual([4, 3, 1]);
    expect((await again.alerts({ server: 1 }, clock.now() - 1000)).map(({ id }) => id)).toEqual([6, 5, 4, 3]);
    expect(await again.infos([1, 3, 99])).toEqual(
      new Map([
        [1, 'x'],
        [3, ''],
      ]),
    );
  });

  it('keeps rows and their runs', async () => {
    const storage = await open();
    for (const state of ['OK', 'OK', 'WARN'] as const) {
      await storage.take(report({ services: [service('a', state, `is ${state}`)] }));
      clock.advance(1000);
    }
    const { rows, runs } = await storage.past(1, clock.now() - 3000);
    expect(rows.map(({ id, info }) => [id, info])).toEqual([
      [1, 'is OK'],
      [2, 'is OK'],
      [3, 'is WARN'],
    ]);
    expect(runs).toMatchObject([
      { first: 1, last: 2, count: 2, state: 'OK' },
      { first: 3, last: 3, count: 1, state: 'WARN' },
    ]);
    expect((await storage.past(1, clock.now() - 1000)).rows.map(({ id }) => id)).toEqual([3]);
    expect(await storage.past(9, 0)).toEqual({ rows: [], runs: [] });
  });

  it('removes a service and a server with all below', async () => {
    const storage = await open();
    await storage.take(
      report({
        services: [service('a', 'FAIL'), service('b', 'FAIL')],
        alerts: [{ message: 'm', service: null }],
      }),
    );
    expect(await storage.services(({ name }) => name === 'b')).toMatchObject([{ id: 2, name: 'b' }]);
    expect(await storage.remove('service', 9)).toBe(false);
    expect(await storage.remove('service', 1)).toBe(true);
    expect((await storage.unsent(9)).map(({ service: of }) => of)).toEqual([2, null]);
    expect(await storage.remove('server', 9)).toBe(false);
    expect(await storage.remove('server', 1)).toBe(true);
    expect([await storage.services(), await storage.unsent(9), await storage.servers()]).toEqual([
      [],
      [],
      [],
    ]);
    expect(told.filter(([event]) => event === 'removed')).toEqual([
      ['removed', 'a'],
      ['removed', 'b'],
    ]);
    expect(await storage.take(report({ key: 'new', services: [service('a', 'OK')] }))).toBe('ok');
  });

  if (server === null) return;

  it('has one server supervise, and another once that one is silent, which then changes nothing any more', async () => {
    const [one, other] = [await open(), await open(undefined, 'other')];
    expect([one.isSupervisor, other.isSupervisor]).toEqual([true, false]);
    await other.take(report({ services: [service('a', 'FAIL')] }));
    expect((await one.unsent(9)).map(({ id }) => id)).toEqual([1]);
    expect([await other.unsent(9), await other.supervises()]).toEqual([[], false]);
    await backend.database?.query('UPDATE push_lease SET lease_until = lease_until - 31');
    expect([await other.supervises(), one.isSupervisor]).toEqual([true, true]);
    await one.markLate(() => true, clock.now());
    expect([await one.unsent(9), await one.supervises(), one.isSupervisor]).toEqual([[], false, false]);
    expect((await one.alerts({}, 0)).map(({ event }) => event)).toEqual(['FAIL']);
    // What the other was about to tell it may still tell, for as long as it said.
    expect(await other.unsent(9)).toEqual([]);
    await backend.database?.query('UPDATE push_alerts SET lease_until = lease_until - 31');
    expect((await other.unsent(9)).map(({ id }) => id)).toEqual([1]);
    await other.close();
    expect(await one.supervises()).toBe(true);
    expect((await one.unsent(9)).map(({ id }) => id)).toEqual([1]);
    await one.sent([1]);
    expect(await one.unsent(9)).toEqual([]);
  });

  it('stops supervising where it could not say so for two thirds of the time, and goes on at once after a restart', async () => {
    const one = await open();
    clock.advance(19_000);
    expect(one.isSupervisor).toBe(true);
    clock.advance(1000);
    expect(one.isSupervisor).toBe(false);
    expect((await open()).isSupervisor).toBe(true);
    expect(await one.supervises()).toBe(false);
  });

  it('hears of what other servers were told, and of what they removed', async () => {
    const [one, other] = [await open(), await open(undefined, 'other')];
    await one.take(report({ services: [service('a', 'FAIL')] }));
    told.length = 0;
    const [heard] = await other.services();
    expect(told).toEqual([['changed', 'a', 'FAIL']]);
    expect(heard?.reportedMs).toBeGreaterThan(clock.monotonic() - 60_000);
    await other.markLate(() => true, clock.now());
    await one.markLate(() => true, clock.now());
    expect((await other.services())[0]?.timedOut).toBe(true);
    expect((await one.alerts({}, 0)).map(({ event }) => event)).toEqual(['offline', 'FAIL']);
    expect(await one.remove('server', 1)).toBe(true);
    told.length = 0;
    expect(await other.services()).toEqual([]);
    expect(told).toEqual([['removed', 'a']]);
  });

  it('refuses tables of a later version, another secret, and says what it cannot reach', async () => {
    const [first] = await Promise.all([open(), open()]);
    await first.take(report());
    await backend.database?.query("UPDATE push_settings SET value = 'x'");
    await expect(open()).rejects.toThrow(
      /^database (mysql|postgres):\/\/.*: the database holds keys made with another secret/,
    );
    await backend.database?.query('INSERT INTO push_versions (version) VALUES (99)');
    await expect(open()).rejects.toThrow('of version 99, this program knows 2');
  });

  it('hands over what is wrong once another supervises and takes away what is well, also where the services could not be read at first', async () => {
    const push = await startPush(backend.folder, { database: backend.url });
    try {
      const body = {
        server: { name: 'web1', key: 'k' },
        period: 60,
        services: [
          { name: 'app', state: 'OK' },
          { name: 'queue', state: 'ERR' },
        ],
      };
      await push.post('/api/set/service/status', body);
      await backend.database?.query("UPDATE push_lease SET owner = 'other', token = token + 1");
      await backend.database?.query('ALTER TABLE push_services RENAME TO push_away');
      await push.overc.pass();
      await backend.database?.query('ALTER TABLE push_away RENAME TO push_services');
      await push.overc.pass();
      await expect
        .poll(() => push.reports.flatMap(({ handed_over: handedOver = [] }) => handedOver))
        .toEqual(['push/check/web1/queue']);
      expect(push.reports.flatMap(({ removed = [] }) => removed)).toEqual(['push/check/web1/app']);
    } finally {
      await push.stop();
    }
  });

  it('serves the protocol and the page', async () => {
    const push = await startPush(backend.folder, { database: backend.url });
    try {
      const from = { name: 'web1', key: '1234' };
      const post = (state: string) =>
        push.post('/api/set/service/status', {
          server: from,
          period: 60,
          services: [{ name: 'app', state }],
        });
      const answers = [];
      for (let turn = 0; turn < 6; turn += 1) answers.push(await post(turn < 5 ? 'OK' : 'ERR'));
      expect(answers).toEqual(answers.map(() => [200, { ok: 1 }]));
      await push.overc.pass();
      expect(push.reports.flatMap(({ alerts = [] }) => alerts.map(({ data }) => data.text))).toEqual([
        'web1 app: [service:state/FAIL] State changed: "OK" -> "FAIL"\nCurrent: FAIL: \n',
      ]);
      await backend.database?.query('ALTER TABLE push_services RENAME TO push_away');
      expect(await post('OK')).toEqual([503, { error: 'the database does not answer' }]);
      await push.overc.pass();
      await push.overc.pass();
      expect(
        push.logs.filter(({ message }) => message.startsWith('a supervision pass failed: ')),
      ).toHaveLength(1);
      await backend.database?.query('ALTER TABLE push_away RENAME TO push_services');
      const [, { states }] = await push.get('/ui/api/status/service/1/states?groups=1');
      expect((states as { id: number; group?: string }[]).map(({ id, group }) => group ?? id)).toEqual([
        6,
        5,
        '2-4',
        1,
      ]);
    } finally {
      await push.stop();
    }
  });
});

it.each([
  ['http://x/y', /'database' should be mysql:/],
  ['mysql://user:secret@127.0.0.1:1/x', /^database mysql:\/\/user@127.0.0.1:1\/x: .*ECONNREFUSED/],
  ['postgres://user:secret@127.0.0.1:1/x', /^database postgres:\/\/user@127.0.0.1:1\/x: .*ECONNREFUSED/],
])('says what is wrong with %s', async (database, message) => {
  const place = scratch();
  await expect(startPush(place.folder, { database })).rejects.toThrow(message);
  place.remove();
});
