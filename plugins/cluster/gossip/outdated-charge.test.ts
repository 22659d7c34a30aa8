import { expect, it } from 'vitest';
import type { StateRow } from './messages.ts';
import { answerToCharge } from './outdated-charge.ts';
import { endpoint, VirtualCluster } from './simulation/virtual-cluster.ts';

const never = {
  pushPullIntervalMs: 1e9,
  youngExchangeMs: Number.POSITIVE_INFINITY,
  reconnectIntervalMs: 1e9,
};

/** The row of a member that is dead for who tells it, as it was before the member refuted. */
function deadRow(cluster: VirtualCluster, by: string, of: string): StateRow {
  const row = cluster
    .node(by)
    .rows()
    .find(({ alive }) => alive.record.uuid === of);
  if (row === undefined) throw new RangeError(`${by} does not know ${of}`);
  return { ...row, state: 'dead', by: 'n9', evidence: 'reported' };
}

/** A cluster in which `n0` alone has not heard that `n1` refuted, and reads in a table that it is dead. */
function withHearsay(nodes: number): VirtualCluster {
  const cluster = new VirtualCluster({ nodes, acquainted: true, settings: never });
  const old = deadRow(cluster, 'n2', 'n1');
  cluster.network.cut((from, to) => from === endpoint('n0') || to === endpoint('n0'));
  cluster.node('n1').update({ groups: ['redis'] });
  cluster.time.until(() => cluster.names().every((name) => cluster.node(name).figures().queued === 0), 5000);
  cluster.network.heal();
  cluster.node('n0').restore([old]);
  expect([cluster.state('n0', 'n1'), cluster.node('n0').member('n1')?.incarnation]).toEqual(['suspect', 1]);
  return cluster;
}

it('a member answers an accusation that it has refuted with its newer word', () => {
  const cluster = withHearsay(8);
  const probed = (): boolean => cluster.state('n0', 'n1') === 'alive';
  expect(cluster.time.until(probed, 10_000)).toBe(true);
  expect(cluster.node('n0').member('n1')?.alive.record.groups).toEqual(['redis']);
});

it('a suspect that nobody else has seen fail is asked before it is buried', () => {
  const cluster = withHearsay(128);
  const told: string[] = [];
  // Its rounds take longer than a suspicion: but for the question it would not be probed in time.
  const end = cluster.network.listen((from, to) => void told.push(`${from} ${to}`));
  expect(cluster.time.until(() => cluster.state('n0', 'n1') !== 'suspect', 120_000)).toBe(true);
  end();
  expect(cluster.state('n0', 'n1')).toBe('alive');
  expect(told).toContain('n0:1 n1:1');
  expect(cluster.events('dead')).toEqual([]);
});

it('one that gives no answer is buried all the same', () => {
  const cluster = withHearsay(128);
  cluster.powerOff('n1');
  expect(cluster.time.until(() => cluster.agree('dead', ['n1']), 120_000)).toBe(true);
});

it.each([
  ['its accuser pings it', 'n9', 1, 'n0', true],
  ['it is as new as its word', 'n9', 2, 'n0', false],
  ['another only passes it on', 'n8', 1, 'n0', false],
  ['it is about another', 'n9', 1, 'n1', false],
])('an accusation is answered where %s', (_, by, incarnation, uuid, isAnswered) => {
  const cluster = new VirtualCluster({ nodes: 1 });
  cluster.node('n0').update({ groups: ['redis'] });
  const self = cluster.node('n0').member('n0');
  if (self === undefined) throw new RangeError('no member');
  const ping = { kind: 'ping' as const, sequence: 1, target: 'n0', from: 'n9' };
  const charge = { kind: 'dead' as const, uuid, incarnation, by, evidence: 'reported' as const };
  expect(answerToCharge([ping, charge], self)).toBe(isAnswered ? self.alive : undefined);
});
