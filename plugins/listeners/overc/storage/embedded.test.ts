import { randomBytes } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ExactStore } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Keys } from '../keys.ts';
import { copyAsKilled, PushClock, scratch } from '../test-push.ts';
import { EmbeddedStorage } from './embedded.ts';
import { Ledger, type Writes } from './ledger.ts';
import { keyOf, lastKey, reportValue } from './records.ts';

const keys = new Keys(randomBytes(32));
const clock = new PushClock();
let place: ReturnType<typeof scratch>;
let isBusy = false;
let refusals = 0;
/** So many keys of a batch the store takes. */
let mostKeys = Number.POSITIVE_INFINITY;
/** Called once something was removed and is on the disk. */
let onRemoved = (): void => undefined;
/** What a look at the size waits for. */
let looks: { count: number; until: Promise<void> };
let troubles: string[] = [];
/** Of each batch how many keys it put. */
let written: number[] = [];

beforeEach(() => {
  place = scratch();
  isBusy = false;
  refusals = 0;
  mostKeys = Number.POSITIVE_INFINITY;
  onRemoved = () => undefined;
  looks = { count: 0, until: Promise.resolve() };
  troubles = [];
  written = [];
});
afterEach(() => {
  vi.useRealTimers();
  place.remove();
});

/** A storage over a store that takes no more where too much waits. */
async function open({
  bytes = 2 ** 30,
  memoryBytes = 2 ** 20,
  folder = 'store',
  services = 10,
} = {}): Promise<EmbeddedStorage> {
  const real = await serviceContext().openStore(join(place.folder, folder), { memoryBytes });
  const store = new Proxy(real, {
    get(target, name: keyof ExactStore) {
      if ((name === 'put' || name === 'sizeOf') && isBusy)
        return () => {
          refusals += 1;
          return Promise.reject(new Error('too much waits'));
        };
      if (name === 'put' || name === 'putLazy')
        return async (batch: Parameters<ExactStore['put']>[0]) => {
          const [puts, dels] = [batch.put?.length ?? 0, batch.del?.length ?? 0];
          if (puts + dels > mostKeys) throw new Error('too much waits');
          if (name === 'put') written.push(puts);
          await target[name](batch);
          if (dels > 0) onRemoved();
        };
      if (name === 'sizeOf')
        return async (from: string, to: string) => {
          looks.count += 1;
          await looks.until;
          return target.sizeOf(from, to);
        };
      return (target[name] as () => unknown).bind(target);
    },
  });
  const storage = new EmbeddedStorage({
    ...{ store, keys, clock, limits: { servers: 10, services, bytes } },
    events: { changed: () => undefined, removed: () => undefined, alerts: () => undefined },
    trouble: (message) => troubles.push(message),
  });
  await storage.open();
  return storage;
}

const report = (info: string) => ({
  ...{ server: 'web1', key: 'k', ip: '192.0.2.1', at: clock.now(), alerts: [], mayRegister: true },
  services: [{ name: 'app', state: 'OK' as const, info, period: 60 }],
});

it('keeps a server whose first report was refused by the disk with its next one', async () => {
  const storage = await open();
  isBusy = true;
  await expect(storage.take(report('first'))).rejects.toThrow('too much waits');
  isBusy = false;
  expect(await storage.take(report('second'))).toBe('ok');
  await storage.close();
  const again = await open();
  expect((await again.services()).map(({ current }) => current?.info)).toEqual(['second']);
  expect(await again.servers()).toHaveLength(1);
  await again.close();
});

it('keeps the run that a refused report ended, and what was told of it, with the next one', async () => {
  const storage = await open();
  await storage.take(report('fine'));
  isBusy = true;
  const failed = { ...report('').services[0]!, state: 'FAIL' as const, info: 'broken' };
  await expect(storage.take({ ...report(''), services: [failed] })).rejects.toThrow('too much waits');
  isBusy = false;
  await storage.take({ ...report(''), services: [{ ...failed, info: 'still broken' }] });
  await storage.close();
  const again = await open();
  expect((await again.past(1, 0)).runs.map(({ state, count }) => [state, count])).toEqual([
    ['OK', 1],
    ['FAIL', 2],
  ]);
  expect(await again.alerts({}, 0)).toMatchObject([{ row: 2, event: 'FAIL' }]);
  expect(await again.infos([2])).toEqual(new Map([[2, 'broken']]));
  await again.close();
});

