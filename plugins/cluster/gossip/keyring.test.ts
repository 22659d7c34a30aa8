import { expect, it } from 'vitest';
import { installKey, keyringOf, removeKey, useKey } from './keyring.ts';
import { zoneKey } from './seal.ts';

const key = (fill: number) => zoneKey(new Uint8Array(32).fill(fill));

it('changes its key in three steps', () => {
  let ring = installKey(keyringOf(key(1)), key(2));
  expect([ring.keys.length, ring.active.id]).toEqual([2, key(1).id]);
  ring = useKey(ring, key(2).id);
  ring = removeKey(ring, key(1).id);
  expect(ring.keys.map(({ id }) => id)).toEqual([key(2).id]);
});

it('keeps the key that seals, and seals with none that it lacks', () => {
  expect(() => removeKey(keyringOf(key(1)), key(1).id)).toThrow(RangeError);
  expect(() => useKey(keyringOf(key(1)), key(2).id)).toThrow(RangeError);
});

it('holds a key once, and eight at most', () => {
  let ring = keyringOf(key(1));
  for (let fill = 1; fill <= 8; fill += 1) ring = installKey(ring, key(fill));
  expect(ring.keys.length).toBe(8);
  expect(() => installKey(ring, key(9))).toThrow(RangeError);
});
