import type { Allowance } from './boots/allowance.ts';

/** Bytes, or what a simulation sends in their place. */
export interface Sized {
  /** In bytes. */
  readonly length: number;
}

/** What stood behind an endpoint. `refused`: its host says that nobody listens there; `silent`: no word within the time. */
export type Knock = 'open' | 'refused' | 'silent';

/** Carries packets between members. Endpoints are `host:port`. */
export interface Transport<Packet extends Sized = Uint8Array> {
  /** Sends one datagram; it may be lost, doubled or late. */
  send(endpoint: string, packet: Packet): void;
  /**
   * A full exchange over a stream. `done` is called once, within the carrier's deadline, with the answer or with undefined. A packet that
   * it gives back goes by the same stream, and `done` hears the answer to that too. A sealed link adds whose zone's key the answer had.
   */
  exchange(
    endpoint: string,
    packet: Packet,
    done: (answer: Packet | undefined, keyZone?: string) => Packet | undefined,
  ): void;
  /** Exchanges that others have open here now; left out by a carrier that does not count them. */
  readonly served?: number;
  /**
   * Looks whether anybody listens at the endpoint, whoever it is, without saying anything: a TCP connection to the gossip port
   * that is closed as soon as it is open. `done` is called once, within `timeoutMs`. `refused` is only what the host answered to
   * this very attempt (ECONNREFUSED of `connect`: a reset counts for the kernel only where it names the attempt's own sequence
   * number); an ICMP packet or a datagram alone can be forged, so it is no ground. A process that stands still is `open`: its
   * kernel still accepts. Called for members whose probe stays without answer, at most a few hundred times at once. A carrier
   * that cannot do it leaves it out: members then die of the suspicion timeout only.
   */
  knock?(endpoint: string, timeoutMs: number, done: (found: Knock) => void): void;
}

/** Who reads what a transport brings. */
export interface Receiver<Packet extends Sized = Uint8Array> {
  /**
   * `part`: only these of its messages count, the others wait or were taken before. `keyZone`: whose zone's key it had, where a
   * sealed link knows keys of several. `allowance`: who sent it has not shown that it is there, and gets no more. Says whether what it left would
   * change anything, or be answered with more.
   */
  receive(
    from: string,
    packet: Packet,
    part?: 'probes' | 'claims',
    keyZone?: string,
    allowance?: Allowance,
  ): boolean;
  /** `reply` is called once, now or a little later, with the answer to a full exchange, or with undefined to close it. */
  answer(packet: Packet, reply: (answer: Packet | undefined) => void, keyZone?: string): void;
}

/** Time as an argument. */
export interface Timers {
  /** Milliseconds that never go back. */
  now(): number;
  /** Calls `run` once, `delayMs` from now. The answer cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

/** A number from 0 to below 1. */
export type Random = () => number;

/** The clock of the process. */
export const systemTimers: Timers = {
  now: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
