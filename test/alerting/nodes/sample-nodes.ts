import type { ClusterNode, NodesSnapshot } from 'opsbro/sdk';

/** A node of a cluster that is well. */
export function node(name: string, change: Partial<ClusterNode> = {}): ClusterNode {
  return {
    uuid: `u-${name}`,
    name,
    display_name: name,
    addresses: ['10.0.0.1'],
    port: 6768,
    zone: 'paris',
    groups: ['linux'],
    state: 'alive',
    since: 0,
    incarnation: 1,
    version: '1.0.0',
    protocol: [1, 1],
    proxy: false,
    checks_version: 1,
    failing: [],
    ...change,
  };
}

/** What the node `here` sees. */
export const snapshot = (...nodes: ClusterNode[]): NodesSnapshot => ({
  self: 'u-here',
  zone: 'paris',
  zones: [{ name: 'paris', parent: null, unreachable: false }],
  nodes,
});
