import { randomBytes } from 'node:crypto';
import type {
  Clock,
  ExportedFacts,
  Json,
  JsonObject,
  Log,
  NodeDetailsSnapshot,
  NodesSnapshot,
} from 'opsbro/sdk';
import { GossipNode } from '../gossip-node.ts';
import type { Identity } from '../identity.ts';
import { isLive, type Member } from '../members.ts';
import { endpointOf } from '../messages.ts';
import type { PoolEvent } from '../pool.ts';
import { type LinkZones, SealedLink } from '../sealed-link.ts';
import type { Random, Timers, Transport } from '../transport.ts';
import { DetailsBook } from './details-book.ts';
import { gossipPort, isLoopback } from './endpoint.ts';
import { Introductions, type Joined } from './introductions.ts';
import { Joiner } from './joiner.ts';
import { Keeper } from './keeper.ts';
import type { KeyBook } from './key-book.ts';
import { NodeNews } from './node-news.ts';
import { exchangeTimeoutMs, type Options, settingsOf } from './options.ts';
import { Outlook } from './outlook.ts';
import { OwnWord } from './own-word.ts';
import type { SavedTable } from './saved-table.ts';
import { SideParts } from './side-parts.ts';
import { SocketTransport } from './socket-transport.ts';
import type { ZoneKeys } from './zone-keys.ts';
import type { ZonePlace } from './zone-place.ts';

/** What a membership works with. */
export interface MembershipParts {
  options: Options;
  log: Log;
  clock: Clock;
  timers: Timers;
  random: Random;
  resolve(host: string): Promise<string[]>;
  publish(snapshot: NodesSnapshot): void;
  publishDetails(snapshot: NodeDetailsSnapshot): void;
  emit(topic: string, data: Json): void;
  saved: SavedTable;
  keys: KeyBook;
  identity: Identity;
  place: ZonePlace;
  /** Keys of the zones below. */
  zoneKeys: ZoneKeys;
}

const maxExchanges = 256;
/** Peers that do not take our word within this time hear of it from others. */
const tellZoneMs = 2000;
const lookMs = 100;

/** This agent as a member: sockets, keys, its record from the facts, what is saved, and who is told. */
export class Membership {
  readonly #parts: MembershipParts;
  readonly #transport: SocketTransport;
  readonly #link: SealedLink | undefined;
  readonly #joiner: Joiner;
  readonly #news: NodeNews;
  /** Events, detection and history. */
  readonly sides: SideParts;
  readonly #outlook: Outlook;
  readonly #keeper: Keeper;
  readonly #word: OwnWord;
  readonly #details: DetailsBook;
  #node: GossipNode;
  #state: 'member' | 'left' | 'closed' = 'member';
  #leaving: Promise<void> = Promise.resolve();
  readonly #introductions: Introductions;

