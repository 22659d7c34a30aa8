import type { ExactStore } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AlertRow } from '../model.ts';
import { scratch } from '../test-push.ts';
import { AlertMemory } from './alert-memory.ts';
import { alertValue, keyOf } from './records.ts';

const now = Date.UTC(2026, 0, 2);
let place: ReturnType<typeof scratch>;
let store: ExactStore;

beforeEach(async () => {
  place = scratch();
  store = await serviceContext().openStore(place.folder);
});
afterEach(async () => {
  await store.close();
  place.remove();
});

const alert = (id: number): AlertRow => ({
  ...{ id, server: 1, service: null, row: null, at: now - 1000 + id },
  ...{ channel: 'api', event: 'alert', message: 'x'.repeat(10) },
});

/** Writes alerts down as a request does, then tells of them. */
async function write(memory: AlertMemory, from: number, to: number): Promise<void> {
  const alerts = Array.from({ length: to - from + 1 }, (_, index) => alert(from + index));
  await store.put({
    put: alerts.flatMap((each): [string, never][] => [
      [keyOf.alert(each.id), alertValue(each) as never],
      [keyOf.unsent(each.id), 1 as never],
    ]),
  });
  for (const each of alerts) memory.add(each);
}

async function sendAll(memory: AlertMemory): Promise<number[]> {
  const told: number[] = [];
  for (;;) {
    const ids = (await memory.unsent(50)).map(({ id }) => id);
    if (ids.length === 0) return told;
    told.push(...ids);
    await memory.sent(ids);
  }
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

it.each([
  ['few', { count: 30, length: 1e6 }],
  ['short ones', { count: 1e6, length: 300 }],
])('tells each alert once and in order where there is room for %s', async (_, room) => {
  const memory = new AlertMemory(store, room);
  await memory.load(now);
  await write(memory, 1, 450);
  expect(memory.waiting).toBeLessThanOrEqual(31);
  expect(await sendAll(memory)).toEqual(upTo(450));
  await write(memory, 451, 452);
  expect(await sendAll(memory)).toEqual([451, 452]);
});

it('tells after a start what nobody was told of, and forgets what has no alert', async () => {
  await write(new AlertMemory(store), 1, 250);
  await store.put({ del: upTo(210).map((id) => keyOf.alert(id)) });
  const memory = new AlertMemory(store);
  expect(await memory.load(now)).toBe(250);
  expect(await sendAll(memory)).toEqual(upTo(250).slice(210));
  expect(await store.range({ gte: 'u/', lt: 'u0' })).toEqual([]);
});

it('knows which recent ones it does not have', async () => {
  const memory = new AlertMemory(store, { count: 100, length: 1000 });
  await write(memory, 1, 101);
  expect(memory.since(alert(60).at, now)?.map(({ id }) => id)).toEqual(upTo(101).slice(59).reverse());
  expect(memory.since(alert(20).at, now)).toBeUndefined();
  expect(await memory.newest(101)).toHaveLength(101);
});

it('knows and tells of all alerts, though a record of them is damaged', async () => {
  await write(new AlertMemory(store), 1, 500);
  const unreadable = [keyOf.alert(450), keyOf.unsent(7)];
  const damaged = new Proxy(store, {
    get(target, name: keyof ExactStore) {
      if (name !== 'range') return (target[name] as () => unknown).bind(target);
      return async (range: Parameters<ExactStore['range']>[0]) =>
        (await target.range(range)).filter(([key]) => !unreadable.includes(key));
    },
  });
  const memory = new AlertMemory(damaged);
  expect(await memory.load(now)).toBe(500);
  expect(memory.recent).toHaveLength(499);
  expect(await sendAll(memory)).toEqual(upTo(500).filter((id) => id !== 7));
});

it('tells once of what the disk does not let go of', async () => {
  await write(new AlertMemory(store), 1, 3);
  const full = new Proxy(store, {
    get(target, name: keyof ExactStore) {
      if (name === 'putLazy') return () => Promise.reject(new Error('the disk is full'));
      return (target[name] as () => unknown).bind(target);
    },
  });
  const memory = new AlertMemory(full);
  await memory.load(now);
  const told = (await memory.unsent(50)).map(({ id }) => id);
  await expect(memory.sent(told)).rejects.toThrow('the disk is full');
  expect([told, await memory.unsent(50)]).toEqual([[1, 2, 3], []]);
});
