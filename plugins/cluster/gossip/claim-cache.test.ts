import { expect, it } from 'vitest';
import { ClaimCache } from './claim-cache.ts';
import { encodeRecord } from './codec.ts';
import type { AliveClaim } from './messages.ts';

function claim(uuid: string, mark: number, bytes = 64): AliveClaim {
  const own = { uuid, name: uuid, addresses: ['a'], port: 1, zone: 'lan', groups: [] };
  const record = { ...own, incarnation: 1, key: new Uint8Array() };
  return { kind: 'alive', body: encodeRecord(record), signature: new Uint8Array(bytes).fill(mark), record };
}

it('gives back a claim for the very same bytes only', () => {
  const cache = new ClaimCache();
  const known = claim('a', 1);
  cache.add(known);
  expect(cache.get(new Uint8Array(known.body), new Uint8Array(known.signature))).toBe(known);
  expect(cache.get(claim('b', 1).body, known.signature)).toBeUndefined();
  const almost = new Uint8Array(known.signature);
  almost[63] = 9;
  expect(cache.get(known.body, almost)).toBeUndefined();
});

it('keeps no claim without a signature, and of the others the last ones', () => {
  const cache = new ClaimCache(2);
  const all = [claim('x', 0, 0), claim('a', 1), claim('b', 2), claim('c', 3)];
  for (const one of all) cache.add(one);
  expect(all.map(({ body, signature }) => cache.get(body, signature)?.record.uuid)).toEqual([
    undefined,
    undefined,
    'b',
    'c',
  ]);
});
