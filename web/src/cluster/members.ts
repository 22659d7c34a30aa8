import { type StateCounts, worstOf } from '../checks/rows.ts';
import type { ClusterNode, ShownState } from '../live/fact.ts';
import { severity } from '../live/fact.ts';

/** GET /api/v1/gossip/history: a node came into a state; `accusers` say why. */
export interface NodeChange {
  at: string;
  node: string;
  name: string;
  display_name?: string;
  state: string;
  accusers: { by: string; name?: string; display_name?: string; evidence: string; at: string }[];
}

/** The nodes of one zone. */
export interface ZoneMembers {
  zone: string;
  /** The worst first. */
  nodes: ClusterNode[];
  alive: number;
}

const shownAs: { [state in ClusterNode['state']]: ShownState } = {
  alive: 'ok',
  suspect: 'warning',
  dead: 'critical',
  leave: 'pending',
};
const evidences: { [evidence: string]: string } = {
  'no-ack': 'no answer to a probe',
  refused: 'its port refused',
  'suspicion-timeout': 'nobody refuted the suspicion',
  reported: 'told by others',
};

/** The shape and colour of a state of membership. */
export function nodeShape({ state }: Pick<ClusterNode, 'state'>): ShownState {
  return shownAs[state];
}

/** What a node is shown as: how it stands itself or, while it lives, the worst of its checks. */
export function nodeState(node: ClusterNode, checks: StateCounts | undefined): ShownState {
  if (node.state !== 'alive') return nodeShape(node);
  if (node.failing.length > 0) return 'critical';
  const worst = checks === undefined ? 'ok' : worstOf(checks);
  return worst === 'pending' ? 'ok' : worst;
}

/** Nodes by zone, by the names of the zones; with a group, those of it alone. */
export function byZone(
  nodes: Iterable<ClusterNode>,
  group: string,
  checks: ReadonlyMap<string, StateCounts>,
): ZoneMembers[] {
  const rank = (node: ClusterNode): number => severity(nodeState(node, checks.get(node.uuid)));
  const zones = new Map<string, ClusterNode[]>();
  for (const node of nodes) {
    if (group !== '' && !node.groups.includes(group)) continue;
    const known = zones.get(node.zone);
    if (known === undefined) zones.set(node.zone, [node]);
    else known.push(node);
  }
  return [...zones]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([zone, members]) => ({
      zone,
      nodes: members.sort((one, other) => rank(one) - rank(other) || (nameOf(one) < nameOf(other) ? -1 : 1)),
      alive: members.filter(({ state }) => state === 'alive').length,
    }));
}

/** What people call a node. */
export function nameOf({ name, display_name: shown }: { name: string; display_name?: string }): string {
  return shown || name;
}

/** Who accused a node and on what evidence, in words. */
export function accusersText({ accusers }: NodeChange): string {
  return accusers
    .map(
      ({ by, name, display_name: shown, evidence }) =>
        `${shown || name || by}: ${evidences[evidence] ?? evidence}`,
    )
    .join('; ');
}
