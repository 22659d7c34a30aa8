import { expect, it } from 'vitest';
import { decodeBody, recordBytes } from '../codec.ts';
import type { NodeRecord } from '../messages.ts';
import { BodyStore } from './body-store.ts';
import { bodyHash, packRecord } from './split-record.ts';

const small: NodeRecord = {
  uuid: 'a',
  name: 'a',
  addresses: ['10.0.0.1'],
  port: 6768,
  zone: 'lan',
  groups: ['linux'],
  incarnation: 7,
  key: new Uint8Array(32),
};
const groups = Array.from({ length: 100 }, (_, index) => `group-${index}`);
const large = { ...small, groups, failing: ['group-7'], display_name: 'A', checks_version: 3 };

it('leaves a small record whole', () => {
  const packed = packRecord(small);
  expect(packed.record).toEqual(small);
  expect(packed.body).toBeUndefined();
  expect(bodyHash(packed.record)).toBeUndefined();
});

it('sends of a large one the head under the hash of the rest, and joins them again', () => {
  const { record, bytes, body } = packRecord(large);
  expect(bytes.length).toBeLessThanOrEqual(recordBytes);
  expect(record).toMatchObject({ name: 'a', groups: [], checks_version: 3 });
  const store = new BodyStore();
  expect(store.add({ hash: bodyHash(record) ?? '', bytes: body?.bytes ?? new Uint8Array() })).toBe(true);
  expect(store.join(record)).toEqual(large);
});

it('moves no body when only the version of the checks moves', () => {
  const later = packRecord({ ...large, checks_version: 4, incarnation: 8 });
  expect(later.body?.hash).toBe(packRecord(large).body?.hash);
});

it('refuses a record that is too large even so', () => {
  const huge = Array.from({ length: 600 }, (_, index) => `${index}`.padEnd(200, 'x'));
  expect(() => packRecord({ ...small, groups: huge })).toThrow(/at most 65536 travel/);
  expect(() => packRecord({ ...large, name: 'n'.repeat(600) })).toThrow(RangeError);
});

it('keeps the body before until the next one is there', () => {
  const store = new BodyStore();
  const first = packRecord(large);
  const second = packRecord({ ...large, groups: [...groups, 'new'], incarnation: 8 });
  if (first.body !== undefined) store.add(first.body);
  store.join(first.record);
  expect(store.join(second.record)).toMatchObject({ incarnation: 8, groups });
  if (second.body !== undefined) store.add(second.body);
  expect(store.join(second.record).groups).toContain('new');
});

it('takes no bytes that are not what the hash stands for, and nothing that overrides the head', () => {
  const store = new BodyStore();
  const { body, record } = packRecord({ ...large, colour: 'red' });
  const bytes = body?.bytes ?? new Uint8Array();
  expect(store.add({ hash: '00'.repeat(32), bytes })).toBe(false);
  expect(store.add({ hash: bodyHash(record) ?? '', bytes: bytes.subarray(1) })).toBe(false);
  expect(decodeBody(Uint8Array.of(0x93, 1, 2, 3))).toBeUndefined();
  expect(decodeBody(Uint8Array.of(0xc1))).toBeUndefined();
});

it('holds bodies within its bound, the longest unused goes first', () => {
  const store = new BodyStore(3000);
  const packed = ['a', 'b', 'c', 'd', 'e'].map((name) => packRecord({ ...large, display_name: name }));
  for (const { body } of packed) if (body !== undefined) store.add(body);
  expect(store.bytes).toBeLessThanOrEqual(3000);
  expect(packed.map(({ record }) => store.has(bodyHash(record) ?? ''))).toEqual([
    false,
    false,
    true,
    true,
    true,
  ]);
});