  private constructor(
    parts: MembershipParts,
    transport: SocketTransport,
    facts: ExportedFacts,
    incarnation: number,
  ) {
    const { timers, keys, options } = parts;
    this.#parts = parts;
    this.#transport = transport;
    this.#introductions = new Introductions({
      node: () => this.#node,
      resolve: parts.resolve,
      port: this.#standingPort(),
      reason: (endpoint) => transport.reason(endpoint),
      keyed: () => parts.zoneKeys.below.keys(),
    });
    this.#link =
      keys.ring &&
      new SealedLink(
        transport,
        keys.ring,
        facts.node.uuid,
        randomBytes(8).toString('hex'),
        this.#linkZones(),
      );
    this.#news = new NodeNews(parts, facts.node.uuid);
    this.#outlook = new Outlook({
      ...parts,
      self: facts.node.uuid,
      node: () => this.#node,
      figures: () => this.figures(),
      publish: (snapshot) => {
        this.#news.hearZones(snapshot.zones);
        parts.publish(snapshot);
      },
    });
    this.#keeper = new Keeper({
      ...parts,
      uuid: facts.node.uuid,
      node: () => this.#node,
      isMember: () => this.#state === 'member',
      history: () => this.sides.save(),
    });
    this.sides = new SideParts({
      ...parts,
      self: facts.node.uuid,
      node: () => this.#node,
      transport: this.#link ?? transport,
      isProxy: options.proxy,
    });
    this.#details = new DetailsBook({ timers, publish: parts.publishDetails });
    this.#word = new OwnWord(
      {
        ...parts,
        hasKey: this.hasKey,
        port: transport.port,
        live: () => this.#node.members().filter(isLive).length,
        onChange: () => this.#tell(),
      },
      facts,
    );
    this.#node = this.#makeNode(incarnation);
    this.#joiner = this.#makeJoiner();
  }

  /** Listens, takes up what an earlier life saved, and begins. Rejects where the port cannot be had. */
  static async open(parts: MembershipParts, facts: ExportedFacts): Promise<Membership> {
    const { options, keys, saved, clock, log } = parts;
    const isOpen = keys.ring !== undefined;
    const address = isOpen || isLoopback(options.address) ? options.address : '127.0.0.1';
    const transport = new SocketTransport({
      address,
      port: options.port,
      loopbackOnly: !isOpen,
      exchangeTimeoutMs: exchangeTimeoutMs(options),
      maxExchanges,
    });
    await transport.listen();
    try {
      const known = await saved.get('incarnation');
      const incarnation = typeof known === 'number' ? known + 1 : Math.floor(clock.now() / 1000);
      const membership = new Membership(parts, transport, facts, incarnation);
      membership.sides.history.restore(await saved.get('history'));
      membership.#begin();
      await membership.sides.listen(address, transport.port, (from, packet) =>
        transport.deliver(from, packet),
      );
      membership.#node.restore(await saved.rows());
      membership.#joiner.start();
      log.info(`listens on ${address}:${transport.port}`, { key: isOpen });
      return membership;
    } catch (error) {
      await transport.close();
      throw error;
    }
  }

  get uuid(): string {
    return this.#word.uuid;
  }

  get zone(): string {
    return this.#parts.place.own;
  }

  /** Where it listens. */
  get port(): number {
    return this.#transport.port;
  }

  /** Whether packets are sealed; without a key nothing leaves this host. */
  get hasKey(): boolean {
    return this.#link !== undefined;
  }

  members(): NodesSnapshot {
    return this.#outlook.snapshot();
  }

  /** A member by its uuid, or by a name that only one has. */
  find(node: string): Member | undefined {
    const named = this.#node.members().filter(({ alive }) => alive.record.name === node);
    return this.#node.member(node) ?? (named.length === 1 ? named[0] : undefined);
  }

  /** Tells others what changed of this host. */
  useFacts(facts: ExportedFacts): void {
    this.#word.use(facts);
  }

  /** Whether any service here wants the details of nodes: only then they are fetched. */
  wantDetails(isWanted: boolean): void {
    this.#details.want(isWanted);
    if (this.#state !== 'member') return;
    this.#node.wantDetails(isWanted);
    this.#tellDetails();
  }

  /** Exchanges tables with who listens at each address, `host` or `host:port`. One that has left comes back by it. */
  async join(addresses: readonly string[]): Promise<Joined> {
    await this.#leaving;
    if (this.#state === 'left') this.#comeBack();
    return await this.#introductions.all(addresses);
  }

  /** This node says goodbye. Others then know that it is not dead; it stays away until somebody lets it join. */
  leave(): Promise<void> {
    if (this.#state === 'member') this.#leaving = this.#sayGoodbye();
    return this.#leaving;
  }

  async #sayGoodbye(): Promise<void> {
    this.#state = 'left';
    this.#joiner.stop();
    // Who answers at this moment takes us for a member.
    await this.#introductions.settled();
    const others = this.#node.members().filter((member) => member.uuid !== this.uuid && isLive(member));
    await new Promise<void>((resolve) => {
      this.#node.leave(async () => {
        // Datagrams may all be lost; an exchange tells it for sure.
        const told = others.slice(0, 3).map(({ alive }) => this.#introductions.one(endpointOf(alive.record)));
        await Promise.all(told);
        this.#node.stop();
        if (this.#state === 'left') this.#transport.use(undefined);
        void this.#parts.saved.forgetRows().catch(() => undefined);
        this.#outlook.soon();
        resolve();
      });
    });
  }

  /** Probes a member at once: how long it took, and on what path; undefined where no answer came. */
  ping(uuid: string): Promise<{ ms: number; path: 'direct' | 'indirect' } | undefined> {
    return new Promise((resolve) => this.#node.ping(uuid, resolve));
  }

  /** Clears away a member that is suspect or dead. False where it is neither. */
  clearAway(uuid: string): boolean {
    return this.#node.clearAway(uuid);
  }

  /** Seals and opens with the ring as it is now, and keeps it over a restart. */
  async useKeys(): Promise<void> {
    const { keys, saved, zoneKeys } = this.#parts;
    if (keys.ring !== undefined) this.#link?.useKeyring(keys.ring, zoneKeys.below);
    await saved.put('keyring', keys.saved());
  }

  /** What was counted since the start. */
  figures(): JsonObject {
    return {
      ...this.#node.figures(),
      ...this.#transport.figures,
      refusedPackets: { ...this.#link?.refused },
    };
  }

  /** The others of its zone are told that this node goes to another. Close it then. */
  async tellZone(zone: string): Promise<void> {
    const { timers, place } = this.#parts;
    if (this.#state !== 'member' || zone === place.own) return;
    const others = this.#node.members().filter((member) => member.uuid !== this.uuid && isLive(member));
    this.#node.update({ zone });
    const deadlineMs = timers.now() + tellZoneMs;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.#node.figures().queued === 0 || timers.now() >= deadlineMs) resolve();
        else timers.after(lookMs, look);
      };
      look();
    });
    // Datagrams may all be lost.
    await Promise.all(
      others.slice(0, 3).map(({ alive }) => this.#introductions.one(endpointOf(alive.record))),
    );
  }

  /** Ends without a word: a stop is no leave. */
  async close(): Promise<void> {
    const kept = this.#keeper.stop();
    this.#state = 'closed';
    await kept;
    this.#joiner.stop();
    this.#node.stop();
    this.#outlook.stop();
    this.#news.stop();
    this.#word.stop();
    this.#details.stop();
    await this.sides.close();
    await this.#transport.close();
  }

  #makeJoiner(): Joiner {
    const { timers, random, options, log, resolve } = this.#parts;
    return new Joiner({
      timers,
      random,
      seeds: options.seeds,
      resolve,
      join: (endpoint) => this.#introductions.one(endpoint),
      port: this.#standingPort(),
      knows: (endpoint) => this.#introductions.knows(endpoint),
      isSelf: (endpoint) => this.#word.isAt(endpoint),
      onFound: (isFound) => {
        if (isFound) log.info('joined a seed', { seeds: options.seeds });
        else if (!options.bootstrap)
          log.warn('no seed answers; they are tried again', { seeds: options.seeds });
      },
    });
  }

  #makeNode(incarnation: number): GossipNode {
    const { options, timers, random, identity, place } = this.#parts;
    return new GossipNode({
      ...this.sides.nodeParts(),
      self: this.#word.record,
      incarnation,
      settings: settingsOf(options),
      transport: (this.#link ?? this.#transport) as Transport,
      timers,
      random,
      identity,
      ...(place.tree && { zones: place.tree }),
      onEvent: (event) => this.#hear(event),
      onDetails: (details) => this.#details.take(details),
    });
  }

  #tell(): void {
    if (this.#state !== 'member') return;
    this.#tellDetails();
    this.#node.update({ display_name: undefined, ...this.#word.record });
  }

  #tellDetails(): void {
    const { version, checks } = this.#word.details;
    this.#node.setDetails(version, checks);
    this.#details.take({ uuid: this.uuid, version, checks: [...checks] });
  }

  #begin(): void {
    this.#transport.use(this.#link === undefined ? this.#node : this.#link.guard(this.#node));
    this.#node.start();
    this.#node.wantDetails(this.#details.isWanted);
    this.#tellDetails();
    this.#news.watchRefused(() => ({ ...this.#link?.refused }));
    void this.#keeper.incarnation();
    this.#outlook.soon();
  }

  #comeBack(): void {
    const before = this.#node;
    const incarnation = (before.member(this.uuid)?.incarnation ?? 0) + 1;
    this.#state = 'member';
    this.#node = this.#makeNode(incarnation);
    this.#begin();
    this.#node.restore(before.rows());
  }

  #hear(event: PoolEvent): void {
    if (this.#state === 'closed') return;
    this.sides.history.hear(event);
    if (event.kind === 'deleted') this.#details.forget(event.member.uuid);
    if (event.kind === 'accused') return;
    this.#news.hear(event);
    this.#outlook.soon();
    this.#keeper.soon();
  }

  /** Nodes of a cluster mostly have one port. */
  #standingPort(): number {
    return this.#parts.options.port || gossipPort;
  }

  #linkZones(): LinkZones | undefined {
    const { place, zoneKeys } = this.#parts;
    if (place.tree === undefined) return undefined;
    return {
      own: place.own,
      below: zoneKeys.below,
      zoneAt: (endpoint) => this.#node.zoneAt(endpoint) ?? this.#introductions.zoneAt(endpoint),
    };
  }
}