it('says once that it cannot look at its size, and what fails as it closes, and loses nothing', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const storage = await open();
  await storage.take(report('first'));
  await storage.take(report('second'));
  isBusy = true;
  vi.advanceTimersByTime(60_000);
  await vi.waitFor(() => expect(troubles).toHaveLength(1));
  vi.advanceTimersByTime(60_000);
  await vi.waitFor(() => expect(refusals).toBe(2));
  expect(troubles).toEqual(['too much waits']);
  await storage.close();
  expect([refusals, troubles]).toEqual([3, ['too much waits', 'too much waits']]);
  isBusy = false;
  const again = await open();
  expect((await again.services()).map(({ current }) => current?.info)).toEqual(['second']);
  expect((await again.past(1, 0)).rows).toHaveLength(2);
  await again.close();
});

it('removes the oldest rows, runs and alerts once all takes more than it may, and goes on', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const storage = await open({ bytes: 400_000, memoryBytes: 64 * 1024 });
  for (let turn = 0; turn < 45; turn += 1) {
    const text = `${turn} ${randomBytes(10_000).toString('hex')}`;
    await storage.take({ ...report(text), at: clock.now() + turn });
  }
  await vi.waitFor(async () => {
    // What LevelDB still had in memory when its size was asked is seen a minute later.
    vi.advanceTimersByTime(60_000);
    const { sizeBytes } = await storage.figures();
    expect(sizeBytes > 0 && sizeBytes < 400_000).toBe(true);
  }, 20_000);
  const { rows, runs } = await storage.past(1, 0);
  expect(rows.length).toBeLessThan(30);
  expect(rows.at(-1)?.info).toMatch(/^44 /);
  expect(runs).toMatchObject([{ count: 45 }]);
  expect(await storage.take(report('after'))).toBe('ok');
  // As after a kill.
  copyAsKilled(join(place.folder, 'store'), join(place.folder, 'killed'));
  const killed = await open({ folder: 'killed' });
  expect(await killed.services()).toMatchObject([{ current: { row: 46, info: 'after' } }]);
  expect((await killed.past(1, 0)).runs).toMatchObject([{ count: 46 }]);
  await killed.close();
  await storage.close();
});

it('marks in parts what is late at one moment: the store lets so much wait and no more', async () => {
  const storage = await open({ services: 2500 });
  const services = Array.from({ length: 2500 }, (_, index) => ({
    ...{ name: `app${index}`, state: 'OK' as const, info: '', period: 60 },
  }));
  await storage.take({ ...report(''), services });
  written = [];
  await storage.markLate(() => true, clock.now());
  expect(written).toEqual([4000, 4000, 2000]);
  expect((await storage.alerts({}, 0)).length).toBe(2500);
  await storage.close();
  const again = await open({ services: 2500 });
  expect((await again.services()).filter(({ timedOut }) => timedOut)).toHaveLength(2500);
  await again.close();
});

it('looks at its size once at a time, however long that takes', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const storage = await open();
  let end = (): void => undefined;
  looks.until = new Promise((resolve) => {
    end = resolve;
  });
  vi.advanceTimersByTime(60_000);
  await vi.waitFor(() => expect(looks.count).toBe(1));
  vi.advanceTimersByTime(600_000);
  end();
  await vi.waitFor(() => {
    vi.advanceTimersByTime(60_000);
    expect(looks.count).toBeGreaterThan(1);
  });
  await storage.close();
  expect(looks.count).toBeLessThan(5);
});

