import type { ClusterNode, NodeState, NodesSnapshot } from 'opsbro/sdk';

/**
 * What became of a node of the cluster. `alive`: it is back; `groups`: it is something else than before; `checks`: one of its checks
 * changed; `deleted`: it is forgotten.
 */
export type NodeChangeKind = 'new' | 'alive' | 'suspect' | 'dead' | 'leave' | 'deleted' | 'groups' | 'checks';

/** A change of one node, as two snapshots that follow each other show it. Plain data; `at` in epoch ms. */
export interface NodeChange {
  what: NodeChangeKind;
  uuid: string;
  name: string;
  display_name: string;
  zone: string;
  addresses: string[];
  groups: string[];
  failing: string[];
  state: NodeState;
  /** null of a new node. */
  old_state: NodeState | null;
  /** Of `groups`: what it is now and was not; of `checks`: groups that fail now. Sorted. */
  added: string[];
  /** Of `groups`: what it no longer is; of `checks`: groups that fail no more. Sorted. */
  removed: string[];
  /** It is the node that tells. */
  self: boolean;
  at: number;
}

/**
 * What happened between two snapshots, in the order of the nodes' names. From nothing to a first snapshot nothing happened: who is there
 * when the agent starts is no news.
 */
export function nodeChanges(before: NodesSnapshot | null, after: NodesSnapshot, at: number): NodeChange[] {
  if (before === null) return [];
  const old = new Map(before.nodes.map((node) => [node.uuid, node]));
  const changes = after.nodes.flatMap((node) => {
    const was = old.get(node.uuid);
    old.delete(node.uuid);
    return changesOf(was, node).map((change) => ({ ...viewOf(node, after.self, at), ...change }));
  });
  for (const gone of old.values())
    changes.push({ ...viewOf(gone, before.self, at), what: 'deleted', old_state: gone.state });
  return changes.sort((one, other) => order(one.name, other.name));
}

type Difference = Pick<NodeChange, 'what' | 'old_state'> & Partial<Pick<NodeChange, 'added' | 'removed'>>;

function changesOf(was: ClusterNode | undefined, now: ClusterNode): Difference[] {
  if (was === undefined) return [{ what: 'new', old_state: null }];
  if (was === now) return [];
  const changes: Difference[] = [];
  const { state: old_state } = was;
  if (old_state !== now.state) changes.push({ what: now.state, old_state });
  const groups = compared(was.groups, now.groups);
  if (groups.added.length + groups.removed.length > 0) changes.push({ what: 'groups', old_state, ...groups });
  const failing = compared(was.failing, now.failing);
  if (was.checks_version !== now.checks_version || failing.added.length + failing.removed.length > 0)
    changes.push({ what: 'checks', old_state, ...failing });
  return changes;
}

function compared(
  before: readonly string[],
  after: readonly string[],
): { added: string[]; removed: string[] } {
  const [had, has] = [new Set(before), new Set(after)];
  return {
    added: after.filter((name) => !had.has(name)).sort(),
    removed: before.filter((name) => !has.has(name)).sort(),
  };
}

function viewOf(node: ClusterNode, self: string, at: number): Omit<NodeChange, 'what' | 'old_state'> {
  const { uuid, name, display_name, zone, addresses, groups, failing, state } = node;
  const view = { uuid, name, display_name, zone, addresses, groups, failing, state, at };
  return { ...view, added: [], removed: [], self: uuid === self };
}

function order(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
