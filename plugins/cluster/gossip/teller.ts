import { payloadBytes } from './codec.ts';
import type { ClusterEvents } from './events/cluster-events.ts';
import { isLive, type Member } from './members.ts';
import { endpointOf } from './messages.ts';
import type { Pool } from './pool.ts';
import type { GossipSettings } from './settings.ts';
import type { Random, Sized, Timers, Transport } from './transport.ts';
import type { Wire } from './wire.ts';

/** What a teller is made of. */
export interface TellerParts<Packet extends Sized> {
  pool: Pool<Packet>;
  wire: Wire<Packet>;
  transport: Pick<Transport<Packet>, 'send'>;
  settings: GossipSettings;
  timers: Timers;
  random: Random;
  events?: ClusterEvents;
}

/** Tells a few members in each interval what waits to be told. Where nothing waits there is no timer: a member at rest wakes for its probes only. */
export class Teller<Packet extends Sized> {
  readonly #parts: TellerParts<Packet>;
  #cancel: (() => void) | undefined;
  #isOn = false;

  constructor(parts: TellerParts<Packet>) {
    this.#parts = parts;
  }

  start(): void {
    this.#isOn = true;
    this.#parts.events?.onWaiting(() => this.stir());
    this.stir();
  }

  stop(): void {
    this.#isOn = false;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Something waits to be told. Told within an interval, at a random moment: not all who heard it pass it on at once. */
  stir(): void {
    if (!this.#isOn || this.#cancel !== undefined) return;
    this.#arm(this.#parts.settings.gossipIntervalMs * this.#parts.random());
  }

  /** What is still to be told, of at most so many bytes: members before events. */
  waiting(budgetBytes: number): Packet[] {
    const { pool, events, wire } = this.#parts;
    const { sendLimit } = pool;
    const taken = pool.queue.take(budgetBytes, sendLimit);
    const left = taken.reduce((rest, { length }) => rest - length, budgetBytes);
    const told = events?.broadcasts(left, sendLimit) ?? [];
    return [...taken, ...told.map((event) => wire.encode(event))];
  }

  #arm(delayMs: number): void {
    this.#cancel = this.#parts.timers.after(delayMs, () => {
      this.#cancel = undefined;
      if (this.#tell()) this.#arm(this.#parts.settings.gossipIntervalMs);
    });
  }

  /** Whether more waits. Where nobody is there to be told, who comes makes something new to tell. */
  #tell(): boolean {
    const { pool, settings, random, timers, transport, wire } = this.#parts;
    if (!this.#isWaiting()) return false;
    const now = timers.now();
    const hears = (member: Member): boolean =>
      isLive(member) || (member.state === 'dead' && now - member.sinceMs < settings.gossipToTheDeadMs);
    const heard = pool.sample(settings.gossipNodes, hears, random);
    for (const { alive } of heard) {
      const packed = this.waiting(payloadBytes - 1);
      if (packed.length > 0) transport.send(endpointOf(alive.record), wire.join(packed));
    }
    return heard.length > 0 && this.#isWaiting();
  }

  #isWaiting(): boolean {
    const { pool, events } = this.#parts;
    return pool.queue.size > 0 || events?.isWaiting === true;
  }
}