it('removes reports of rosters that are not there any more before any that can be seen', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const before = await open();
  await before.take(report('first'));
  await before.take(report('second'));
  await before.close();
  const raw = await serviceContext().openStore(join(place.folder, 'store'));
  for (let slot = 0; slot < 45; slot += 1) {
    const said = randomBytes(10_000).toString('hex');
    const report = {
      number: slot,
      first: 10 + slot,
      at: clock.now(),
      states: ['OK' as const],
      infos: [said],
    };
    await raw.put({ put: [[keyOf.report(7, slot), reportValue(report)]] });
  }
  await raw.put({ put: [[lastKey, [100, 100, 7]]] });
  await raw.close();
  const storage = await open({ bytes: 400_000, memoryBytes: 64 * 1024 });
  vi.advanceTimersByTime(60_000);
  await vi.waitFor(() => expect(looks.count).toBe(2), 20_000);
  expect((await storage.past(1, 0)).rows).toHaveLength(2);
  await storage.close();
  expect(await left()).toEqual({ v: 1, s: 1, l: 1, b: 2, a: 0 });
});

/** How much of each kind is on the disk. */
async function left(): Promise<{ [kind: string]: number }> {
  const raw = await serviceContext().openStore(join(place.folder, 'store'));
  const counts: { [kind: string]: number } = {};
  for (const kind of 'vslba') counts[kind] = (await raw.range({ gte: `${kind}/`, lt: `${kind}0` })).length;
  await raw.close();
  return counts;
}

describe('a server of very many services', () => {
  const services = Array.from({ length: 3500 }, (_, index) => ({
    ...{ name: `app${index}`, state: 'FAIL' as const, info: 'broken', period: 60 },
  }));
  const nothing = { v: 0, s: 0, l: 0, b: 0, a: 0 };

  it('is removed in parts: the store lets so much wait and no more', async () => {
    const storage = await open({ services: 3500 });
    await storage.take({ ...report(''), services });
    mostKeys = 3000;
    expect(await storage.remove('server', 1)).toBe(true);
    await storage.close();
    expect(await left()).toEqual(nothing);
  });

  it.each([1, 2, 50, 60])('is gone as a whole after a kill at the part %i of its removal', async (part) => {
    const storage = await open({ services: 3500 });
    await storage.take({ ...report(''), services });
    let parts = 0;
    onRemoved = () => {
      parts += 1;
      if (parts === part) copyAsKilled(join(place.folder, 'store'), join(place.folder, 'killed'));
    };
    await storage.remove('server', 1);
    await storage.close();
    expect(parts).toBeGreaterThanOrEqual(part);
    rmSync(join(place.folder, 'store'), { recursive: true });
    renameSync(join(place.folder, 'killed'), join(place.folder, 'store'));
    const again = await open({ services: 3500 });
    expect([await again.services(), await again.servers()]).toEqual([[], []]);
    expect(await again.take({ ...report(''), server: 'web2' })).toBe('ok');
    await again.close();
    expect(await left()).toEqual({ ...nothing, v: 1, s: 1, l: 1, b: 1 });
  });
});

it('writes a service once with its first report, and not with the next ones', () => {
  const ledger = new Ledger();
  const server = ledger.register('web1', '', '', { put: [], del: [] });
  const written = (period: number): number => {
    const writes: Writes = { put: [], del: [] };
    const services = ['one', 'two'].map((name) => ({ name, state: 'OK' as const, info: '', period }));
    ledger.report(server, services, { at: 0, nowMs: 0 }, writes);
    return writes.put.filter(([key]) => key.startsWith('s/')).length;
  };
  expect([written(60), written(60), written(90)]).toEqual([2, 0, 2]);
});

it('remembers of long infos only the beginning once there are many', () => {
  const ledger = new Ledger(1000);
  const writes = { put: [], del: [] };
  const server = ledger.register('web1', '', '', writes);
  const tell = (name: string, info: string): string => {
    const service = ledger.serviceOf(server, name, writes);
    ledger.report(server, [{ name, state: 'OK', info, period: 60 }], { at: 0, nowMs: 0 }, writes);
    return service.current?.info ?? '';
  };
  expect(tell('one', 'x'.repeat(900))).toHaveLength(900);
  expect(tell('two', 'x'.repeat(900))).toBe(`${'x'.repeat(200)}…`);
  expect(tell('one', 'short')).toBe('short');
  expect(tell('two', 'x'.repeat(900))).toHaveLength(900);
  ledger.removeService(ledger.serviceOf(server, 'two', writes));
  expect(tell('one', 'x'.repeat(900))).toHaveLength(900);
});
