import { expect, it } from 'vitest';
import { readZoneKey } from '../zones/zone-keys.ts';
import { ZoneKeys } from './zone-keys.ts';

const key = (byte: number): string => Buffer.alloc(16, byte).toString('base64');
const idOf = (byte: number): string => readZoneKey(key(byte)).id;

function keys(files: { [path: string]: string }) {
  const bad: string[] = [];
  const zoneKeys = new ZoneKeys({
    folder: '/keys',
    read: async (path) => files[path],
    onBad: (path, why) => bad.push(`${path}: ${why}`),
  });
  return { zoneKeys, bad };
}

it('reads the key of each zone that has one', async () => {
  const { zoneKeys, bad } = keys({ '/keys/dmz.gossip.key': `${key(1)}\n`, '/keys/lan.gossip.key': 'AAAA' });
  await zoneKeys.read(['dmz', 'lan', 'none', '../x']);
  expect([...zoneKeys.below.keys()]).toEqual(['dmz']);
  expect(await zoneKeys.textOf('dmz')).toBe(key(1));
  expect(bad).toEqual([expect.stringMatching(/^\/keys\/lan.gossip.key: .*has 3 bytes/)]);
});

it('speaks a changed key, and still opens with the one before', async () => {
  const files = { '/keys/dmz.gossip.key': key(1) };
  const { zoneKeys } = keys(files);
  for (const byte of [1, 2, 3]) {
    files['/keys/dmz.gossip.key'] = key(byte);
    await zoneKeys.read(['dmz']);
  }
  const ring = zoneKeys.below.get('dmz');
  expect([ring?.active.id, ring?.keys.map(({ id }) => id)]).toEqual([idOf(3), [idOf(2), idOf(3)]]);
});
