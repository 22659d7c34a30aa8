import { AnswerTimes } from './answer-times.ts';
import type { Allowance } from './boots/allowance.ts';
import { RefusalWatch } from './evidence/refusal-watch.ts';
import { wantedHelpers } from './evidence/refusals.ts';
import { healthChange, nextHealth } from './health.ts';
import { isLive, type Member } from './members.ts';
import { endpointOf, type Message, type ProbeMessage } from './messages.ts';
import type { Pool } from './pool.ts';
import { ProbeRing } from './probe-ring.ts';
import type { GossipSettings } from './settings.ts';
import { nackMs, stretched } from './time.ts';
import type { Knock, Random, Sized, Timers } from './transport.ts';

/** Probes for others that may run at once; what is asked beyond is left to the other helpers. */
const relayLimit = 256;

/** How long a measurement waits, in timeouts of a probe. */
const measureShare = 4;

/** What a prober is made of. */
export interface ProberParts {
  pool: Pool<Sized>;
  settings: GossipSettings;
  timers: Timers;
  random: Random;
  /** `allowance`: no more goes. */
  send(endpoint: string, messages: Message[], allowance?: Allowance): void;
  knock(endpoint: string, timeoutMs: number, done: (found: Knock) => void): void;
}

interface Round {
  acked: boolean;
  /** Ends the wait for the answer. */
  onAck?: () => void;
  asked: Set<string>;
  /** Helpers whose nack came. */
  heard?: Set<string>;
  nacks: number;
  /** All helpers have said that they hear us, but not the target: nobody is left to wait for. */
  onNacks?: () => void;
  isAccused?: boolean;
}

interface Waiting {
  target: string;
  onAck(): void;
  onNack(from: string, refused: boolean): void;
}

/** Whether a message is the prober's to hear. */
export function isProbe(message: Message): message is ProbeMessage {
  const { kind } = message;
  return kind === 'ping' || kind === 'ack' || kind === 'nack' || kind === 'relay';
}

/** Probes one member an interval, directly and then through helpers, answers others' probes, and keeps the local health score. */
export class Prober {
  readonly #parts: ProberParts;
  readonly #ring: ProbeRing;
  readonly #waiting = new Map<number, Waiting>();
  readonly #cancels = new Set<() => void>();
  readonly #refusals: RefusalWatch;
  readonly #answers = new AnswerTimes();
  #sequence: number;
  #relays = 0;
  #health = 0;

