import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ExactStore, Json } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Keys } from '../keys.ts';
import type { Report, State } from '../model.ts';
import { copyAsKilled, PushClock, scratch } from '../test-push.ts';
import { EmbeddedStorage } from './embedded.ts';

const keys = new Keys(randomBytes(32));
const clock = new PushClock();
let place: ReturnType<typeof scratch>;
let opened: { storage: EmbeddedStorage; store: ExactStore }[];

beforeEach(() => {
  place = scratch();
  opened = [];
});
afterEach(async () => {
  for (const { storage } of opened) await storage.close();
  place.remove();
});

async function open(folder = 'store'): Promise<{ storage: EmbeddedStorage; store: ExactStore }> {
  const store = await serviceContext().openStore(join(place.folder, folder));
  const storage = new EmbeddedStorage({
    ...{ store, keys, clock, limits: { servers: 100, services: 1000, bytes: 2 ** 30 } },
    events: { changed: () => undefined, removed: () => undefined, alerts: () => undefined },
    trouble: (message) => expect.fail(message),
  });
  await storage.open();
  opened.push({ storage, store });
  return { storage, store };
}

/** As after a kill: what is on the disk at this moment, opened by another. */
async function killed(
  from = 'store',
  to = 'killed',
): Promise<{ storage: EmbeddedStorage; store: ExactStore }> {
  copyAsKilled(join(place.folder, from), join(place.folder, to));
  return open(to);
}

let serial = 0;

function report(names: string, state: State = 'OK', server = 'web1'): Report {
  serial += 1;
  const services = [...names].map((name) => ({ name, state, info: `${name} ${serial}`, period: 60 }));
  return { ...{ server, key: 'k', ip: '', at: clock.now(), alerts: [], mayRegister: true }, services };
}

async function many(storage: EmbeddedStorage, names: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await storage.take(report(names));
    clock.advance(1);
  }
}

async function sizeOf(store: ExactStore, kind: string): Promise<number> {
  return (await store.range({ gt: `${kind}/`, lt: `${kind}0` })).length;
}

