import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExplainRecord } from '../../../alerting/explain/model.ts';
import { Ring } from '../../../alerting/explain/ring.ts';
import { MemoryStore } from './memory-store.ts';
import { delivery, step } from './samples.ts';

const limits = { records: 10, ageMs: 1000 };
const aboutC = new Set(['p/check/c']);

async function begin(store: MemoryStore, now = () => 0, more = limits): Promise<Ring> {
  const ring = new Ring(now, more);
  await ring.load(store);
  return ring;
}

const times = (records: ExplainRecord[]): number[] => records.map(({ at }) => at);

describe('Ring', () => {
  it('gives the records of a subject up to a moment, oldest first, and those of no other', async () => {
    const ring = await begin(new MemoryStore());
    for (const at of [1, 2, 3]) ring.add(step(at, 'critical'));
    ring.add(step(2, 'ok', { check: 'p/check/other' }));
    ring.add(delivery(2, 'key'));
    expect(times(await ring.about(aboutC, 2))).toEqual([1, 2]);
    expect(await ring.about(new Set(['key']), 2)).toEqual([delivery(2, 'key')]);
  });

  it('keeps as many as it may, says since when it knows all, and takes the rest out of the store', async () => {
    const store = new MemoryStore();
    const ring = await begin(store);
    expect(ring.knownSince()).toBe(null);
    for (let at = 1; at <= 8; at += 1) ring.add(step(at, 'ok'));
    expect(ring.knownSince()).toBe(1);
    await ring.flush();
    for (let at = 9; at <= 25; at += 1) ring.add(step(at, 'ok'));
    await ring.flush();
    expect(times(await ring.about(aboutC, 99))).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
    expect([ring.knownSince(), store.count()]).toEqual([16, 10]);
  });

  it('lets go of what is too old, also when nothing new comes', async () => {
    let now = 100;
    const store = new MemoryStore();
    const ring = await begin(store, () => now);
    ring.add(step(100, 'critical'));
    ring.add(step(600, 'ok'));
    await ring.flush();
    now = 1200;
    await ring.flush();
    expect(times(await ring.about(aboutC, 2000))).toEqual([600]);
    expect([ring.knownSince(), store.count()]).toEqual([600, 1]);
    now = 5000;
    await ring.flush();
    expect([ring.knownSince(), store.count()]).toEqual([5000, 0]);
  });

  it('keeps everything until it is told for how long', async () => {
    const store = new MemoryStore();
    const ring = new Ring(() => 1e12);
    await ring.load(store);
    ring.add(step(1, 'critical'));
    ring.add(step(1e12 - 5, 'ok'));
    await ring.flush();
    expect(ring.knownSince()).toBe(1);
    ring.keepFor(1000);
    await ring.flush();
    expect([ring.knownSince(), store.count()]).toEqual([1e12 - 5, 1]);
  });

  it('goes on where an earlier agent ended, with what was added while it was loaded at the end', async () => {
    const store = new MemoryStore();
    const before = await begin(store);
    for (const at of [1, 2]) before.add(step(at, 'ok'));
    await before.flush();
    const ring = new Ring(() => 0, limits);
    const loaded = ring.load(store);
    ring.add(step(3, 'critical'));
    expect(times(await ring.about(aboutC, 9))).toEqual([3]);
    await loaded;
    ring.add(step(4, 'ok'));
    expect(times(await ring.about(aboutC, 9))).toEqual([1, 2, 3, 4]);
    await ring.flush();
    expect(times(await (await begin(store)).about(aboutC, 9))).toEqual([1, 2, 3, 4]);
  });

  it('reads a long past a thousand records a turn, and only that', async () => {
    const store = new MemoryStore();
    const many = { records: 2500, ageMs: 1000 };
    const before = await begin(store, () => 0, many);
    for (let at = 0; at < 4700; at += 1) before.add(step(0, 'ok', { output: String(at) }));
    await before.flush();
    store.reads.length = 0;
    const ring = await begin(store, () => 0, many);
    expect(store.reads).toEqual(['record/000000000002', 'record/000000000003', 'record/000000000004']);
    const found = await ring.about(aboutC, 0);
    expect([found.length, found[0]]).toEqual([2500, step(0, 'ok', { output: '2200' })]);
  });

  it('hands the store a thousand at a time, and takes out as many: what must be exact does not wait behind it', async () => {
    let now = 0;
    const store = new MemoryStore();
    const ring = await begin(store, () => now, { records: 100_000, ageMs: 1000 });
    for (let index = 0; index < 3500; index += 1) ring.add(step(0, 'ok'));
    expect((await ring.about(aboutC, 0)).length).toBe(3500);
    await ring.flush();
    expect(store.batches).toEqual([1001, 1001, 1001, 501]);
    store.batches.length = 0;
    now = 5000;
    await ring.flush();
    expect(store.batches).toEqual([1001, 1001, 1001, 501]);
    expect(store.count()).toBe(0);
  });

  it('loses the oldest of what waits for a disk that does not answer', async () => {
    const ring = new Ring(() => 0, { records: 100_000, ageMs: 1000 });
    for (let at = 0; at < 20_010; at += 1) ring.add(step(at, 'ok'));
    expect(times(await ring.about(aboutC, 15))).toEqual([10, 11, 12, 13, 14, 15]);
  });

  it('steps over records that the store lost or that are none', async () => {
    const store = new MemoryStore();
    const before = await begin(store);
    for (const at of [1, 2, 3, 4]) before.add(step(at, 'ok'));
    await before.flush();
    store.rows.delete('record/000000000000001');
    store.rows.set('record/000000000000002', '{"kind":"state","at":3,"check":5}');
    const ring = await begin(store);
    expect(times(await ring.about(aboutC, 9))).toEqual([1, 4]);
    store.rows.set('records', '{"first":-3,"next":"x"}');
    expect(await (await begin(store)).about(aboutC, 9)).toEqual([]);
  });

  it('answers as one list that is cut does, over restarts and any times', async () => {
    const adds = fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.record({ at: fc.nat(3000), check: fc.constantFrom('a', 'b') }) },
        { weight: 1, arbitrary: fc.constant('restart' as const) },
      ),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(adds, fc.nat(3000), async (events, until) => {
        const store = new MemoryStore();
        let now = 0;
        let ring = await begin(store, () => now);
        let model: ExplainRecord[] = [];
        for (const event of events) {
          if (event === 'restart') {
            await ring.flush();
            ring = await begin(store, () => now);
            continue;
          }
          const record = step(event.at, 'ok', { check: event.check });
          now = Math.max(now, event.at);
          ring.add(record);
          await ring.flush();
          model = [...model, record].slice(-limits.records);
          while (model[0] !== undefined && model[0].at < now - limits.ageMs) model.shift();
        }
        const wanted = model.filter((one) => one.kind === 'state' && one.check === 'a' && one.at <= until);
        expect(await ring.about(new Set(['a']), until)).toEqual(wanted);
        expect(store.count()).toBe(model.length);
      }),
      { numRuns: 200 },
    );
  });
});
