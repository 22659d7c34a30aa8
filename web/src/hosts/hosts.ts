import { type CheckRow, stateCounts, worstOf } from '../checks/rows.ts';
import type { Board } from '../live/board.ts';
import { type ClusterNode, type ShownState, severity } from '../live/fact.ts';
import { countText } from '../text/quantity.ts';

/** A host as lists show it. */
export interface HostRow {
  /** Its uuid, or of one that pushes its name. */
  key: string;
  name: string;
  /** `own` is this agent's, `node` one of the cluster, `push` one that reports by itself. */
  kind: 'own' | 'node' | 'push';
  state: ShownState;
  /** Of its checks, as far as they are known here. */
  counts: { [state in ShownState]: number } | null;
  /** Why it is in that state, in words. */
  why: string;
  groups: readonly string[];
}

const ofNode: { [state in ClusterNode['state']]: ShownState } = {
  alive: 'ok',
  suspect: 'warning',
  dead: 'critical',
  leave: 'pending',
};

/** Every host: this one, the nodes of the cluster, and those that push; the worst first. */
export function hostRows(board: Board, rows: readonly CheckRow[], own: string): HostRow[] {
  const byHost = new Map<string, CheckRow[]>();
  const ownChecks: CheckRow[] = [];
  for (const row of rows) {
    if (row.pack !== 'push') {
      ownChecks.push(row);
      continue;
    }
    const known = byHost.get(row.host);
    if (known === undefined) byHost.set(row.host, [row]);
    else known.push(row);
  }
  const hosts: HostRow[] = [];
  if (board.node !== undefined)
    hosts.push({ ...checked(board.node.uuid, own, 'own', ownChecks), groups: board.groups });
  for (const node of board.nodes.values()) if (node.uuid !== board.node?.uuid) hosts.push(nodeRow(node));
  for (const [name, checks] of byHost) hosts.push(checked(name, name, 'push', checks));
  return hosts.sort(
    (one, other) => severity(one.state) - severity(other.state) || (one.name < other.name ? -1 : 1),
  );
}

function checked(key: string, name: string, kind: HostRow['kind'], checks: readonly CheckRow[]): HostRow {
  const counts = stateCounts(checks);
  const troubles = (['critical', 'unknown', 'warning', 'stale'] as const).filter(
    (state) => counts[state] > 0,
  );
  const why =
    troubles.length === 0
      ? countText(checks.length, 'check')
      : troubles.map((state) => `${counts[state]} ${state}`).join(', ');
  return { key, name, kind, state: worstOf(counts), counts, why, groups: [] };
}

function nodeRow({ uuid, name, display_name: shown, state, failing, groups }: ClusterNode): HostRow {
  const fails = state === 'alive' && failing.length > 0;
  return {
    key: uuid,
    name: shown || name,
    kind: 'node',
    state: fails ? 'critical' : ofNode[state],
    counts: null,
    why: fails ? `failing: ${failing.join(', ')}` : state,
    groups,
  };
}

/** A group, and who is in it. */
export interface GroupRow {
  name: string;
  members: number;
  /** Members of which a check of the group is critical. */
  failing: number;
  isOwn: boolean;
}

/** The groups of this host and of the cluster, by name. */
export function groupRows(board: Board): GroupRow[] {
  const rows = new Map<string, GroupRow>();
  const rowOf = (name: string): GroupRow => {
    const row = rows.get(name) ?? { name, members: 0, failing: 0, isOwn: false };
    rows.set(name, row);
    return row;
  };
  for (const name of board.groups) Object.assign(rowOf(name), { isOwn: true });
  const isAlone = board.nodes.size === 0;
  if (isAlone) for (const name of board.groups) rowOf(name).members = 1;
  for (const { groups, failing, state } of board.nodes.values()) {
    if (state === 'leave') continue;
    for (const name of groups) rowOf(name).members += 1;
    for (const name of failing) rowOf(name).failing += 1;
  }
  return [...rows.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}