describe('rings of reports', () => {
  it('hold the last 50 rows of each service, however it was reported', async () => {
    const { storage, store } = await open();
    await many(storage, 'ab', 30);
    await many(storage, 'a', 10);
    await many(storage, 'ba', 70);
    await many(storage, 'ab', 5);
    await many(storage, 'aa', 1);
    const seen: { [name: string]: Json[] } = {};
    for (const own of [storage, (await killed()).storage])
      for (const { id, name } of await own.services()) {
        const { rows, runs } = await own.past(id, 0);
        seen[name] = [...(seen[name] ?? []), rows.map(({ id: row }) => row)];
        expect(runs).toMatchObject([{ count: name === 'a' ? 117 : 105, last: rows.at(-1)?.id }]);
        expect(rows.at(-1)?.info).toMatch(new RegExp(`^${name} `));
      }
    const [a = [], b = []] = [seen.a?.[0], seen.b?.[0]] as number[][];
    // Rows 71 to 210 are those of `ba`, then ten of `ab`, then two of `aa`.
    const ofBoth = Array.from({ length: 45 }, (_, index) => 122 + 2 * index);
    expect(a).toHaveLength(50);
    expect(a.slice(-7)).toEqual([211, 213, 215, 217, 219, 221, 222]);
    expect(b).toEqual([...ofBoth.map((row) => row - 1), 212, 214, 216, 218, 220]);
    expect(seen.a).toEqual([a, a]);
    expect(seen.b).toEqual([b, b]);
    expect(await sizeOf(store, 'b')).toBe(35 + 10 + 50 + 1);
  });

  it('know after a kill all that was answered, also in the middle of a round', async () => {
    const { storage } = await open();
    for (const [names, count] of [
      ['ab', 63],
      ['b', 3],
      ['ab', 2],
    ] as const)
      await many(storage, names, count);
    await storage.take(report('ab', 'WARN'));
    await storage.take(report('b', 'WARN'));
    const before = await storage.services();
    const { storage: again } = await killed();
    const facts = (all: typeof before) => all.map(({ name, current, period }) => ({ name, current, period }));
    expect(facts(await again.services())).toEqual(facts(before));
    expect(await again.lastRow()).toBe(await storage.lastRow());
    for (const { id } of before) expect(await again.past(id, 0)).toEqual(await storage.past(id, 0));
    await again.take(report('ab', 'WARN'));
    expect((await again.past(2, 0)).runs).toMatchObject([
      { state: 'OK', count: 68 },
      { state: 'WARN', count: 3, last: await again.lastRow() },
    ]);
  });

  it('go on after a restart where they were', async () => {
    const first = await open();
    await many(first.storage, 'ab', 57);
    await opened.shift()?.storage.close();
    const { storage } = await open();
    await many(storage, 'ab', 60);
    const { rows, runs } = await (await killed()).storage.past(1, 0);
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, index) => 135 + 2 * index));
    expect(runs).toMatchObject([{ count: 117 }]);
  });

  it('are given up once others hold all that is kept of their services', async () => {
    const { storage, store } = await open();
    await many(storage, 'a', 20);
    await many(storage, 'ab', 20);
    await many(storage, 'c', 20);
    await many(storage, 'abc', 151);
    expect([await sizeOf(store, 'l'), await sizeOf(store, 'b')]).toEqual([1, 50]);
    expect((await storage.past(1, 0)).rows).toHaveLength(50);
  });

  it('are of services alone where a server reports them in ever other compositions', async () => {
    const { storage, store } = await open();
    const names = 'abcdefgh';
    for (let turn = 1; turn < 256; turn += 1)
      await storage.take(report([...names].filter((_, bit) => (turn >> bit) % 2 === 1).join('')));
    const rosters = (await store.range({ gt: 'l/', lt: 'l0' })).map(
      ([, value]) => (value as Json[][])[1]?.length ?? 0,
    );
    expect(rosters.filter((size) => size > 1).reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(64);
    expect(rosters.filter((size) => size === 1)).toHaveLength(8);
    const last = await storage.lastRow();
    expect(last).toBe(8 * 128);
    expect((await storage.past(8, 0)).rows.at(-1)?.id).toBe(last);
    expect((await storage.past(8, 0)).rows).toHaveLength(50);
  });

  it('lose what a service said that is removed, and nothing of the others', async () => {
    const { storage, store } = await open();
    await many(storage, 'abc', 60);
    await Promise.all([storage.remove('service', 1), storage.remove('service', 2)]);
    const kept = await store.range({ gt: 'b/', lt: 'b0' });
    expect(JSON.stringify(kept)).not.toMatch(/"[ab] \d/);
    await many(storage, 'abc', 2);
    for (const { storage: own } of [{ storage }, await killed()]) {
      expect((await own.past(3, 0)).rows).toHaveLength(50);
      expect((await own.past(3, 0)).rows.at(-1)?.info).toMatch(/^c /);
      expect((await own.services()).map(({ id, name }) => [id, name])).toEqual([
        [3, 'c'],
        [4, 'a'],
        [5, 'b'],
      ]);
    }
    await storage.remove('server', 1);
    expect([await sizeOf(store, 'b'), await sizeOf(store, 'l'), await sizeOf(store, 's')]).toEqual([0, 0, 0]);
  });

  it('give no row twice, also where the newest was removed before a kill', async () => {
    const { storage } = await open();
    await many(storage, 'a', 3);
    await storage.take(report('b', 'FAIL', 'web2'));
    await storage.remove('server', 2);
    const { storage: again } = await killed();
    await again.take(report('b', 'FAIL', 'web2'));
    expect(await again.lastRow()).toBe(5);
    expect((await again.alerts({}, 0)).map(({ id }) => id)).toEqual([2]);
  });

  it('begin empty, though a power cut left reports of one that was removed', async () => {
    const { storage, store } = await open();
    await many(storage, 'a', 9);
    const left = await store.range({ gt: 'b/', lt: 'b0' });
    await storage.remove('server', 1);
    await store.put({ put: left });
    const { storage: again } = await killed();
    await again.take(report('b', 'OK', 'web2'));
    const { storage: last } = await killed('killed', 'twice');
    const [service] = await last.services();
    expect(await last.past(service?.id ?? 0, 0)).toMatchObject({ rows: [{ id: 10 }], runs: [{ count: 1 }] });
  });

  it('keep what a row said for its alerts when it is gone itself', async () => {
    const { storage } = await open();
    const sent = report('a', 'FAIL');
    await storage.take({ ...sent, alerts: [{ message: 'm', service: 'a' }] });
    await many(storage, 'a', 60);
    const { storage: again } = await killed();
    expect(await again.infos([1, 2, 61])).toEqual(
      new Map([
        [1, sent.services[0]?.info],
        [2, expect.stringMatching(/^a /)],
      ]),
    );
  });

  it('take a report of more services than a record has, as a whole', async () => {
    const { storage, store } = await open();
    const services = Array.from({ length: 150 }, (_, index) => ({
      ...{ name: `s${index}`, state: 'OK' as const, info: `${index}`, period: 60 },
    }));
    await storage.take({ ...report(''), services });
    await storage.take({ ...report(''), services });
    expect(await sizeOf(store, 'b')).toBe(6);
    const { storage: again } = await killed();
    expect((await again.past(150, 0)).rows.map(({ id, info }) => [id, info])).toEqual([
      [150, '149'],
      [300, '149'],
    ]);
  });
});
