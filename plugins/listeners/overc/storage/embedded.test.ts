import { randomBytes } from 'node:crypto';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { ExactStore } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Keys } from '../keys.ts';
import { PushClock, scratch } from '../test-push.ts';
import { EmbeddedStorage } from './embedded.ts';
import { Ledger } from './ledger.ts';

const keys = new Keys(randomBytes(32));
const clock = new PushClock();
let place: ReturnType<typeof scratch>;
let isBusy = false;
let refusals = 0;
let troubles: string[] = [];
/** Of each batch how many keys it put. */
let written: number[] = [];

beforeEach(() => {
  place = scratch();
  isBusy = false;
  refusals = 0;
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
      if (name === 'put')
        return (batch: Parameters<ExactStore['put']>[0]) => {
          written.push(batch.put?.length ?? 0);
          return target.put(batch);
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
  vi.advanceTimersByTime(120_000);
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
  vi.advanceTimersByTime(60_000);
  await vi.waitFor(async () => {
    const { sizeBytes } = await storage.figures();
    expect(sizeBytes > 0 && sizeBytes < 400_000).toBe(true);
  }, 20_000);
  const { rows, runs } = await storage.past(1, 0);
  expect(rows.length).toBeLessThan(30);
  expect(rows.at(-1)?.info).toMatch(/^44 /);
  expect(runs).toMatchObject([{ count: 45 }]);
  expect(await storage.take(report('after'))).toBe('ok');
  // As after a kill.
  cpSync(join(place.folder, 'store'), join(place.folder, 'killed'), { recursive: true });
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
