import { encodeRecord } from '../codec.ts';
import type { Details } from '../documents/details-puller.ts';
import type { ClusterEvents } from '../events/cluster-events.ts';
import { GossipNode } from '../gossip-node.ts';
import { type Identity, unsignedIdentity } from '../identity.ts';
import type { Keyring } from '../keyring.ts';
import { ListedMembers, type MemberTable } from '../member-table.ts';
import type { AliveClaim, MemberState, NodeRecord, OwnRecord } from '../messages.ts';
import type { PoolEvent } from '../pool.ts';
import { SealedLink } from '../sealed-link.ts';
import { type GossipSettings, lanSettings } from '../settings.ts';
import type { Sized, Timers, Transport } from '../transport.ts';
import { bytesWire, type Wire } from '../wire.ts';
import { PackedWorld } from './packed-members.ts';
import { sizedWire } from './sized-wire.ts';
import { VirtualNetwork, type Weather } from './virtual-network.ts';
import { seededRandom, VirtualTime } from './virtual-time.ts';

/** What a virtual cluster is like. */
export interface ClusterOptions {
  nodes: number;
  seed?: number;
  settings?: Partial<GossipSettings>;
  weather?: Partial<Weather>;
  identity?(index: number): Identity;
  /** Members in packed columns and packets that are no bytes: for thousands of nodes. */
  packed?: boolean;
  /** Everybody knows everybody from the start, rather than by joins. */
  acquainted?: boolean;
  /** Hears what nodes see, in place of `seen`. */
  onSeen?(seen: Seen): void;
  /** The keys of each node; without, packets are clear. Not where it is packed. */
  keyring?(index: number): Keyring | undefined;
  /** The events of each node; without, it has none. */
  events?(name: string, now: () => number): ClusterEvents;
}

/** What one node saw happen. */
export interface Seen {
  atMs: number;
  by: string;
  event: PoolEvent;
}

/** Real nodes on a virtual network in virtual time. Nodes are named `n0`, `n1` and so on, and are endpoints of these names too. */
export class VirtualCluster {
  readonly time = new VirtualTime();
  readonly network: VirtualNetwork<Sized>;
  readonly seen: Seen[] = [];
  readonly #details = new Map<string, Details>();
  readonly #options: ClusterOptions;
  readonly #random: () => number;
  readonly #world: PackedWorld | undefined;
  readonly #words: AliveClaim[];
  readonly #nodes = new Map<
    string,
    { node: GossipNode<Sized>; timers: PausableTimers; link: SealedLink | undefined }
  >();
  #boots = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed ?? 1);
    this.network = new VirtualNetwork(this.time, this.#random, options.weather);
    const names = Array.from({ length: options.nodes }, (_, index) => `n${index}`);
    this.#words = options.acquainted ? names.map((name, index) => this.#word(name, index)) : [];
    this.#world = options.packed ? new PackedWorld(names) : undefined;
    if (options.acquainted) this.#world?.acquaint(this.#words);
    for (const name of names) this.#boot(name, 1, options.acquainted === true);
    if (options.acquainted) return;
    for (let index = 1; index < options.nodes; index += 1)
      this.node(`n${index}`).join([endpoint(`n${Math.floor(this.#random() * index)}`)]);
  }

  /** Starts a node, which then knows nobody. */
  boot(name: string, incarnation = 1): GossipNode<Sized> {
    return this.#boot(name, incarnation, false);
  }

