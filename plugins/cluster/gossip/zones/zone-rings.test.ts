import { expect, it } from 'vitest';
import { installKey, keyringOf } from '../keyring.ts';
import { generateZoneKey, readZoneKey } from './zone-keys.ts';
import { ZoneRings } from './zone-rings.ts';

const [top, mid, low, next] = [1, 2, 3, 4].map(() => readZoneKey(generateZoneKey()));
const ringOf = (key: typeof top) => keyringOf(key as NonNullable<typeof top>);

it('speaks our key upwards and at home, and downwards that of the zone there', () => {
  const rings = new ZoneRings(ringOf(mid), 'mid', new Map([['low', ringOf(low)]]));
  expect(rings.keyFor('top')).toBe(mid);
  expect(rings.keyFor('mid')).toBe(mid);
  expect(rings.keyFor(undefined)).toBe(mid);
  expect(rings.keyFor('low')).toBe(low);
  expect(rings.keyFor('bare')).toBe(mid);
  expect(rings.zoneOf(low?.id ?? '')).toBe('low');
  expect(rings.zoneOf(mid?.id ?? '')).toBe('mid');
  expect(rings.answering(low?.id ?? '')).toBe(low);
  expect(rings.keys).toHaveLength(2);
});

it('answers under the key in use while keys change, and takes a shared key for ours', () => {
  const changing = installKey(ringOf(low), next as NonNullable<typeof next>);
  const rings = new ZoneRings(ringOf(top), 'top', new Map([['low', changing]]));
  expect(rings.answering(next?.id ?? '')).toBe(low);
  const shared = new ZoneRings(ringOf(top), 'top', new Map([['low', ringOf(top)]]));
  expect(shared.zoneOf(top?.id ?? '')).toBe('top');
});

it.each([
  ['not base64!', /not base64/],
  ['AAAA', /has 3 bytes/],
  ['', /not base64/],
])('refuses the key %j', (text, message) => {
  expect(() => readZoneKey(text)).toThrow(message);
});
