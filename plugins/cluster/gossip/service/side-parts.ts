import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import type { Clock, Json, Log } from 'opsbro/sdk';
import { encodeMessage, joinMessages } from '../codec.ts';
import { broadcastAddresses } from '../detection/broadcast-addresses.ts';
import { type BroadcastEars, openBroadcastEars } from '../detection/broadcast-ear.ts';
import { Detection } from '../detection/detection.ts';
import { ClusterEvents } from '../events/cluster-events.ts';
import type { GossipNode, GossipNodeParts } from '../gossip-node.ts';
import { History } from '../history/history.ts';
import type { Identity } from '../identity.ts';
import type { AliveClaim } from '../messages.ts';
import type { Timers } from '../transport.ts';
import type { ZoneKeys } from './zone-keys.ts';
import type { ZonePlace } from './zone-place.ts';

/** What stands beside a membership works with. */
export interface SidePartsContext {
  self: string;
  log: Log;
  clock: Clock;
  timers: Timers;
  identity: Identity;
  /** The node as it is now: one that comes back after a leave is another. */
  node(): GossipNode;
  /** Carries what is sealed where there is a key. `zone`: under whose key, where it is one of those below. */
  transport: { send(endpoint: string, packet: Uint8Array, zone?: string): void };
  place: ZonePlace;
  isProxy: boolean;
  /** Keys of the zones below. */
  zoneKeys: ZoneKeys;
}

/** What a member does beside the membership: events of the cluster, detection by broadcast, and the history. They outlive a leave. */
export class SideParts {
  readonly events: ClusterEvents;
  readonly detection: Detection;
  readonly history: History;
  readonly #context: SidePartsContext;
  #broadcasts: () => string[] = () => [];
  #ears: BroadcastEars | undefined;

  constructor(context: SidePartsContext) {
    const { self, timers, clock, identity, transport, zoneKeys } = context;
    const newId = (): string => randomBytes(8).toString('hex');
    this.#context = context;
    this.events = new ClusterEvents({ self, now: () => timers.now(), newId });
    this.history = new History({
      monotonic: () => timers.now(),
      now: () => clock.now(),
      nameOf: (uuid) => this.nameOf(uuid),
      displayNameOf: (uuid) => this.displayNameOf(uuid),
    });
    this.detection = new Detection({
      uuid: self,
      zone: () => this.#own().record.zone,
      timers,
      newToken: newId,
      own: () => this.#own(),
      isSigned: ({ record, body, signature }) => identity.verify(record.key, body, signature),
      mayTell: (zone) => this.#mayTell(zone),
      broadcasts: () => this.#broadcasts(),
      send: (endpoint, message, zone) =>
        transport.send(endpoint, joinMessages([encodeMessage(message)]), zone),
      below: () => zoneKeys.below.keys(),
    });
  }

  /** What a node needs to take part in them. */
  nodeParts(): Required<Pick<GossipNodeParts, 'events' | 'onDetection'>> {
    return {
      events: this.events,
      onDetection: (from, message) => this.detection.hear(from, message),
    };
  }

  /** Listens for questions of others, where the node's own socket, bound to `address`, does not hear them. Call once, and `close` in the end. */
  async listen(
    address: string,
    port: number,
    hear: (from: string, packet: Uint8Array) => void,
  ): Promise<void> {
    const addresses = (): string[] => broadcastAddresses(address, networkInterfaces());
    this.#broadcasts = () => addresses().map((one) => `${one}:${port}`);
    if (address === '0.0.0.0' || address === '::') return;
    this.#ears = await openBroadcastEars(addresses(), port, hear, (where, error) =>
      this.#context.log.warn(`cannot hear who asks ${where}: ${error.message}`),
    );
  }

  async close(): Promise<void> {
    await this.#ears?.close();
    this.#ears = undefined;
  }

  /** The name of a member; empty where it is not known. */
  nameOf(uuid: string): string {
    return this.#context.node().member(uuid)?.alive.record.name ?? '';
  }

  /** What people see in place of a member's name; empty where that is the name, or not known. */
  displayNameOf(uuid: string): string {
    const node = this.#context.node();
    const member = node.member(uuid);
    const record = member && node.recordOf(member);
    const shown = record?.display_name;
    return typeof shown === 'string' && shown !== record?.name ? shown : '';
  }

  /** The history, to be saved. */
  save(): Json {
    return this.history.save();
  }

  /** Who is above may learn of all; who is right below, of proxies. */
  #mayTell(zone: string): boolean {
    const { place, isProxy } = this.#context;
    const { tree, own } = place;
    if (zone === own || tree === undefined) return zone === own;
    return tree.isBelow(own, zone) || (isProxy && tree.parentOf(zone) === own);
  }

  #own(): AliveClaim {
    const own = this.#context.node().member(this.#context.self);
    if (own === undefined) throw new RangeError('this node is no member');
    return own.alive;
  }
}
