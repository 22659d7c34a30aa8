import { expect, it } from 'vitest';
import { VirtualCluster } from '../simulation/virtual-cluster.ts';
import { numbersOf, Outlook } from './outlook.ts';

it('tells figures as numbers', () => {
  const figures = {
    health: 2,
    degraded: true,
    sentPackets: 7,
    refusedPackets: { clear: 1, 'unknown-key': 2 },
    none: {},
  };
  expect(numbersOf(figures)).toEqual({
    health: 2,
    degraded: 1,
    sent_packets: 7,
    refused_packets: 3,
    none: 0,
  });
});

it('is told when something changes, many changes together, and now and then for its figures', () => {
  const cluster = new VirtualCluster({ nodes: 2 });
  cluster.time.until(() => cluster.agree('alive'), 60_000);
  const { time } = cluster;
  let published = 0;
  let sent = 0;
  const outlook = new Outlook({
    self: 'n0',
    timers: time,
    clock: { now: () => time.now() + 1e12, monotonic: () => time.now() },
    place: { own: 'dc1', key: '' },
    node: () => cluster.node('n0') as never,
    figures: () => ({ sentPackets: sent }),
    publish: ({ figures }) => {
      published += 1;
      expect(figures).toEqual({ sent_packets: sent });
    },
  });
  for (let call = 0; call < 5; call += 1) outlook.soon();
  time.pass(200);
  expect(published).toBe(2);
  sent = 9;
  time.pass(10_100);
  expect(published).toBe(3);
  outlook.stop();
  time.pass(60_000);
  expect(published).toBe(3);
});
