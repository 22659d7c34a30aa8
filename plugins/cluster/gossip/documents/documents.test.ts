import type { NodeCheck } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { encodeMessage, exchangeBytes, joinMessages } from '../codec.ts';
import { keyringOf } from '../keyring.ts';
import type { Message } from '../messages.ts';
import { zoneKey } from '../seal.ts';
import { endpoint, VirtualCluster } from '../simulation/virtual-cluster.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { Documents } from './documents.ts';
import { packRecord, type RecordBody } from './split-record.ts';

const record = {
  uuid: 'me',
  name: 'me',
  addresses: ['me'],
  port: 1,
  zone: 'lan',
  incarnation: 1,
  key: new Uint8Array(),
};
const groups = Array.from({ length: 60 }, (_, index) => `a-group-${index}`);
const row = (name: string, state: NodeCheck['state'], output = ''): NodeCheck => ({
  id: `p/check/${name}`,
  name,
  pack: 'p',
  state,
  hard: true,
  since: 1,
  output,
  perfdata: '',
});

function joined(nodes: number): VirtualCluster {
  const cluster = new VirtualCluster({ nodes, keyring: () => keyringOf(zoneKey(new Uint8Array(32))) });
  expect(cluster.time.until(() => cluster.agree('alive'), 60_000)).toBe(true);
  cluster.time.pass(5000);
  return cluster;
}

function groupsOf(cluster: VirtualCluster, by: string, of: string): string[] {
  const member = cluster.node(by).member(of);
  return member === undefined ? [] : cluster.node(by).recordOf(member).groups;
}

it('answer a flood of questions in one packet with no more than a stream may carry', () => {
  const documents = new Documents({
    ...{ uuid: 'me', epoch: '1', timers: new VirtualTime(), ask: () => undefined, source: () => undefined },
    ...{ tellsUs: () => true, onBody: () => undefined, onDetails: () => undefined },
  });
  const { body } = packRecord({
    ...record,
    groups: Array.from({ length: 250 }, (_, at) => `${at}`.padEnd(200)),
  });
  documents.announce(body as RecordBody);
  documents.setDetails(
    1,
    Array.from({ length: 100 }, (_, at) => row(`${at}`, 'ok', 'x'.repeat(1000))),
  );
  const flood = Array.from(
    { length: 20_000 },
    (_, at): Message =>
      at % 2 === 0
        ? { kind: 'ask-body', hash: body?.hash ?? '' }
        : { kind: 'ask-details', uuid: 'me', epoch: '', version: 0 },
  );
  const answers = documents.answer(flood) ?? [];
  expect(answers.filter(({ kind }) => kind === 'details')).toHaveLength(1);
  expect(answers).toHaveLength(65);
  expect(joinMessages(answers.map(encodeMessage)).length).toBeLessThan(exchangeBytes);
});

it('bring a change of many groups to all within 2 s', () => {
  const cluster = joined(12);
  for (const list of [groups, [...groups, 'last'], ['few']]) {
    cluster.node('n3').update({ groups: list });
    const knows = (name: string): boolean => groupsOf(cluster, name, 'n3').at(-1) === list.at(-1);
    expect(cluster.time.until(() => cluster.names().every(knows), 2000)).toBe(true);
  }
});

it('bring all bodies to one that joins, also of nodes that are out of its reach', () => {
  const cluster = joined(8);
  for (const name of cluster.names()) cluster.node(name).update({ groups: [...groups, name] });
  cluster.time.pass(5000);
  cluster.network.cut(
    (from, to) => [from, to].sort().join() === [endpoint('n7'), endpoint('n8')].sort().join(),
  );
  cluster.boot('n8').join([endpoint('n0')]);
  const knows = (of: string): boolean => of === 'n8' || groupsOf(cluster, 'n8', of).at(-1) === of;
  expect(cluster.time.until(() => cluster.names().every(knows), 60_000)).toBe(true);
});

it('of checks are pulled as changes when a version moves, only where somebody wants them', () => {
  const cluster = joined(4);
  const outputs = (by: string) => cluster.details(by, 'n1')?.checks.map(({ name, state }) => [name, state]);
  cluster.node('n0').wantDetails(true);
  const tell = (version: number, checks: NodeCheck[]): void => {
    cluster.node('n1').setDetails(version, checks);
    cluster.node('n1').update({ checks_version: version });
  };
  tell(1, [row('a', 'ok', 'x'.repeat(5000)), row('b', 'ok')]);
  expect(cluster.time.until(() => outputs('n0') !== undefined, 5000)).toBe(true);
  expect(cluster.details('n0', 'n1')?.checks[0]?.output).toHaveLength(1024);
  const before = cluster.network.traffic(endpoint('n1')).exchangeBytes;
  tell(2, [row('a', 'ok', 'x'.repeat(5000)), row('b', 'critical')]);
  expect(cluster.time.until(() => outputs('n0')?.[1]?.[1] === 'critical', 5000)).toBe(true);
  expect(outputs('n0')).toEqual([
    ['a', 'ok'],
    ['b', 'critical'],
  ]);
  expect(cluster.network.traffic(endpoint('n1')).exchangeBytes - before).toBeLessThan(2000);
  tell(3, [row('b', 'critical')]);
  expect(cluster.time.until(() => outputs('n0')?.length === 1, 5000)).toBe(true);
  expect(outputs('n2')).toBeUndefined();
  cluster.node('n0').wantDetails(false);
  tell(4, [row('c', 'ok')]);
  cluster.time.pass(5000);
  expect(outputs('n0')).toEqual([['b', 'critical']]);
});

it('of checks of a node that restarted take the place of those before', () => {
  const cluster = joined(3);
  cluster.node('n0').wantDetails(true);
  const names = () => cluster.details('n0', 'n1')?.checks.map(({ name }) => name);
  cluster.node('n1').setDetails(5, [row('old', 'ok')]);
  cluster.node('n1').update({ checks_version: 5 });
  expect(cluster.time.until(() => names()?.[0] === 'old', 5000)).toBe(true);
  cluster.crash('n1');
  cluster.time.pass(300);
  const again = cluster.boot('n1', 9);
  again.setDetails(6, [row('new', 'ok')]);
  again.update({ checks_version: 6 });
  again.join([endpoint('n0')]);
  expect(cluster.time.until(() => names()?.[0] === 'new', 10_000)).toBe(true);
  expect(names()).toEqual(['new']);
});
