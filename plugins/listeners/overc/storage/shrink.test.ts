import { join } from 'node:path';
import type { ExactStore } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { scratch } from '../test-push.ts';
import { keyOf, readReport, reportValue } from './records.ts';
import { reportsKept, slotOf } from './rosters.ts';
import { shrink } from './shrink.ts';

let place: ReturnType<typeof scratch>;
let store: ExactStore;

beforeEach(async () => {
  place = scratch();
  store = await serviceContext().openStore(join(place.folder, 'store'));
});
afterEach(async () => {
  await store.close();
  place.remove();
});

const ring = { id: 1, count: 0, kept: 0 };

async function report(): Promise<void> {
  const number = ring.count;
  ring.count += 1;
  const value = reportValue({ number, first: number + 1, at: 1000 + number, states: ['OK'], infos: [''] });
  await store.put({ put: [[keyOf.report(1, slotOf(number)), value]] });
}

async function numbers(): Promise<number[]> {
  const found = await store.range({ gte: 'b/', lt: 'b0' });
  return found.map(([, value]) => readReport(value).number).sort((one, other) => one - other);
}

it('removes no report that took the place of the oldest meanwhile, nor one that a start has to read', async () => {
  Object.assign(ring, { count: 0, kept: 0 });
  for (let count = 0; count < reportsKept; count += 1) await report();
  ring.kept = reportsKept - 1;
  let looks = 0;
  const busy = new Proxy(store, {
    get:
      (target, name: keyof ExactStore) =>
      async (...given: never[]) => {
        // The oldest are known by now, and the first of them is gone from the ring.
        if (name === 'range' && looks++ === 0) await report();
        return Reflect.apply(target[name], target, given) as unknown;
      },
  });
  await shrink(busy, [ring], 1e9, 1);
  expect(await numbers()).toEqual([reportsKept - 1, reportsKept]);
});
