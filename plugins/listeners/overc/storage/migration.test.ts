import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ExactStore, Json } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Keys } from '../keys.ts';
import { PushClock, scratch } from '../test-push.ts';
import { EmbeddedStorage } from './embedded.ts';
import { migrate } from './migration.ts';

const clock = new PushClock();
const keys = new Keys(randomBytes(32));
let place: ReturnType<typeof scratch>;

beforeEach(() => {
  place = scratch();
});
afterEach(() => place.remove());

const storeOf = (): Promise<ExactStore> => serviceContext().openStore(join(place.folder, 'store'));

async function open(store: ExactStore): Promise<EmbeddedStorage> {
  const storage = new EmbeddedStorage({
    ...{ store, keys, clock, limits: { servers: 10, services: 10, bytes: 2 ** 30 } },
    events: { changed: () => undefined, removed: () => undefined, alerts: () => undefined },
    trouble: (message) => expect.fail(message),
  });
  await storage.open();
  return storage;
}

const id = (number: number): string => String(number).padStart(12, '0');
const at = (row: number): number => clock.now() - 100_000 + row * 1000;

/**
 * The first format, as it was on a disk: 60 rows of two services in turn, the last four of which came after the checkpoint, a service that never
 * said a state, and alerts of two rows, one of which is not kept any more.
 */
function firstFormat(): [string, Json][] {
  const row = (number: number): [string, Json] => [
    `r/${id(number)}`,
    [number % 2 === 1 ? 1 : 2, at(number), number === 60 ? 'FAIL' : 'OK', `says ${number}`],
  ];
  const service = (own: number, name: string, rows: number[]): [string, Json] => [
    `s/${id(own)}`,
    {
      ...{ server: 1, name, title: name, period: 60, timedOut: false, isRunClosed: false },
      current: [rows.at(-1) as number, 'OK', `says ${rows.at(-1)}`, at(rows.at(-1) as number)],
      rows: rows.map((each, index) => each - (rows[index - 1] ?? 0)),
      run: [own, rows.at(-1) as number, rows.length, at(own), at(rows.at(-1) as number), 'OK', 0],
    },
  ];
  const odd = Array.from({ length: 28 }, (_, index) => 2 * index + 1);
  return [
    ['m/checkpoint', { row: 56, alert: 1 }],
    [`v/${id(1)}`, { name: 'web1', title: 'Web 1', ip: '192.0.2.1', hash: keys.hash('web1', 'k') }],
    service(1, 'a', odd),
    service(
      2,
      'b',
      odd.map((each) => each + 1),
    ),
    [
      `s/${id(3)}`,
      {
        ...{ server: 1, name: 'c', title: 'c', period: null, timedOut: false, isRunClosed: false },
        ...{ current: null, rows: [], run: null },
      },
    ],
    ...Array.from({ length: 60 }, (_, index) => row(index + 1)),
    [`a/${id(1)}`, [1, 1, 7, at(7), 'api', 'alert', 'hello']],
    [`a/${id(2)}`, [1, 2, 60, at(60), 'service:state', 'FAIL', 'State changed: "OK" -> "FAIL"']],
    [`u/${id(2)}`, 1],
  ];
}

it.each([
  ['once', false],
  ['again where it was interrupted', true],
])('brings what the first format kept to this one, %s', async (_, isInterrupted) => {
  const store = await storeOf();
  await store.put({ put: firstFormat() });
  if (isInterrupted) {
    const put: ExactStore['put'] = () => Promise.reject(new Error('killed'));
    await expect(
      migrate(
        new Proxy(store, { get: (of, name: keyof ExactStore) => (name === 'put' ? put : of[name].bind(of)) }),
      ),
    ).rejects.toThrow('killed');
    const written: string[] = [];
    const putLazy: ExactStore['putLazy'] = (batch) => {
      for (const [key] of batch.put ?? []) written.push(key);
      return store.putLazy(batch);
    };
    await migrate(
      new Proxy(store, {
        get: (of, name: keyof ExactStore) => (name === 'putLazy' ? putLazy : of[name].bind(of)),
      }),
    );
    expect(written.filter((key) => key.startsWith('b/'))).toEqual([]);
  }
  const storage = await open(store);
  expect(await storage.services()).toMatchObject([
    {
      id: 1,
      name: 'a',
      title: 'a',
      period: 60,
      current: { row: 59, state: 'OK', info: 'says 59', at: at(59) },
    },
    {
      id: 2,
      name: 'b',
      current: { row: 60, state: 'FAIL', info: 'says 60' },
      server: { name: 'web1', title: 'Web 1' },
    },
    { id: 3, name: 'c', current: null },
  ]);
  const past = await storage.past(1, 0);
  expect(past.rows.map((each) => [each.id, each.info])).toEqual(
    Array.from({ length: 30 }, (_unused, index) => [2 * index + 1, `says ${2 * index + 1}`]),
  );
  expect(past.runs).toMatchObject([{ first: 1, last: 59, count: 30 }]);
  expect((await storage.past(2, 0)).runs).toMatchObject([
    { first: 2, last: 58, count: 29 },
    { first: 60, count: 1, state: 'FAIL' },
  ]);
  expect(await storage.infos([7, 60])).toEqual(
    new Map([
      [7, 'says 7'],
      [60, 'says 60'],
    ]),
  );
  expect((await storage.unsent(9)).map((alert) => alert.id)).toEqual([2]);
  expect(await storage.lastRow()).toBe(60);
  const services = ['a', 'b'].map((name) => ({ name, state: 'OK' as const, info: 'new', period: 60 }));
  const sent = { server: 'web1', ip: '', at: clock.now(), services, alerts: [], mayRegister: false };
  expect(await storage.take({ ...sent, key: 'wrong' })).toBe('wrong-key');
  expect(await storage.take({ ...sent, key: 'k' })).toBe('ok');
  expect((await storage.past(2, 0)).rows.map((each) => each.id).slice(-3)).toEqual([58, 60, 62]);
  expect(await store.range({ gt: 'r/', lt: 'r0' })).toEqual([]);
  await storage.close();
  const again = await open(await storeOf());
  expect((await again.past(1, 0)).rows).toHaveLength(31);
  await again.close();
});

it('refuses a later format', async () => {
  const store = await storeOf();
  await store.put({ put: [['m/format', 3]] });
  await expect(open(store)).rejects.toThrow(
    'what the push server keeps has the format 3, this program knows 2',
  );
  await store.close();
});
