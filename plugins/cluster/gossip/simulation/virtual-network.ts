import type { Knock, Random, Receiver, Sized, Timers, Transport } from '../transport.ts';

/** How a network treats packets. Shares are from 0 to 1. */
export interface Weather {
  loss: number;
  /** Of packets that arrive twice. */
  duplication: number;
  minDelayMs: number;
  /** Delays spread evenly up to here, so later packets overtake earlier ones. */
  maxDelayMs: number;
}

/** What one endpoint sent. */
export interface Traffic {
  packets: number;
  bytes: number;
  exchangeBytes: number;
}

const fair: Weather = { loss: 0, duplication: 0, minDelayMs: 0.2, maxDelayMs: 2 };
/** A stream that is cut fails after this long; one to nobody is refused at once. */
const exchangeTimeoutMs = 10_000;

/** A network in memory: loses, delays, doubles and reorders datagrams, and cuts connections, all by a seeded chance. */
export class VirtualNetwork<Packet extends Sized = Uint8Array> {
  weather: Weather;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #receivers = new Map<string, Receiver<Packet>>();
  readonly #traffic = new Map<string, Traffic>();
  readonly #frozen = new Map<string, (() => void)[]>();
  readonly #off = new Set<string>();
  readonly #unsent = new Map<string, (() => void)[]>();
  #ear: ((from: string, to: string, packet: Packet) => void) | undefined;
  #isCut: (from: string, to: string) => boolean = () => false;
  #cutBy: 'drop' | 'refuse' = 'drop';

  constructor(timers: Timers, random: Random, weather: Partial<Weather> = {}) {
    this.#timers = timers;
    this.#random = random;
    this.weather = { ...fair, ...weather };
  }

  /** The transport of a new endpoint. `attach` its receiver before anything is sent to it. */
  transport(endpoint: string): Transport<Packet> {
    this.#traffic.set(endpoint, { packets: 0, bytes: 0, exchangeBytes: 0 });
    return {
      send: (to, packet) => this.#leave(endpoint, () => this.#send(endpoint, to, packet)),
      exchange: (to, packet, done) => this.#leave(endpoint, () => this.#exchange(endpoint, to, packet, done)),
      knock: (to, timeoutMs, done) => this.#knock(endpoint, to, timeoutMs, done),
    };
  }

  attach(endpoint: string, receiver: Receiver<Packet>): void {
    this.#receivers.set(endpoint, receiver);
    this.#off.delete(endpoint);
  }

  /** Nobody listens there any more; its host refuses, unless it `isOff` itself. */
  detach(endpoint: string, isOff = false): void {
    this.#receivers.delete(endpoint);
    this.#frozen.delete(endpoint);
    if (isOff) this.#off.add(endpoint);
  }

  /** From now on packets for which `isCut` is true are lost; streams need both ways. `refuse`: a wall between says so, in the host's name. */
  cut(isCut: (from: string, to: string) => boolean, by: 'drop' | 'refuse' = 'drop'): void {
    this.#isCut = isCut;
    this.#cutBy = by;
  }

  /** Everything passes again. */
  heal(): void {
    this.#isCut = () => false;
  }

  /** What reaches the endpoint waits, as in the socket buffer of a stopped process, until `thaw`. */
  freeze(endpoint: string): void {
    this.#frozen.set(endpoint, []);
  }

  thaw(endpoint: string): void {
    const waiting = this.#frozen.get(endpoint) ?? [];
    this.#frozen.delete(endpoint);
    for (const deliver of waiting) deliver();
  }

  /** As a process whose clock runs on while its reads and writes hang: what it sends waits too, until `unblock`. */
  block(endpoint: string): void {
    this.freeze(endpoint);
    this.#unsent.set(endpoint, []);
  }

  /** First goes out what was to be sent, then what waits is read. */
  unblock(endpoint: string): void {
    const waiting = this.#unsent.get(endpoint) ?? [];
    this.#unsent.delete(endpoint);
    for (const send of waiting) send();
    this.thaw(endpoint);
  }

  /** Hears every datagram that is sent, until the answer is called. */
  listen(ear: (from: string, to: string, packet: Packet) => void): () => void {
    this.#ear = ear;
    return () => {
      this.#ear = undefined;
    };
  }

  /** A datagram of somebody who only says that it is `from`. */
  inject(from: string, to: string, packet: Packet): void {
    this.#deliver(to, () => this.#receivers.get(to)?.receive(from, packet));
  }

  traffic(endpoint: string): Traffic {
    return this.#traffic.get(endpoint) ?? { packets: 0, bytes: 0, exchangeBytes: 0 };
  }

  #leave(from: string, send: () => void): void {
    const waiting = this.#unsent.get(from);
    if (waiting === undefined) send();
    else if (waiting.length < 4096) waiting.push(send);
  }

  #send(from: string, to: string, packet: Packet): void {
    const traffic = this.traffic(from);
    traffic.packets += 1;
    traffic.bytes += packet.length;
    this.#ear?.(from, to, packet);
    if (this.#isCut(from, to)) return;
    const copies = this.#random() < this.weather.duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.#random() < this.weather.loss) continue;
      this.#timers.after(this.#delayMs(), () =>
        this.#deliver(to, () => this.#receivers.get(to)?.receive(from, packet)),
      );
    }
  }

  #exchange(
    from: string,
    to: string,
    packet: Packet,
    done: Parameters<Transport<Packet>['exchange']>[2],
  ): void {
    let isOpen = true;
    const finish = (answer: Packet | undefined): void => {
      if (!isOpen) return;
      isOpen = false;
      const next = done(answer);
      if (next !== undefined) this.#exchange(from, to, next as Packet, done);
    };
    this.traffic(from).exchangeBytes += packet.length;
    this.#timers.after(exchangeTimeoutMs, () => finish(undefined));
    if (this.#isCut(from, to) || this.#isCut(to, from)) return;
    this.#timers.after(this.#delayMs(), () =>
      this.#deliver(to, () => {
        const reply = (answer: Packet | undefined): void => {
          this.traffic(to).exchangeBytes += answer?.length ?? 0;
          this.#timers.after(this.#delayMs(), () => this.#deliver(from, () => finish(answer)));
        };
        const receiver = this.#receivers.get(to);
        if (receiver === undefined) reply(undefined);
        else receiver.answer(packet, reply);
      }),
    );
  }

  #knock(from: string, to: string, timeoutMs: number, done: (found: Knock) => void): void {
    const isCut = this.#isCut(from, to) || this.#isCut(to, from);
    const isRefused = isCut ? this.#cutBy === 'refuse' : !this.#receivers.has(to);
    const isSilent = this.#off.has(to) || this.#unsent.has(from) || (isCut && !isRefused);
    const delayMs = isSilent ? timeoutMs : this.#delayMs() + this.#delayMs();
    this.#timers.after(Math.min(timeoutMs, delayMs), () => {
      if (delayMs >= timeoutMs) done('silent');
      else done(isRefused ? 'refused' : 'open');
    });
  }

  #deliver(to: string, deliver: () => void): void {
    const waiting = this.#frozen.get(to);
    if (waiting === undefined) deliver();
    else if (waiting.length < 1000) waiting.push(deliver);
  }

  #delayMs(): number {
    const { minDelayMs, maxDelayMs } = this.weather;
    return minDelayMs + this.#random() * (maxDelayMs - minDelayMs);
  }
}
