import { type Degradation, nextDegradation } from './degraded.ts';
import { isLive, type Member } from './members.ts';
import type { Accusation } from './messages.ts';
import type { GossipSettings } from './settings.ts';
import { confirmSuspicion, isConfirmed, type Suspicion, suspicionDeadline } from './suspicion.ts';
import { suspicionBounds } from './time.ts';
import type { Timers } from './transport.ts';

/** While this node doubts itself, an overdue death is looked at again after this long. */
const retryMs = 1000;
/** A deadline that is noticed so late was missed by this node itself: it stood still, and a refutation may wait unread. */
const lateMs = 500;
/** Of the shortest suspicion: by then all have heard of it. */
const spreadShare = 0.5;
/** Who is always late has to decide in the end. */
const mostLate = 30;
/** Suspects that are asked at once before they are buried; the others wait. */
const askLimit = 64;

/** What a watch is made of. */
export interface WatchParts {
  settings: GossipSettings;
  timers: Timers;
  /** Live members, this node included. */
  members(): number;
  /** Asks a suspect itself, and tells it that it is suspected. `done` hears whether it is there. */
  ask(uuid: string, done: (isThere: boolean) => void): void;
  onDeath(suspicion: Suspicion): void;
  onDegraded(degraded: boolean): void;
}

/** Runs the suspicions of a pool, and holds deaths back while this node doubts itself. */
export class SuspicionWatch {
  readonly #parts: WatchParts;
  readonly #running = new Map<string, { suspicion: Suspicion; cancel: () => void }>();
  #degradation: Degradation = { state: 'normal' };
  #asked = 0;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  get degraded(): boolean {
    return this.#degradation.state === 'degraded';
  }

  /** A member has become suspect: its first accuser starts the time. */
  begin({ uuid, incarnation, accusers }: Member): void {
    this.end(uuid);
    const bounds = suspicionBounds(this.#parts.settings, this.#parts.members());
    const by = accusers.map((accuser) => accuser.by);
    this.#arm({ uuid, incarnation, startedMs: this.#parts.timers.now(), ...bounds, accusers: by });
    this.#judgeSelf();
  }

  /** One more accuser. Whether it counts: then others must hear of it too. */
  confirm(uuid: string, by: string): boolean {
    const running = this.#running.get(uuid);
    if (running === undefined) return false;
    const { settings, timers } = this.#parts;
    const graceEndMs = timers.now() + settings.probeIntervalMs;
    const confirmed = confirmSuspicion(running.suspicion, by, graceEndMs);
    if (confirmed === running.suspicion) return false;
    running.cancel();
    this.#arm(confirmed);
    return true;
  }

  /**
   * Whether somebody's time for a suspect ran out before its subject could refute here, as after a split: here it gets its time. A suspicion
   * has spread in less than half of the shortest time that it lasts, and with it the words of those who confirm it.
   */
  isEarly({ kind, uuid, incarnation, evidence }: Accusation, known: Member): boolean {
    const { settings, timers } = this.#parts;
    if (kind !== 'dead' || evidence !== 'suspicion-timeout' || !settings.lifeguard) return false;
    if (incarnation !== known.incarnation || !isLive(known)) return false;
    const suspicion = this.#running.get(uuid)?.suspicion;
    if (suspicion === undefined || !isConfirmed(suspicion)) return true;
    return timers.now() - suspicion.startedMs < suspicion.minMs * spreadShare;
  }

  /** Others have waited long enough for the suspect: here it waits no longer than the shortest time. */
  hasten(uuid: string): void {
    const running = this.#running.get(uuid);
    if (running === undefined || running.suspicion.isHastened === true) return;
    running.cancel();
    this.#arm({ ...running.suspicion, isHastened: true });
  }

  /** The suspect refuted, died or left. */
  end(uuid: string): void {
    this.#running.get(uuid)?.cancel();
    this.#running.delete(uuid);
    if (this.#degradation.state !== 'normal') this.#judgeSelf();
  }

  /** Ends every timer. */
  stop(): void {
    for (const { cancel } of this.#running.values()) cancel();
    this.#running.clear();
  }

  #arm(
    suspicion: Suspicion,
    delayMs = suspicionDeadline(suspicion) - this.#parts.timers.now(),
    wasLate = 0,
  ): void {
    const { timers } = this.#parts;
    const dueMs = timers.now() + Math.max(0, delayMs);
    const cancel = timers.after(Math.max(0, delayMs), () => {
      this.#judgeSelf();
      const isLate = timers.now() - dueMs > lateMs && wasLate < mostLate;
      if (this.degraded || isLate || this.#asked >= askLimit)
        this.#arm(suspicion, retryMs, wasLate + Number(isLate));
      else if (isConfirmed(suspicion)) this.#bury(suspicion);
      else this.#askFirst(suspicion);
    });
    this.#running.set(suspicion.uuid, { suspicion, cancel });
  }

  /** Too few have confirmed it: the suspect may never have heard of it, or its refutation has passed us by. */
  #askFirst(suspicion: Suspicion): void {
    this.#asked += 1;
    this.#parts.ask(suspicion.uuid, (isThere) => {
      this.#asked -= 1;
      if (this.#running.get(suspicion.uuid)?.suspicion !== suspicion) return;
      // Its word is under way.
      if (isThere) this.#arm(suspicion, retryMs);
      else this.#bury(suspicion);
    });
  }

  #bury(suspicion: Suspicion): void {
    this.#running.delete(suspicion.uuid);
    this.#parts.onDeath(suspicion);
  }

  #judgeSelf(): void {
    const { settings, timers, members, onDegraded } = this.#parts;
    if (!settings.lifeguard) return;
    const nowMs = timers.now();
    const before = this.degraded;
    // Suspicions held back outlive their period; they count until they are decided.
    const freshSuspects = before ? this.#running.size : this.#freshSuspects(nowMs);
    const view = { members: members(), freshSuspects, nowMs, maxMs: settings.degradedMaxMs };
    this.#degradation = nextDegradation(this.#degradation, view);
    if (before !== this.degraded) onDegraded(this.degraded);
  }

  /** Looked at with every suspicion that begins: where thousands run, no list of them is made. */
  #freshSuspects(nowMs: number): number {
    let fresh = 0;
    for (const { suspicion } of this.#running.values())
      fresh += Number(nowMs - suspicion.startedMs <= suspicion.maxMs);
    return fresh;
  }
}
