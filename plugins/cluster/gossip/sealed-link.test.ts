import { expect, it } from 'vitest';
import { installKey, keyringOf, removeKey, useKey } from './keyring.ts';
import { zoneKey } from './seal.ts';
import { VirtualCluster } from './simulation/virtual-cluster.ts';

const first = zoneKey(new Uint8Array(32).fill(1));
const second = zoneKey(new Uint8Array(16).fill(2));

it('carries a whole pool, whose doubled packets count once', () => {
  const cluster = new VirtualCluster({
    nodes: 4,
    keyring: () => keyringOf(first),
    weather: { duplication: 0.3 },
  });
  expect(cluster.time.until(() => cluster.agree('alive'), 15_000)).toBe(true);
  cluster.time.pass(20_000);
  const { refused } = cluster.link('n0');
  expect(Object.keys(refused)).toEqual(['replayed']);
});

it.each([
  ['another key', keyringOf(second), 'unknown-key'],
  ['no key', undefined, 'clear'],
])('keeps out a node with %s, and counts what it sends', (_title, ring, reason) => {
  const cluster = new VirtualCluster({
    nodes: 3,
    keyring: (index) => (index === 2 ? ring : keyringOf(first)),
  });
  cluster.time.pass(30_000);
  expect(cluster.agree('alive', ['n0', 'n1'], ['n0', 'n1'])).toBe(true);
  expect(cluster.agree(undefined, ['n2'], ['n0', 'n1'])).toBe(true);
  expect(cluster.agree(undefined, ['n0', 'n1'], ['n2'])).toBe(true);
  const counts = ['n0', 'n1'].flatMap((name) => Object.keys(cluster.link(name).refused));
  expect(counts).toEqual([reason]);
});

it('changes the key of a running pool without a suspicion', () => {
  const cluster = new VirtualCluster({ nodes: 4, keyring: () => keyringOf(first) });
  cluster.time.until(() => cluster.agree('alive'), 15_000);
  const both = installKey(keyringOf(first), second);
  const used = useKey(both, second.id);
  for (const ring of [both, used, removeKey(used, first.id)])
    for (const name of cluster.names()) {
      cluster.link(name).useKeyring(ring);
      cluster.time.pass(1500);
    }
  cluster.time.pass(10_000);
  expect(cluster.agree('alive')).toBe(true);
  expect(cluster.events('suspect')).toEqual([]);
});

it('sends no datagram above 1,200 bytes, however much is to be told', () => {
  const cluster = new VirtualCluster({ nodes: 16, acquainted: true, keyring: () => keyringOf(first) });
  const lengths: number[] = [];
  cluster.network.listen((_from, _to, packet) => void lengths.push(packet.length));
  for (const name of cluster.names()) cluster.node(name).update({ groups: [`group-of-${name}`.repeat(8)] });
  cluster.time.pass(3000);
  const longest = Math.max(...lengths);
  expect(longest).toBeGreaterThan(1000);
  expect(longest).toBeLessThanOrEqual(1200);
});
