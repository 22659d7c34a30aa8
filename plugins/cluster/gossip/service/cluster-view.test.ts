import { expect, it } from 'vitest';
import type { NodeRecord } from '../messages.ts';
import { clusterNode, nodesSnapshot, type Told } from './cluster-view.ts';

function member(uuid: string, changes: Partial<NodeRecord> = {}): Told {
  const record: NodeRecord = {
    uuid,
    name: `host-${uuid}`,
    addresses: ['127.0.0.1'],
    port: 6768,
    zone: 'dc1',
    groups: ['web', 'linux'],
    incarnation: 3,
    key: new Uint8Array(),
    ...changes,
  };
  const head = { ...record, groups: [] };
  const alive = { kind: 'alive' as const, body: new Uint8Array(), signature: new Uint8Array(), record: head };
  return { member: { uuid, alive, incarnation: 4, state: 'suspect', sinceMs: 500, accusers: [] }, record };
}

it('shows a member in words of the cluster', () => {
  const told = { display_name: 'A', version: '1.2.3', protocol: [1, 2], proxy: true, checks_version: 9 };
  expect(clusterNode(member('a', { ...told, failing: ['web'] }), 1000)).toEqual({
    uuid: 'a',
    name: 'host-a',
    ...told,
    failing: ['web'],
    addresses: ['127.0.0.1'],
    port: 6768,
    zone: 'dc1',
    groups: ['linux', 'web'],
    state: 'suspect',
    since: 1500,
    incarnation: 4,
  });
});

it.each([
  [{ display_name: 7, version: {}, protocol: 'x', proxy: 'yes', checks_version: -1, failing: 'web' }],
  [{}],
  [{ protocol: [1.5, 2], failing: [7], checks_version: 1.5 }],
])('believes nothing of what makes no sense: %j', (told) => {
  expect(clusterNode(member('a', told as Partial<NodeRecord>), 0)).toMatchObject({
    display_name: 'host-a',
    version: '',
    protocol: [1, 1],
    proxy: false,
    checks_version: 0,
    failing: [],
  });
});

it('sorts nodes by name, and lists their zones', () => {
  const snapshot = nodesSnapshot(
    'b',
    [member('b', { zone: 'dc2' }), member('c', { name: 'a' }), member('a')],
    0,
  );
  expect(snapshot.nodes.map(({ uuid }) => uuid)).toEqual(['c', 'a', 'b']);
  expect(snapshot).toMatchObject({ self: 'b', zone: 'dc2', zones: [{ name: 'dc1' }, { name: 'dc2' }] });
});
