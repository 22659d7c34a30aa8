/** `leave`: it said that it goes; `dead`: it stopped answering; `suspect`: it may be about to be dead. */
export type NodeState = 'alive' | 'suspect' | 'dead' | 'leave';

/** One node of the cluster as this one knows it. Plain data; times are epoch milliseconds. */
export interface ClusterNode {
  uuid: string;
  name: string;
  /** What people see; the name where nothing else was said. */
  display_name: string;
  /** Addresses where it may be reached, the one it gossips from first. */
  addresses: string[];
  /** Its gossip port. */
  port: number;
  zone: string;
  /** Sorted. */
  groups: string[];
  state: NodeState;
  /** Since when it is in `state`. */
  since: number;
  incarnation: number;
  /** Program version it runs. */
  version: string;
  /** Lowest and highest protocol it speaks. */
  protocol: [number, number];
  proxy: boolean;
  /** Moves when a check of the node changes: at once with its state, a minute or more later when its texts alone are others. */
  checks_version: number;
  /** Groups, sorted, of which a check is hard critical. */
  failing: string[];
}

/** What the snapshot `nodes` holds. The node itself is among `nodes`. */
export interface NodesSnapshot {
  /** Uuid of this node. */
  self: string;
  /** Zone of this node. */
  zone: string;
  /** Zones that are seen from here, sorted; `unreachable` when all of its proxies are gone. */
  zones: { name: string; parent: string | null; unreachable: boolean }[];
  nodes: ClusterNode[];
  /** How the membership itself does, by name: numbers such as the health score or messages sent. */
  figures?: { [name: string]: number };
}

/** One check of another node. `output` and `perfdata` have at most 1 KiB. */
export interface NodeCheck {
  /** `<pack>/check/<name>`. */
  id: string;
  name: string;
  pack: string;
  state: 'pending' | 'ok' | 'warning' | 'critical' | 'unknown';
  hard: boolean;
  since: number | null;
  output: string;
  perfdata: string;
}

/** How the checks of one node stand. */
export interface NodeDetails {
  uuid: string;
  /** The `checks_version` that it tells of. */
  version: number;
  checks: NodeCheck[];
}

/** What the snapshot `node-details` holds: nodes whose details were fetched, by uuid. This node is among them. */
export type NodeDetailsSnapshot = { [uuid: string]: NodeDetails };
