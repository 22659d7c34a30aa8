import type { ClusterNode, NodesSnapshot } from 'opsbro/sdk';
import type { Options } from './options.ts';

/** The options of the manifest, with a port that is free. For tests. */
export const defaultOptions: Options = {
  port: 0,
  address: '127.0.0.1',
  domain: '.opsbro',
  ttl: '5s',
  only_passing: true,
  strict_zone: false,
  ports: {},
};

/** A node that is alive, in the zone `lan`. */
export function node(name: string, more: Partial<ClusterNode> = {}): ClusterNode {
  return {
    uuid: `uuid-${name}`,
    name,
    display_name: name,
    addresses: ['10.0.0.1'],
    port: 6768,
    zone: 'lan',
    groups: [],
    state: 'alive',
    since: 0,
    incarnation: 1,
    version: '1.0.0',
    protocol: [1, 1],
    proxy: false,
    checks_version: 0,
    failing: [],
    ...more,
  };
}

/** The snapshot of some nodes; the first is this one. */
export function cluster(...nodes: ClusterNode[]): NodesSnapshot {
  const zones = [...new Set(nodes.map(({ zone }) => zone))].sort();
  return {
    self: nodes[0]?.uuid ?? '',
    zone: 'lan',
    zones: zones.map((name) => ({ name, parent: null, unreachable: false })),
    nodes,
  };
}
