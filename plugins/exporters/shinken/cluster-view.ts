import { networkInterfaces } from 'node:os';
import type { CheckFact, Json, JsonObject, NodeCheck } from 'opsbro/sdk';
import { type Host, hostOf, isHostName, type NodeFacts, readChecks, readNodes } from './hosts.ts';

/** How long hosts stay whose node is gone, milliseconds. */
export interface Forgetting {
  forgetLeftMs: number;
  forgetDeadMs: number;
}

/** Until when files stay whose nodes are in no snapshot any more, by uuid: plain data, kept over a restart. */
export type Gone = { [uuid: string]: number };

/** What hosts there are to be. */
export interface Wanted {
  hosts: Host[];
  /** Nodes that are in no snapshot any more, whose files stay as they are. */
  kept: Set<string>;
  /** When something will have to go; Infinity for never. */
  next: number;
}

/** Nodes beyond this that vanish at once lose their files at once. */
const maxGone = 1500;

/**
 * Every time here is of a clock in epoch milliseconds that follows no jump of the wall clock: see `Exporter`.
 *
 * Puts together what the cluster and this node itself tell. What is told of this node by its own facts is newer than what the cluster tells of
 * it; without a cluster it is the only node.
 */
export class ClusterView {
  readonly #times: Forgetting;
  readonly #gone: Gone;
  readonly #refused: (uuid: string) => void;
  #nodes = new Map<string, NodeFacts>();
  #hasNodes = false;
  #details: JsonObject = {};
  #own: { node: NodeFacts; checks: (CheckFact | NodeCheck)[] } | null = null;

  /** `gone` is changed in place. `refused` hears of nodes that can be no host. */
  constructor(times: Forgetting, gone: Gone, refused: (uuid: string) => void) {
    this.#times = times;
    this.#gone = gone;
    this.#refused = refused;
  }

  /** Something was told, so that there are hosts to write. */
  get isReady(): boolean {
    return this.#hasNodes || this.#own !== null;
  }

  /** `aheadMs`: by how much the wall clock, of which the nodes' times are, is ahead. */
  setNodes(snapshot: Json, now: number, aheadMs: number): void {
    const told = readNodes(snapshot, this.#refused);
    const nodes = new Map(told.map((node) => [node.uuid, { ...node, since: node.since - aheadMs }]));
    for (const [uuid, node] of this.#nodes) if (!nodes.has(uuid)) this.#vanish(uuid, node, now);
    for (const uuid of nodes.keys()) delete this.#gone[uuid];
    this.#nodes = nodes;
    this.#hasNodes = true;
  }

  setDetails(snapshot: Json): void {
    this.#details = (snapshot ?? {}) as JsonObject;
  }

  setFacts(snapshot: Json): void {
    const { node, groups, checks } = (snapshot ?? {}) as { [key: string]: Json };
    const { uuid, name, zone } = (node ?? {}) as JsonObject;
    const made = { uuid, name, display_name: name, zone, groups, addresses: [ownAddress()], state: 'alive' };
    const [own] = readNodes({ nodes: [made] } as JsonObject, this.#refused);
    this.#own = own === undefined ? null : { node: own, checks: readChecks(checks) };
  }

  /** A file of a node that nobody tells of, as after a restart, stays as long as that of a node which left now. */
  adopt(uuids: Iterable<string>, now: number): void {
    for (const uuid of uuids) {
      if (this.#nodes.has(uuid) || this.#own?.node.uuid === uuid || Object.hasOwn(this.#gone, uuid)) continue;
      if (isHostName(uuid)) this.#keep(uuid, now + this.#times.forgetLeftMs);
    }
  }

  /** The hosts of this moment, by uuid. */
  wanted(now: number): Wanted {
    let next = Number.POSITIVE_INFINITY;
    const nodes = [...this.#everyNode()].filter((node) => {
      const end = this.#endOf(node, now);
      if (end > now) next = Math.min(next, end);
      return end > now;
    });
    const kept = new Set<string>();
    for (const [uuid, until] of Object.entries(this.#gone)) {
      if (until <= now || this.#own?.node.uuid === uuid) delete this.#gone[uuid];
      else {
        kept.add(uuid);
        next = Math.min(next, until);
      }
    }
    const sorted = nodes.sort((one, other) => (one.uuid < other.uuid ? -1 : 1));
    return { hosts: sorted.map((node) => hostOf(node, this.#checksOf(node.uuid))), kept, next };
  }

  *#everyNode(): Iterable<NodeFacts> {
    const own = this.#own?.node;
    if (own !== undefined && !this.#nodes.has(own.uuid)) yield own;
    for (const node of this.#nodes.values()) {
      yield node.uuid === own?.uuid ? { ...node, groups: own.groups } : node;
    }
  }

  #checksOf(uuid: string): readonly (NodeCheck | CheckFact)[] | null {
    if (this.#own?.node.uuid === uuid) return this.#own.checks;
    const details = Object.hasOwn(this.#details, uuid) ? (this.#details[uuid] as JsonObject | null) : null;
    return details === null ? null : readChecks(details.checks);
  }

  #endOf({ state, since }: NodeFacts, now: number): number {
    // A clock that was set back must not keep a host for ever.
    const began = Math.min(since, now);
    if (state === 'leave') return began + this.#times.forgetLeftMs;
    return state === 'dead' ? began + this.#times.forgetDeadMs : Number.POSITIVE_INFINITY;
  }

  #vanish(uuid: string, node: NodeFacts, now: number): void {
    const end = this.#endOf(node, now);
    this.#keep(uuid, Number.isFinite(end) ? end : now + this.#times.forgetLeftMs);
  }

  #keep(uuid: string, until: number): void {
    if (Object.keys(this.#gone).length < maxGone) this.#gone[uuid] = until;
  }
}

/** The first address of this host that is not its loopback's. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const outer = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80'));
  return (outer.find(({ family }) => family === 'IPv4') ?? outer[0])?.address ?? '127.0.0.1';
}
