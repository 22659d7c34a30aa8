import type { ClusterNode, NodesSnapshot } from 'opsbro/sdk';

/** A node as others see it. */
export const node = (name: string, changes: Partial<ClusterNode> = {}): ClusterNode => ({
  uuid: `uuid-${name}`,
  name,
  display_name: name,
  addresses: ['10.0.0.1', 'fd00::1'],
  port: 6768,
  zone: 'lan',
  groups: ['linux', 'redis'],
  state: 'alive',
  since: Date.now() - 3 * 3_600_000 - 5000,
  incarnation: 17,
  version: '1.2.3',
  protocol: [1, 2],
  proxy: false,
  checks_version: 5,
  failing: [],
  ...changes,
});

/** A cluster of two zones, seen from `web-1`. */
export const snapshot: NodesSnapshot = {
  self: 'uuid-web-1',
  zone: 'lan',
  zones: [
    { name: 'dmz', parent: 'lan', unreachable: true },
    { name: 'lan', parent: null, unreachable: false },
  ],
  nodes: [
    node('web-1', { display_name: 'front' }),
    node('db-1', { failing: ['redis'], proxy: true }),
    node('db-2', { state: 'dead', since: Number.NaN }),
    node('out-1', { zone: 'dmz', state: 'suspect', groups: [] }),
  ],
};
