import { type CheckRow, countsText, type StateCounts, stateCounts, worstOf } from '../checks/rows.ts';
import { nameOf, nodeState } from '../cluster/members.ts';
import type { Board } from '../live/board.ts';
import { type ClusterNode, type ShownState, severity } from '../live/fact.ts';

/** A host as lists show it. */
export interface HostRow {
  /** Its uuid, or of one that pushes its name. */
  key: string;
  name: string;
  /** `own` is this agent's, `node` one of the cluster, `push` one that reports by itself. */
  kind: 'own' | 'node' | 'push';
  state: ShownState;
  /** Of its checks as they are now, where that is known here. */
  counts: StateCounts | null;
  /** Why it is in that state, in words. */
  why: string;
  groups: readonly string[];
}

/** Every host: this one, the nodes of the cluster, and those that push; the worst first. */
export function hostRows(
  board: Board,
  rows: readonly CheckRow[],
  own: string,
  known: ReadonlyMap<string, StateCounts>,
): HostRow[] {
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
  for (const node of board.nodes.values())
    if (node.uuid !== board.node?.uuid) hosts.push(nodeRow(node, known.get(node.uuid)));
  for (const [name, checks] of byHost) hosts.push(checked(name, name, 'push', checks));
  return hosts.sort(
    (one, other) => severity(one.state) - severity(other.state) || (one.name < other.name ? -1 : 1),
  );
}

function checked(key: string, name: string, kind: HostRow['kind'], checks: readonly CheckRow[]): HostRow {
  const counts = stateCounts(checks);
  return { key, name, kind, state: worstOf(counts), counts, why: countsText(counts), groups: [] };
}

function nodeRow(node: ClusterNode, checks: StateCounts | undefined): HostRow {
  const { uuid, state, failing, groups } = node;
  const counts = (state === 'alive' && checks) || null;
  const isFailing = state === 'alive' && failing.length > 0;
  const words = isFailing ? `failing: ${failing.join(', ')}` : state;
  return {
    ...{ key: uuid, name: nameOf(node), kind: 'node', state: nodeState(node, checks), groups },
    ...{ counts, why: counts === null ? words : countsText(counts) },
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
