import type { Details } from './documents/details-puller.ts';
import type { ClusterEvents } from './events/cluster-events.ts';
import type { Identity } from './identity.ts';
import type { MemberTable } from './member-table.ts';
import type { DetectionMessage, OwnRecord } from './messages.ts';
import type { PoolEvent } from './pool.ts';
import type { GossipSettings } from './settings.ts';
import type { Random, Sized, Timers, Transport } from './transport.ts';
import type { ZoneTree } from './zones/zone-tree.ts';

/** What a node is made of: everything that it cannot decide itself is an argument. */
export interface GossipNodeParts<Packet extends Sized = Uint8Array> {
  self: OwnRecord;
  /** Above every incarnation that this node ever had: the saved one + 1, or seconds since the epoch. */
  incarnation: number;
  settings: GossipSettings;
  transport: Transport<Packet>;
  timers: Timers;
  random: Random;
  identity: Identity;
  /** Where members are kept; in a table of its own unless given. */
  table?: MemberTable;
  onEvent(event: PoolEvent): void;
  /** Details of another node were fetched: see `wantDetails`. */
  onDetails?(details: Details): void;
  /** The tree of zones, as seen from ours; without, all members are of one pool, whatever zone they name. */
  zones?: ZoneTree;
  /** Tells what happened in the cluster; without, such messages pass by. */
  events?: ClusterEvents;
  /** Hears who asks, or answers, who is there. */
  onDetection?(from: string, message: DetectionMessage): void;
}

/** What a node counted since its start. */
export interface GossipFigures {
  health: number;
  degraded: boolean;
  queued: number;
  refusedMessages: number;
  forgedClaims: number;
  droppedBroadcasts: number;
}
