/** What one member believes of another. */
export type MemberState = 'alive' | 'suspect' | 'dead' | 'leave';

/** What a node tells about itself. */
export interface OwnRecord {
  uuid: string;
  name: string;
  /** Where it listens; the first is dialled. */
  addresses: string[];
  port: number;
  zone: string;
  groups: string[];
  /** Fields of newer versions; `AliveClaim.body` holds them as they were signed. */
  [field: string]: unknown;
}

/** The same with what makes it a claim: a node alone raises its incarnation. */
export interface NodeRecord extends OwnRecord {
  incarnation: number;
  /** Ed25519 public key, raw; empty where nodes do not sign. */
  key: Uint8Array;
}

/** Why a member is accused: what its accuser saw. */
export type Evidence = 'no-ack' | 'refused' | 'suspicion-timeout' | 'reported';

/** A node's own word. `body` is its record, encoded; the signature is over these very bytes, so they are passed on as they are. */
export interface AliveClaim {
  kind: 'alive';
  body: Uint8Array;
  signature: Uint8Array;
  /** `body`, decoded. */
  record: NodeRecord;
}

/** `by` accuses a member at an incarnation that the member itself has announced. */
export interface Accusation {
  kind: 'suspect' | 'dead';
  uuid: string;
  incarnation: number;
  by: string;
  evidence: Evidence;
}

/** A node leaves (`by` is the node, and signs), or somebody clears away one that is gone. */
export interface LeaveClaim {
  kind: 'leave';
  uuid: string;
  incarnation: number;
  by: string;
  signature: Uint8Array;
}

/** One row of a full exchange: a member and what the sender believes of it, since `ageMs`. */
export interface StateRow {
  kind: 'state';
  alive: AliveClaim;
  state: MemberState;
  incarnation: number;
  ageMs: number;
  by: string;
  evidence: Evidence;
  /** Of the owner, where the state is its own leave. */
  signature: Uint8Array;
}

/** Messages of the probe. `target` guards against an address that changed hands; `refused`: the helper found its port closed. */
export type ProbeMessage =
  | { kind: 'ping'; sequence: number; target: string; from: string }
  | { kind: 'ack'; sequence: number; from: string }
  | { kind: 'nack'; sequence: number; from: string; refused: boolean }
  | { kind: 'relay'; sequence: number; target: string; from: string };

/** Something that a member tells all others, once: `id` says which. `payload` is JSON. */
export interface EventMessage {
  kind: 'event';
  id: string;
  name: string;
  /** Uuid of who told it first. */
  from: string;
  ageMs: number;
  payload: string;
}

/** Who is there? Sent to a broadcast address, and answered to where it came from by the answerer's own word. `token` tells questions apart. */
export type DetectionMessage =
  | { kind: 'detect'; token: string; from: string; zone: string }
  | { kind: 'detected'; token: string; alive: AliveClaim };

/** By stream, on demand: bodies of records by their hash (SHA-256 in hex), and what changed of a node's checks since a version. `changes` is JSON. */
export type DocumentMessage =
  | { kind: 'ask-body'; hash: string }
  | { kind: 'body'; hash: string; bytes: Uint8Array }
  | { kind: 'ask-details'; uuid: string; epoch: string; version: number }
  | { kind: 'details'; uuid: string; epoch: string; version: number; isFull: boolean; changes: string };

/** Says of which zone the speaker is; first in what goes to other zones. Under the key of a zone below it counts as that zone, whatever it says. */
export interface HelloMessage {
  kind: 'hello';
  zone: string;
}

/** By stream: sums over the parts of the sender's table, see `exchange/digest.ts`. Asks for the parts that differ. */
export interface DigestMessage {
  kind: 'digest';
  salt: number;
  sums: Uint8Array;
}

/** By stream, before entries: they are all of these parts, where tables are split into `count`. Asks for nothing. */
export interface PartMessage {
  kind: 'part';
  count: number;
  parts: number[];
}

/** What travels between members. Fields that a newer version appended are kept in `rest`. */
export type Message = (
  | ProbeMessage
  | AliveClaim
  | Accusation
  | LeaveClaim
  | StateRow
  | EventMessage
  | DetectionMessage
  | DocumentMessage
  | HelloMessage
  | DigestMessage
  | PartMessage
) & { rest?: unknown[] };

/** `host:port` where a node listens; IPv6 in brackets. */
export function endpointOf({ addresses, port }: Pick<NodeRecord, 'addresses' | 'port'>): string {
  const host = addresses[0] ?? '';
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
