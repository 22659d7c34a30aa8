import type { CheckFact, ClusterNode, ExportedFacts, NodesSnapshot } from 'opsbro/sdk';

/** What a stream tells, before it has a number. */
export type Change =
  | { type: 'check'; data: CheckFact }
  | { type: 'check-removed'; data: { id: string } }
  | { type: 'groups'; data: string[] }
  | { type: 'node'; data: ClusterNode }
  | { type: 'node-removed'; data: { uuid: string; name: string } };

/** A node as clients of the first OpsBro know it. */
export interface OldFrame {
  channel: 'gossip';
  payload: {
    name: string;
    display_name: string;
    addr: string;
    port: number;
    uuid: string;
    incarnation: number;
    groups: string[];
    services: { [id: string]: never };
    checks: { [id: string]: { state_id: number } };
    zone: string;
    is_proxy: boolean;
    type: string;
    state: string;
  };
}

const stateIds = { ok: 0, warning: 1, critical: 2, unknown: 3, pending: 3 };

/** What is different in the facts of this host. */
export function factChanges(before: ExportedFacts | undefined, now: ExportedFacts): Change[] {
  const known = new Map((before?.checks ?? []).map((check) => [check.id, check]));
  const changes: Change[] = [];
  for (const check of now.checks) {
    if (!isSame(known.get(check.id), check)) changes.push({ type: 'check', data: check });
    known.delete(check.id);
  }
  for (const id of known.keys()) changes.push({ type: 'check-removed', data: { id } });
  if (before !== undefined && before.groups.join('\n') !== now.groups.join('\n'))
    changes.push({ type: 'groups', data: now.groups });
  return changes;
}

/** When a check ran last says nothing by itself: it would make every run a change. */
function isSame(left: CheckFact | undefined, right: CheckFact): boolean {
  const text = (check: CheckFact | undefined): string => JSON.stringify({ ...check, last_run: 0 });
  return left !== undefined && text(left) === text(right);
}

/** What is different in the cluster. */
export function nodeChanges(before: NodesSnapshot | undefined, now: NodesSnapshot): Change[] {
  const known = new Map((before?.nodes ?? []).map((node) => [node.uuid, node]));
  const changes: Change[] = [];
  for (const node of now.nodes) {
    if (JSON.stringify(known.get(node.uuid)) !== JSON.stringify(node))
      changes.push({ type: 'node', data: node });
    known.delete(node.uuid);
  }
  for (const { uuid, name } of known.values()) changes.push({ type: 'node-removed', data: { uuid, name } });
  return changes;
}

/** The frame of a node as the first OpsBro sent it; of its own node the states of checks are known. */
export function oldFrame(node: ClusterNode, isGone: boolean, checks: readonly CheckFact[] = []): OldFrame {
  const { name, display_name, addresses, port, uuid, incarnation, groups, zone, proxy, state } = node;
  return {
    channel: 'gossip',
    payload: {
      ...{ name, display_name, addr: addresses[0] ?? '', port, uuid, incarnation, groups },
      services: {},
      checks: Object.fromEntries(checks.map((check) => [check.id, { state_id: stateIds[check.state] }])),
      ...{ zone, is_proxy: proxy, type: `gossip::${isGone ? 'delete' : state}`, state },
    },
  };
}

/** The own node, where no gossip tells of it. */
export function ownNode({ node, groups, at }: ExportedFacts): ClusterNode {
  return {
    ...{ uuid: node.uuid, name: node.name, display_name: node.display_name ?? node.name },
    ...{ addresses: ['127.0.0.1'], port: 0, zone: node.zone, groups, state: 'alive', since: at },
    ...{
      incarnation: 0,
      version: node.version ?? '',
      protocol: [0, 0],
      proxy: false,
      checks_version: 0,
      failing: [],
    },
  };
}
