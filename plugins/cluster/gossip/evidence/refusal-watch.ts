import { isLive, type Member } from '../members.ts';
import { type Accusation, type Evidence, endpointOf } from '../messages.ts';
import type { GossipSettings } from '../settings.ts';
import type { Knock, Timers } from '../transport.ts';
import { isRefusalProven, type RefusalCase, refusalGapMs, refusedProbe, refusedReport } from './refusals.ts';

/** Cases at once; whoever refuses beyond that dies of the suspicion timeout. */
const caseLimit = 256;
/** Refused probes after which a case that nobody confirms is left to the suspicion timeout. */
const probeLimit = 8;

/** What a watch needs of its node. */
export interface RefusalParts {
  pool: {
    readonly uuid: string;
    readonly degraded: boolean;
    get(uuid: string): Member | undefined;
    take(claim: Accusation): void;
    accuse(uuid: string, evidence: Evidence, kind: 'dead'): unknown;
  };
  settings: GossipSettings;
  timers: Timers;
  /** Members that could confirm that `target` refuses. */
  able(target: string): number;
  knock(endpoint: string, timeoutMs: number, done: (found: Knock) => void): void;
  /** Pings the member once more and asks helpers to. */
  probeAgain(target: Member): void;
}

/** Declares members dead at once whose port is closed, by rules of `refusals.ts`: a killed process need not wait out a suspicion. */
export class RefusalWatch {
  readonly #parts: RefusalParts;
  readonly #cases = new Map<string, { now: RefusalCase; cancel: () => void }>();
  #isOn = true;

  constructor(parts: RefusalParts) {
    this.#parts = parts;
  }

  /** Whether the member's port refused the last time we looked. */
  isRefused(uuid: string): boolean {
    return this.#cases.has(uuid);
  }

  /** A probe of the member stays without answer: looks whether its port is closed. */
  unanswered({ uuid, incarnation, alive }: Member): void {
    const { settings, timers, knock } = this.#parts;
    knock(endpointOf(alive.record), settings.probeTimeoutMs, (found) => {
      if (!this.#isOn) return;
      const known = this.#cases.get(uuid);
      if (found === 'open') this.answered(uuid);
      if (found !== 'refused' || (known === undefined && this.#cases.size >= caseLimit)) return;
      const now = refusedProbe(known?.now, incarnation, timers.now());
      if (now === known?.now) return;
      known?.cancel();
      this.#cases.set(uuid, { now, cancel: timers.after(refusalGapMs, () => this.#lookAgain(uuid)) });
      this.#judge(uuid);
    });
  }

  /** A helper that was asked says that the member's port is closed. */
  reported({ uuid, incarnation }: Member, by: string): void {
    const known = this.#cases.get(uuid);
    const now = refusedReport(known?.now, incarnation, by);
    if (known === undefined || now === undefined) return;
    known.now = now;
    this.#judge(uuid);
  }

  /** The member is there after all. */
  answered(uuid: string): void {
    this.#cases.get(uuid)?.cancel();
    this.#cases.delete(uuid);
  }

  /** Ends every timer. */
  stop(): void {
    this.#isOn = false;
    for (const uuid of this.#cases.keys()) this.answered(uuid);
  }

  #lookAgain(uuid: string): void {
    const member = this.#parts.pool.get(uuid);
    const known = this.#cases.get(uuid);
    if (known === undefined) return;
    const isOver =
      member === undefined ||
      !isLive(member) ||
      member.incarnation !== known.now.incarnation ||
      known.now.probes >= probeLimit;
    if (isOver) {
      this.answered(uuid);
      return;
    }
    // Where this look brings no second refusal, the case is over.
    known.cancel = this.#parts.timers.after(2 * refusalGapMs, () => this.answered(uuid));
    this.#parts.probeAgain(member);
    this.unanswered(member);
  }

  #judge(uuid: string): void {
    const { pool, able } = this.#parts;
    const now = this.#cases.get(uuid)?.now;
    const member = pool.get(uuid);
    if (now === undefined || member === undefined || !isLive(member)) return;
    if (member.incarnation !== now.incarnation || pool.degraded || !isRefusalProven(now, able(uuid))) return;
    this.answered(uuid);
    const { incarnation } = now;
    // The helpers' words go into the history beside ours.
    for (const by of [pool.uuid, ...now.helpers.slice(0, 5)])
      pool.take({ kind: 'suspect', uuid, incarnation, by, evidence: 'refused' });
    // One suspect more may be what makes us doubt ourselves.
    if (!pool.degraded) pool.accuse(uuid, 'refused', 'dead');
  }
}