  #boot(name: string, incarnation: number, isAcquainted: boolean): GossipNode<Sized> {
    const index = Number(name.slice(1));
    const timers = new PausableTimers(this.time);
    const clear = this.network.transport(endpoint(name));
    const ring = this.#options.keyring?.(index);
    this.#boots += 1;
    const boot = this.#boots.toString(16).padStart(16, '0');
    const link = ring === undefined ? undefined : new SealedLink(clear as Transport, ring, name, boot);
    const events = this.#options.events?.(name, () => timers.now());
    const node = new GossipNode<Sized>({
      self: recordOf(name),
      incarnation,
      settings: { ...lanSettings, ...this.#options.settings },
      transport: (link as Transport<Sized> | undefined) ?? clear,
      wire: (this.#world === undefined ? bytesWire : sizedWire) as Wire<Sized>,
      table: this.#table(index, isAcquainted),
      timers,
      random: seededRandom((this.#options.seed ?? 1) * 10_007 + index * 31 + incarnation),
      identity: this.#options.identity?.(index) ?? unsignedIdentity,
      onDetails: (details) => this.#details.set(`${name} ${details.uuid}`, details),
      onEvent: (event) => this.#see({ atMs: this.time.now(), by: name, event }),
      ...(events !== undefined && { events }),
    });
    this.network.attach(endpoint(name), link?.guard(node as unknown as GossipNode) ?? node);
    this.#nodes.set(name, { node, timers, link });
    node.start();
    return node;
  }

  #word(name: string, index: number): AliveClaim {
    const identity = this.#options.identity?.(index) ?? unsignedIdentity;
    const record: NodeRecord = { ...recordOf(name), incarnation: 1, key: identity.key };
    const body = encodeRecord(record);
    return { kind: 'alive', body, signature: identity.sign(body), record };
  }

  #table(index: number, isAcquainted: boolean): MemberTable {
    if (this.#world !== undefined) return this.#world.table(index, isAcquainted);
    const table = new ListedMembers();
    if (isAcquainted)
      for (const alive of this.#words)
        table.set({
          uuid: alive.record.uuid,
          alive,
          incarnation: 1,
          state: 'alive',
          sinceMs: 0,
          accusers: [],
        });
    return table;
  }

  #see(seen: Seen): void {
    if (this.#options.onSeen === undefined) this.seen.push(seen);
    else this.#options.onSeen(seen);
  }

  node(name: string): GossipNode<Sized> {
    const found = this.#nodes.get(name)?.node;
    if (found === undefined) throw new RangeError(`no node ${name}`);
    return found;
  }

  /** The sealed link of a node that has keys. */
  link(name: string): SealedLink {
    const found = this.#nodes.get(name)?.link;
    if (found === undefined) throw new RangeError(`${name} has no keys`);
    return found;
  }

  /** Names of the running nodes. */
  names(): string[] {
    return [...this.#nodes.keys()];
  }

  /** As by kill -9: the host refuses what comes for it. */
  crash(name: string): void {
    this.#end(name, false);
  }

  /** As by a power cut: the host is silent too. */
  powerOff(name: string): void {
    this.#end(name, true);
  }

  /** As by SIGSTOP: neither packets nor timers, until `resume`. */
  pause(name: string): void {
    this.network.freeze(endpoint(name));
    this.#nodes.get(name)?.timers.pause();
  }

  /** As by SIGCONT: first what fell due meanwhile, then what waits in the socket. */
  resume(name: string): void {
    this.#nodes.get(name)?.timers.resume();
    this.network.thaw(endpoint(name));
  }

  /** What one node believes of another. */
  state(by: string, of: string): MemberState | undefined {
    return this.node(by).member(of)?.state;
  }

  /** The details of a node that another one fetched last. */
  details(by: string, of: string): Details | undefined {
    return this.#details.get(`${by} ${of}`);
  }

  /** Whether every running node believes every one of `of` to be in `state`. */
  agree(state: MemberState | undefined, of: readonly string[] = this.names(), by = this.names()): boolean {
    return by.every((one) => of.every((other) => this.state(one, other) === state));
  }

  /** Events of one kind about one node. */
  events(kind: PoolEvent['kind'], about?: string): Seen[] {
    return this.seen.filter(
      ({ event }) =>
        event.kind === kind && (about === undefined || ('member' in event && event.member.uuid === about)),
    );
  }

  #end(name: string, isOff: boolean): void {
    this.node(name).stop();
    this.network.detach(endpoint(name), isOff);
    this.#nodes.delete(name);
  }
}

/** The endpoint of a node of a virtual cluster. */
export function endpoint(name: string): string {
  return `${name}:1`;
}

function recordOf(name: string): OwnRecord {
  return { uuid: name, name, addresses: [name], port: 1, zone: 'lan', groups: [] };
}

class PausableTimers implements Timers {
  readonly #time: Timers;
  #late: (() => void)[] | undefined;

  constructor(time: Timers) {
    this.#time = time;
  }

  now(): number {
    return this.#time.now();
  }

  after(delayMs: number, run: () => void): () => void {
    let isOff = false;
    const ring = (): void => {
      if (isOff) return;
      if (this.#late === undefined) run();
      else this.#late.push(ring);
    };
    const cancel = this.#time.after(delayMs, ring);
    return () => {
      isOff = true;
      cancel();
    };
  }

  pause(): void {
    this.#late ??= [];
  }

  resume(): void {
    const late = this.#late ?? [];
    this.#late = undefined;
    for (const ring of late) ring();
  }
}
