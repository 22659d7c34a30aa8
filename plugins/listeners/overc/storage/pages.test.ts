import type { ExactStore, Json, StoreRange } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { expect, it } from 'vitest';
import { scratch } from '../test-push.ts';
import { pages } from './pages.ts';

it('gives all that is between two keys, though some of it cannot be read', async () => {
  const place = scratch();
  const store = await serviceContext().openStore(place.folder);
  const keys = Array.from({ length: 2500 }, (_, index) => `s/${String(index).padStart(4, '0')}`);
  await store.put({ put: [...keys, 't/0000'].map((key): [string, Json] => [key, 1]) });
  const unreadable = keys[7];
  const damaged = new Proxy(store, {
    get: (target) => async (range: StoreRange) =>
      (await target.range(range)).filter(([key]) => key !== unreadable),
  }) as ExactStore;
  const found: string[] = [];
  await pages(damaged, 's/', 's0', (page) => void found.push(...page.map(([key]) => key)));
  expect(found).toEqual(keys.filter((key) => key !== unreadable));
  await store.close();
  place.remove();
});
