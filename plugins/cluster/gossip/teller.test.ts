import { expect, it } from 'vitest';
import { ClusterEvents } from './events/cluster-events.ts';
import { endpoint, VirtualCluster } from './simulation/virtual-cluster.ts';

/** Two who know each other and have nothing left to say. */
function atRest(events?: (name: string, now: () => number) => ClusterEvents): VirtualCluster {
  const cluster = new VirtualCluster({ nodes: 2, acquainted: true, ...(events && { events }) });
  cluster.time.pass(20_000);
  return cluster;
}

it('tells a change within an interval after a rest', () => {
  const cluster = atRest();
  cluster.node('n0').update({ groups: ['redis'] });
  const knows = (): boolean => cluster.node('n1').member('n0')?.alive.record.groups[0] === 'redis';
  expect(cluster.time.until(knows, 250)).toBe(true);
});

it('tells an event within an interval after a rest', () => {
  const all = new Map<string, ClusterEvents>();
  const cluster = atRest((name, now) => {
    const events = new ClusterEvents({ self: name, now, newId: () => `id-${name}` });
    all.set(name, events);
    return events;
  });
  all.get('n0')?.add('deploy', '1');
  expect(cluster.time.until(() => all.get('n1')?.list().length === 1, 250)).toBe(true);
});

it('sends probes alone at rest', () => {
  const cluster = atRest();
  const before = cluster.network.traffic(endpoint('n0')).packets;
  cluster.time.pass(10_000);
  // One probe and one answer a second.
  expect(cluster.network.traffic(endpoint('n0')).packets - before).toBeLessThanOrEqual(22);
});
