import { BroadcastQueue } from '../broadcast-queue.ts';
import { payloadBytes } from '../codec.ts';
import { isLive, type Member } from '../members.ts';
import { endpointOf } from '../messages.ts';
import { randomOrder } from '../probe-ring.ts';
import type { GossipSettings } from '../settings.ts';
import type { Random, Sized, Timers } from '../transport.ts';
import type { ZoneTree } from './zone-tree.ts';

/** Between two full exchanges with a zone. */
const exchangeMs = 15_000;
const firstExchangeMs = 1000;
/** What a hello takes of a packet, at most. */
const helloBytes = 80;
/** Probes in a row, of all of a zone's proxies, without any answer: then the zone is not reached. */
const silentProbes = 4;

/** What links are made of. */
export interface LinkParts<Packet extends Sized> {
  zones: ZoneTree;
  settings: GossipSettings;
  timers: Timers;
  random: Random;
  members(): Member[];
  /** How often a message is passed on. */
  sendLimit(): number;
  /** Pings a member. `done` hears whether it answered. */
  check(target: Member, done: (isAcked: boolean) => void): void;
  /** Sends messages of our zone to a member of another. */
  send(endpoint: string, messages: readonly Packet[]): void;
  /** Exchanges tables with a member of another zone. */
  exchange(endpoint: string): void;
  /** The adjoining zones that are not reached are others now. */
  onReach(unreached: string[]): void;
}

interface Link<Packet extends Sized> {
  zone: string;
  queue: BroadcastQueue<Packet>;
  /** Since when no proxy answered, or the last answer. */
  heardMs: number;
  turn: number;
}

/**
 * What a proxy does beside its own pool: it probes the proxies of the zones right above and below, passes on what they may
 * know, and says which zones it does not hear. It accuses nobody: whether a foreign proxy is dead, its own zone judges.
 */
export class ZoneLinks<Packet extends Sized> {
  readonly #parts: LinkParts<Packet>;
  readonly #links: Link<Packet>[];
  readonly #cancels = new Map<string, () => void>();
  #unreached = '[]';

  constructor(parts: LinkParts<Packet>) {
    this.#parts = parts;
    const heardMs = parts.timers.now();
    this.#links = parts.zones.adjoining.map((zone) => ({
      zone,
      queue: new BroadcastQueue<Packet>(),
      heardMs,
      turn: 0,
    }));
  }

  start(): void {
    const { settings } = this.#parts;
    for (const link of this.#links) {
      link.heardMs = this.#parts.timers.now();
      this.#repeat(`probe ${link.zone}`, settings.probeIntervalMs, settings.probeIntervalMs, () =>
        this.#probe(link),
      );
      this.#repeat(`gossip ${link.zone}`, settings.gossipIntervalMs, settings.gossipIntervalMs, () =>
        this.#gossip(link),
      );
      this.#repeat(`exchange ${link.zone}`, firstExchangeMs, exchangeMs, () => this.#exchange(link));
    }
  }

  stop(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }

  /** Our pool is told something about a member: so are the zones that may know. */
  tell(member: Member, message: Packet): void {
    const { record } = member.alive;
    for (const { zone, queue } of this.#links)
      if (this.#parts.zones.isToldTo(zone, record)) queue.add(member.uuid, message);
  }

  /** Known proxies of a zone: those that live, or all where none does, so that one that comes back is found. */
  #proxies(zone: string): Member[] {
    const all = this.#parts
      .members()
      .filter(
        ({ alive, state }) => alive.record.zone === zone && alive.record.proxy === true && state !== 'leave',
      );
    const live = all.filter(isLive);
    return live.length > 0 ? live : all;
  }

  #pick(zone: string, count: number): Member[] {
    const proxies = this.#proxies(zone);
    const order = [...randomOrder(proxies.length, this.#parts.random)].slice(0, count);
    return order.map((at) => proxies[at] as Member);
  }

  #probe(link: Link<Packet>): void {
    const { timers, settings, check } = this.#parts;
    const proxies = this.#proxies(link.zone);
    link.turn += 1;
    const target = proxies[link.turn % Math.max(1, proxies.length)];
    if (target !== undefined)
      check(target, (isAcked) => {
        if (isAcked) link.heardMs = timers.now();
      });
    const silentMs = (proxies.length + silentProbes) * settings.probeIntervalMs;
    const unreached = this.#links
      .filter((one) =>
        one === link ? timers.now() - one.heardMs > silentMs : this.#unreached.includes(`"${one.zone}"`),
      )
      .map(({ zone }) => zone);
    const told = JSON.stringify(unreached);
    if (told === this.#unreached) return;
    this.#unreached = told;
    this.#parts.onReach(unreached);
  }

  #gossip(link: Link<Packet>): void {
    if (link.queue.size === 0) return;
    const { settings, send, sendLimit } = this.#parts;
    for (const { alive } of this.#pick(link.zone, settings.gossipNodes)) {
      const messages = link.queue.take(payloadBytes - helloBytes, sendLimit());
      if (messages.length > 0) send(endpointOf(alive.record), messages);
    }
  }

  #exchange(link: Link<Packet>): void {
    const [partner] = this.#pick(link.zone, 1);
    if (partner !== undefined) this.#parts.exchange(endpointOf(partner.alive.record));
  }

  #repeat(name: string, firstMs: number, intervalMs: number, run: () => void): void {
    const { timers, random } = this.#parts;
    const next = (delayMs: number): void => {
      const cancel = timers.after(delayMs, () => {
        next(intervalMs);
        run();
      });
      this.#cancels.set(name, cancel);
    };
    next(firstMs * random());
  }
}
