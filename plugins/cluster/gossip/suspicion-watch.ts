import { type Degradation, nextDegradation } from './degraded.ts';
import type { Member } from './members.ts';
import type { GossipSettings } from './settings.ts';
import { confirmSuspicion, type Suspicion, suspicionDeadline } from './suspicion.ts';
import { suspicionBounds } from './time.ts';
import type { Timers } from './transport.ts';

/** While this node doubts itself, an overdue death is looked at again after this long. */
const retryMs = 1000;
/** A deadline that is noticed so late was missed by this node itself: it stood still, and a refutation may wait unread. */
const lateMs = 500;
/** Who is always late has to decide in the end. */
const mostLate = 30;

/** What a watch is made of. */
export interface WatchParts {
  settings: GossipSettings;
  timers: Timers;
  /** Live members, this node included. */
  members(): number;
  onDeath(suspicion: Suspicion): void;
  onDegraded(degraded: boolean): void;
}

/** Runs the suspicions of a pool, and holds deaths back while this node doubts itself. */
export class SuspicionWatch {
  readonly #parts: WatchParts;
  readonly #running = new Map<string, { suspicion: Suspicion; cancel: () => void }>();
  #degradation: Degradation = { state: 'normal' };

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
      if (this.degraded || isLate) this.#arm(suspicion, retryMs, wasLate + Number(isLate));
      else {
        this.#running.delete(suspicion.uuid);
        this.#parts.onDeath(suspicion);
      }
    });
    this.#running.set(suspicion.uuid, { suspicion, cancel });
  }

  #judgeSelf(): void {
    const { settings, timers, members, onDegraded } = this.#parts;
    if (!settings.lifeguard) return;
    const nowMs = timers.now();
    const before = this.degraded;
    // Suspicions held back outlive their period; they count until they are decided.
    const fresh = [...this.#running.values()].filter(
      ({ suspicion }) => before || nowMs - suspicion.startedMs <= suspicion.maxMs,
    );
    const view = { members: members(), freshSuspects: fresh.length, nowMs, maxMs: settings.degradedMaxMs };
    this.#degradation = nextDegradation(this.#degradation, view);
    if (before !== this.degraded) onDegraded(this.degraded);
  }
}