  constructor(parts: ProberParts) {
    this.#parts = parts;
    this.#ring = new ProbeRing(parts.random);
    this.#sequence = Math.floor(parts.random() * 2 ** 32);
    this.#refusals = new RefusalWatch({
      ...parts,
      able: (target) => this.#able(target, wantedHelpers).length,
      probeAgain: (target) => this.#probeAgain(target),
    });
  }

  /** From 0, well, to 7. */
  get health(): number {
    return this.#health;
  }

  /** Begins with a random share of the interval, so that members started together do not probe together. */
  start(): void {
    this.#after(this.#parts.random() * this.#parts.settings.probeIntervalMs, () => this.#probe());
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.#waiting.clear();
    this.#refusals.stop();
  }

  /** A new member is probed within the present round. */
  add(uuid: string): void {
    this.#ring.add(uuid);
  }

  /**
   * One probe beside the rounds, for who asks how a member is reached: directly, and through helpers where that stays without answer.
   * `done` is called once, within four times the probe's timeout, but not after `stop`.
   */
  measure(target: Member, done: (path: 'direct' | 'indirect' | undefined) => void): void {
    const { settings, pool, send } = this.#parts;
    let path: 'direct' | 'indirect' = 'direct';
    let isOver = false;
    const end = (found: 'direct' | 'indirect' | undefined): void => {
      if (isOver) return;
      isOver = true;
      this.#waiting.delete(sequence);
      done(found);
    };
    const sequence = this.#wait({ target: target.uuid, onAck: () => end(path), onNack: () => {} });
    this.#ping(target, sequence);
    this.#after(settings.probeTimeoutMs, () => {
      if (isOver) return;
      path = 'indirect';
      for (const { alive } of this.#able(target.uuid, settings.indirectProbes))
        send(endpointOf(alive.record), [{ kind: 'relay', sequence, target: target.uuid, from: pool.uuid }]);
    });
    this.#after(settings.probeTimeoutMs * measureShare, () => end(undefined));
  }

  /** One ping beside the rounds that accuses nobody. `done` hears within a probe's interval whether it was answered; not after `stop`. */
  check(target: Member, done: (isAcked: boolean) => void): void {
    let isAcked = false;
    const sequence = this.#wait({
      target: target.uuid,
      onAck: () => {
        isAcked = true;
      },
      onNack: () => {},
    });
    this.#ping(target, sequence);
    this.#after(this.#parts.settings.probeIntervalMs, () => {
      this.#waiting.delete(sequence);
      done(isAcked);
    });
  }

  /** Twice, since a ping may be lost; not through helpers, since where a network breaks many are asked at once. */
  ask(target: Member, done: (isThere: boolean) => void): void {
    this.check(target, (isAcked) => {
      if (isAcked) done(true);
      else this.check(target, done);
    });
  }

  /** Counts for or against our own health, e.g. +1 for a suspicion that we had to refute. */
  changeHealth(change: number): void {
    if (this.#parts.settings.lifeguard) this.#health = nextHealth(this.#health, change);
  }

  /** A message of a probe from `endpoint`; `allowance` where nobody has shown that it is there. */
  hear(endpoint: string, message: ProbeMessage, allowance?: Allowance): void {
    const { pool } = this.#parts;
    if (message.kind === 'ping') {
      if (message.target !== pool.uuid) return;
      const charge = pool.charge(message.from);
      const ack: Message = { kind: 'ack', sequence: message.sequence, from: pool.uuid };
      this.#parts.send(endpoint, charge === undefined ? [ack] : [ack, charge], allowance);
    } else if (message.kind === 'relay') this.#relay(endpoint, message, allowance);
    else {
      const waiting = this.#waiting.get(message.sequence);
      if (message.kind === 'nack') waiting?.onNack(message.from, message.refused);
      else if (waiting?.target === message.from) waiting.onAck();
    }
  }

  #probe(): void {
    const { pool, settings } = this.#parts;
    const intervalMs = stretched(settings.probeIntervalMs, this.#health);
    const isTarget = (uuid: string): boolean => {
      const member = pool.get(uuid);
      return uuid !== pool.uuid && member !== undefined && isLive(member) && pool.isPeer(member);
    };
    const uuid = this.#ring.next(() => pool.uuids(), isTarget);
    const target = uuid === undefined ? undefined : pool.get(uuid);
    if (target === undefined) this.#after(intervalMs, () => this.#probe());
    else this.#round(target, intervalMs);
  }

  #round(target: Member, intervalMs: number): void {
    const { pool, settings } = this.#parts;
    const round: Round = { acked: false, asked: new Set(), nacks: 0 };
    const sequence = this.#begin(target, round);
    round.onAck = this.#after(stretched(settings.probeTimeoutMs, this.#health), () => {
      this.#askHelpers(target, sequence, round);
      if (settings.lifeguard) this.#refusals.unanswered(target);
    });
    const accuse = (): void => {
      if (round.acked || round.isAccused) return;
      round.isAccused = true;
      pool.accuse(target.uuid, this.#refusals.isRefused(target.uuid) ? 'refused' : 'no-ack');
    };
    // Who may be slow itself gives the target the whole interval.
    if (this.#health === 0) round.onNacks = accuse;
    this.#after(intervalMs, () => {
      this.#waiting.delete(sequence);
      const helpers = settings.lifeguard ? round.asked.size : 0;
      this.changeHealth(healthChange({ acked: round.acked, helpers, nacks: round.nacks }));
      accuse();
      this.#probe();
    });
  }

  /** A probe beside the rounds, of one whose port refused: helpers are asked at once. */
  #probeAgain(target: Member): void {
    const round: Round = { acked: false, asked: new Set(), nacks: 0 };
    const sequence = this.#begin(target, round);
    this.#askHelpers(target, sequence, round);
    this.#after(this.#parts.settings.probeIntervalMs, () => this.#waiting.delete(sequence));
  }

  /** Sends the ping of a round, and says under which sequence. */
  #begin(target: Member, round: Round): number {
    const { timers } = this.#parts;
    const startMs = timers.now();
    const sequence = this.#wait({
      target: target.uuid,
      onAck: () => {
        if (!round.acked && round.asked.size === 0) this.#answers.note(timers.now() - startMs);
        round.acked = true;
        round.onAck?.();
        this.#refusals.answered(target.uuid);
      },
      onNack: (from, refused) => {
        // Of those who were asked, each once.
        if (!round.asked.has(from) || round.heard?.has(from) === true) return;
        round.heard = (round.heard ?? new Set()).add(from);
        round.nacks += 1;
        if (refused) this.#refusals.reported(target, from);
        if (round.nacks === round.asked.size) round.onNacks?.();
      },
    });
    this.#ping(target, sequence);
    return sequence;
  }

  #askHelpers(target: Member, sequence: number, round: Round): void {
    const { pool, settings, send } = this.#parts;
    const relay: Message = { kind: 'relay', sequence, target: target.uuid, from: pool.uuid };
    for (const { uuid, alive } of this.#able(target.uuid, settings.indirectProbes)) {
      round.asked.add(uuid);
      send(endpointOf(alive.record), [relay]);
    }
  }

  /** A suspect hears of the suspicion with the ping, whatever else is lost: it can refute at once (Lifeguard's buddy system). */
  #ping(target: Member, sequence: number): void {
    const { pool, settings, send } = this.#parts;
    const ping: Message = { kind: 'ping', sequence, target: target.uuid, from: pool.uuid };
    const charge = settings.lifeguard ? pool.charge(target.uuid) : undefined;
    send(endpointOf(target.alive.record), charge === undefined ? [ping] : [ping, charge]);
  }

  /** At most `count` of those who could probe `target` for us. */
  #able(target: string, count: number): Member[] {
    const { pool, random } = this.#parts;
    return pool.sample(count, ({ uuid, state }) => state === 'alive' && uuid !== target, random);
  }

  /** Probes `target` for another. A nack says: we hear you, but not them. */
  #relay(
    asker: string,
    { sequence: theirs, target }: ProbeMessage & { kind: 'relay' },
    allowance: Allowance | undefined,
  ): void {
    const { pool, settings, send } = this.#parts;
    const member = pool.get(target);
    if (member === undefined || this.#relays >= relayLimit) return;
    this.#relays += 1;
    let acked = false;
    let refused = false;
    const waitMs = this.#answers.waitMs(nackMs(settings));
    const sequence = this.#wait({
      target,
      onAck: () => {
        if (!acked) send(asker, [{ kind: 'ack', sequence: theirs, from: target }], allowance);
        acked = true;
      },
      onNack: () => {},
    });
    this.#ping(member, sequence);
    if (settings.lifeguard)
      this.#parts.knock(endpointOf(member.alive.record), waitMs, (found) => {
        refused = found === 'refused';
      });
    this.#after(waitMs, () => {
      if (!acked && settings.lifeguard)
        send(asker, [{ kind: 'nack', sequence: theirs, from: pool.uuid, refused }], allowance);
    });
    this.#after(settings.probeIntervalMs, () => {
      this.#waiting.delete(sequence);
      this.#relays -= 1;
    });
  }

  #wait(waiting: Waiting): number {
    this.#sequence = (this.#sequence + 1) % 2 ** 32;
    this.#waiting.set(this.#sequence, waiting);
    return this.#sequence;
  }

  /** The answer cancels it. */
  #after(delayMs: number, run: () => void): () => void {
    const cancel = this.#parts.timers.after(delayMs, () => {
      this.#cancels.delete(cancel);
      run();
    });
    this.#cancels.add(cancel);
    return () => {
      cancel();
      this.#cancels.delete(cancel);
    };
  }
}
