import type { ClusterNode, Json, NodesSnapshot, Tree } from 'opsbro/sdk';

const states = ['alive', 'suspect', 'dead', 'leave'] as const;
/** A cluster may have more groups than are worth a series each. */
const mostGroups = 200;
const mostZones = 50;

/** Narrows what came with the options; undefined when no service has told of the cluster. */
export function asSnapshot(facts: Json | undefined): NodesSnapshot | undefined {
  const { nodes } = (isObject(facts) ? facts : {}) as { nodes?: Json };
  if (!isObject(nodes) || !Array.isArray(nodes.nodes) || !Array.isArray(nodes.zones)) return undefined;
  return nodes as unknown as NodesSnapshot;
}

/** The cluster in numbers. */
export function clusterFigures({ zone, zones, nodes, figures = {} }: NodesSnapshot): Tree {
  const alive = nodes.filter(({ state }) => state === 'alive');
  const counts = states.map((state): [string, number] => [
    state,
    nodes.filter((node) => node.state === state).length,
  ]);
  return {
    zone,
    nodes: {
      total: nodes.length,
      ...Object.fromEntries(counts),
      failing: alive.filter(({ failing }) => failing.length > 0).length,
    },
    groups: counted(alive.flatMap(({ groups }) => [...new Set(groups)])),
    zones: ofZones(nodes),
    unreachable_zones: zones.filter(({ unreachable }) => unreachable).length,
    figures: Object.fromEntries(Object.entries(figures).filter(([, value]) => Number.isFinite(value))),
  };
}

/** How often each name is there, the most frequent first where there are too many. */
function counted(names: string[]): Tree {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a).slice(0, mostGroups));
}

function ofZones(nodes: readonly ClusterNode[]): Tree {
  const zones = new Map<string, { alive: number; total: number }>();
  for (const { zone, state } of nodes) {
    const counts = zones.get(zone) ?? { alive: 0, total: 0 };
    counts.total += 1;
    if (state === 'alive') counts.alive += 1;
    zones.set(zone, counts);
  }
  return Object.fromEntries([...zones].slice(0, mostZones));
}

function isObject(value: unknown): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
