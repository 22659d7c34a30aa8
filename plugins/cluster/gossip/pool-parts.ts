import type { RecordBody } from './documents/split-record.ts';
import type { Identity } from './identity.ts';
import type { MemberTable } from './member-table.ts';
import type { Member } from './members.ts';
import type { Accusation, AliveClaim, LeaveClaim, NodeRecord, OwnRecord } from './messages.ts';
import type { GossipSettings } from './settings.ts';
import type { Sized, Timers } from './transport.ts';
import type { Wire } from './wire.ts';
import type { ZoneTree } from './zones/zone-tree.ts';

/**
 * What changed in a pool. `accused`: one more accuses who is suspect or dead already. `conflict`: two live nodes share `member`'s uuid;
 * `rival` is the other one's record.
 */
export type PoolEvent =
  | {
      kind: 'new' | 'record' | 'alive' | 'accused' | 'suspect' | 'dead' | 'leave' | 'deleted';
      member: Member;
    }
  | { kind: 'conflict'; member: Member; rival: NodeRecord }
  | { kind: 'degraded' | 'recovered' };

/** What a pool is made of. */
export interface PoolParts<Packet extends Sized = Uint8Array> {
  self: OwnRecord;
  /** The first incarnation: above every earlier one of this node. */
  incarnation: number;
  settings: GossipSettings;
  timers: Timers;
  identity: Identity;
  wire: Wire<Packet>;
  /** Where members are kept; in a table of its own unless given. */
  table?: MemberTable;
  onEvent(event: PoolEvent): void;
  /** What of this node's record did not fit its claim. */
  onOwnBody?(body: RecordBody): void;
  /** Where this node stands among zones; without, all members are of one pool, whatever zone they name. */
  zones?: ZoneTree;
  /** Something is told to the pool: about whom, and how. */
  onTold?(member: Member, message: Packet): void;
  /** An accusation had to be refuted: a sign that we are slow. */
  onRefute(): void;
  /** Asks a suspect itself whether it is there, and tells it that it is suspected; without, it is not asked. `done` is called once, unless the node stops. */
  ask?(suspect: Member, done: (isThere: boolean) => void): void;
}

/** A claim about one member, as it travels. */
export type Claim = AliveClaim | Accusation | LeaveClaim;

/**
 * How often a member that came by a table is passed on: who told the table tells of it too, and who hears it then passes it on like other
 * news. One who knew nobody before has nobody to tell it to: all that it knows now were told of by the same table.
 */
export const hearsaySends = { once: 1, never: 0 };

/** How often a node that has joined tells its own word: who answered tells it as well, and who hears it first passes it on like other news. */
export const joinedSends = 3;

/** How what a table says is passed on. */
export type Hearsay = keyof typeof hearsaySends;
