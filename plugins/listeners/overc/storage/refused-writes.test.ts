import { randomBytes } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ExactStore } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Keys } from '../keys.ts';
import type { State } from '../model.ts';
import { copyAsKilled, PushClock, scratch } from '../test-push.ts';
import { EmbeddedStorage } from './embedded.ts';
import { openHeld } from './open-held.ts';

const keys = new Keys(randomBytes(32));
const clock = new PushClock();
const events = { changed: () => undefined, removed: () => undefined, alerts: () => undefined };
let place: ReturnType<typeof scratch>;
/** The disk is full: it takes nothing. */
let isFull = false;
/** Called once a batch is on the disk. */
let onWritten = (): void => undefined;

beforeEach(() => {
  place = scratch();
  isFull = false;
  onWritten = () => undefined;
});
afterEach(() => {
  vi.useRealTimers();
  place.remove();
});

async function openStore(memoryBytes = 2 ** 20): Promise<ExactStore> {
  const real = await serviceContext().openStore(join(place.folder, 'store'), { memoryBytes });
  return new Proxy(real, {
    get(target, name: keyof ExactStore) {
      if (name !== 'put' && name !== 'putLazy')
        return (target[name] as (() => unknown) | undefined)?.bind(target);
      return async (batch: Parameters<ExactStore['put']>[0]) => {
        if (isFull) throw new Error('the disk is full');
        await target[name](batch);
        onWritten();
      };
    },
  });
}

async function open({ bytes = 2 ** 30, memoryBytes = 2 ** 20 } = {}): Promise<EmbeddedStorage> {
  const storage = new EmbeddedStorage({
    ...{ store: await openStore(memoryBytes), keys, clock, events },
    ...{ limits: { servers: 10, services: 10, bytes }, trouble: () => undefined },
  });
  await storage.open();
  return storage;
}

const report = (name: string, info: string, state: State = 'OK') => ({
  ...{ server: 'web1', key: 'k', ip: '192.0.2.1', at: clock.now(), alerts: [], mayRegister: true },
  services: [{ name, state, info, period: 60 }],
});

/** What is there now takes the place of the store, as after a kill. */
function kill(): void {
  copyAsKilled(join(place.folder, 'store'), join(place.folder, 'killed'));
}

function useKilled(): void {
  rmSync(join(place.folder, 'store'), { recursive: true });
  renameSync(join(place.folder, 'killed'), join(place.folder, 'store'));
}

it('keeps reports that a start has to read where a ring could not be written down before it was cut', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const storage = await open({ bytes: 300_000, memoryBytes: 64 * 1024 });
  for (let turn = 0; turn < 45; turn += 1)
    await storage.take(report('app', `${turn} ${randomBytes(10_000).toString('hex')}`));
  isFull = true;
  const size = async (): Promise<number> => (await storage.figures()).sizeBytes;
  await vi.waitFor(async () => {
    vi.advanceTimersByTime(60_000);
    expect(await size()).toBeGreaterThan(300_000);
  }, 20_000);
  isFull = false;
  await vi.waitFor(async () => {
    vi.advanceTimersByTime(60_000);
    expect(await size()).toBeLessThan(300_000);
  }, 20_000);
  kill();
  await storage.close();
  useKilled();
  const again = await open();
  const [service] = await again.services();
  expect(service?.current?.row).toBe(45);
  await again.close();
});

it('removes a server for good that a full disk did not let go of', async () => {
  const { kv } = serviceContext();
  const openAll = () =>
    openHeld({
      ...{ kv, clock, keys, events, database: '', owner: 'one', trouble: () => undefined },
      ...{ store: () => openStore(), limits: { servers: 10, services: 10, bytes: 1e9 } },
    });
  const storage = await openAll();
  await storage.take(report('app', 'old'));
  await storage.remove('server', 1);
  isFull = true;
  await expect(storage.take(report('db', 'refused'))).rejects.toThrow('the disk is full');
  isFull = false;
  expect(await storage.take(report('db', 'new'))).toBe('ok');
  await storage.close();
  const again = await openAll();
  expect((await again.services()).map(({ name }) => name)).toEqual(['db']);
  expect(await again.servers()).toHaveLength(1);
  await again.close();
});

it.each([1, 2, 3, 4])(
  'leaves nothing of a service after a kill at the part %i of its removal',
  async (part) => {
    const storage = await open();
    const both = report('app', 'fine');
    both.services.push({ name: 'db', state: 'FAIL', info: 'broken', period: 60 });
    await storage.take(both);
    let parts = 0;
    onWritten = () => {
      parts += 1;
      if (parts === part) kill();
    };
    await storage.remove('service', 2);
    onWritten = () => undefined;
    await storage.close();
    expect(parts).toBeGreaterThanOrEqual(part);
    useKilled();
    // It ends the removal beside everything else.
    const first = await open();
    expect((await first.services()).map(({ name }) => name)).toEqual(['app']);
    expect(await first.alerts({}, clock.now() - 1000)).toEqual([]);
    await first.close();
    const last = await open();
    expect(await last.alerts({}, 0)).toEqual([]);
    await last.take(report('cache', 'fine'));
    const cache = await last.find('web1', 'cache');
    expect(await last.alerts({ service: cache?.id ?? 0 }, 0)).toEqual([]);
    await last.close();
  },
);
