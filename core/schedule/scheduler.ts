import type { TimerClock } from '../clock.ts';
import { type Due, DueSlots } from './due-slots.ts';
import { Lateness, type LatenessFigures } from './lateness.ts';
import { nextDue, phaseOf } from './phase.ts';

const tickMs = 50;
const idleMs = 450;
const lateMs = 100;
/** What is handed out in one turn of the loop: what its owner does at once with so many takes some milliseconds. */
const perTurn = 200;
/** However many there are, a tick takes no more turns than this: what waits for its owner elsewhere is bounded. */
const mostTurns = 50;
const fresh = {
  slot: undefined,
  dueMs: 0,
  running: false,
  again: false,
  atOnce: true,
  overdue: false,
  late: 0,
  skipped: 0,
};

interface Entry extends Due {
  id: string;
  intervalMs: number;
  phaseMs: number;
  running: boolean;
  /** Asked to run again while it was running. */
  again: boolean;
  /** Due out of its phase. */
  atOnce: boolean;
  /** Was due while it was running: it waits for its end, not for a time. */
  overdue: boolean;
  late: number;
  skipped: number;
}

/** Per-object figures: runs started over 100 ms late, skipped because the previous run had not ended. */
export interface ScheduleFigures {
  late: number;
  skipped: number;
  dueMs: number;
}

/** What the scheduler asks of its owner. */
export interface SchedulerOptions {
  clock: TimerClock;
  /** Everything due in one tick, of very many the first ones, and the others in the next turns of the loop. Each id must be given back with `finished`. */
  onDue(ids: string[], tickMs: number): void;
  /** After every tick, with its lateness; drives the systemd watchdog and once-a-second chores. */
  onTick?(lateByMs: number): void;
}

/**
 * Says which objects are due, on a 50 ms tick of the monotonic clock. Due times are multiples of the interval from a phase that
 * the id gives, so nothing drifts or bunches; an object that still runs when it is due again is skipped, not queued.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting = new DueSlots<Entry>(tickMs);
  readonly #tickLateness = new Lateness();
  readonly #totals = { runs: 0, late: 0, skipped: 0 };
  #cancel: (() => void) | undefined;
  #cancelRest: () => void = () => {};
  /** When the last tick was to be, and when the next one is. */
  #tickedMs = 0;
  #expectedMs = 0;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#cancel !== undefined) return;
    const now = this.#options.clock.monotonic();
    this.#tickedMs = now - (now % tickMs);
    this.#arm();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#cancelRest();
  }

  /** Adds an object, due at once, then at its phase. An object that is there keeps its phase, counters and due time unless its interval changed. */
  add(id: string, intervalMs: number): void {
    const known = this.#entries.get(id);
    if (known?.intervalMs === intervalMs) return;
    const phaseMs = phaseOf(id, intervalMs);
    const entry = known ?? { ...fresh, id, intervalMs, phaseMs };
    entry.intervalMs = intervalMs;
    entry.phaseMs = phaseMs;
    this.#entries.set(id, entry);
    this.#setDueNow(entry);
  }

  remove(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#waiting.remove(entry);
  }

  /** Makes an object due at the next tick; one that runs is run again when it has ended. */
  runNow(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    if (entry.running) entry.again = true;
    else this.#setDueNow(entry);
  }

  /** Makes an object due within `delayMs`, out of phase; one that is due sooner stays so. */
  runWithin(id: string, delayMs: number): void {
    const entry = this.#entries.get(id);
    const dueMs = this.#options.clock.monotonic() + delayMs;
    if (entry === undefined || (!entry.overdue && entry.dueMs <= dueMs)) return;
    entry.atOnce = true;
    this.#setDue(entry, dueMs);
  }

  /** Gives an object back after its run. `delayMs` postpones the next run by at least that much (back-off); it stays on its phase. */
  finished(id: string, delayMs = 0): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.running = false;
    if (entry.again) {
      entry.again = false;
      this.#setDueNow(entry);
    } else if (delayMs > 0 || entry.overdue) {
      const notBefore = this.#options.clock.monotonic() + delayMs;
      this.#setDue(entry, nextDue(notBefore, entry.intervalMs, entry.phaseMs));
    }
  }

  figures(id: string): ScheduleFigures | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const { late, dueMs } = entry;
    return { late, skipped: entry.skipped + this.#missed(entry), dueMs };
  }

  /** Objects that wait for their time. */
  get queued(): number {
    return this.#waiting.size;
  }

  /** Of all objects; what is skipped counts when the run that held it up has ended. */
  totals(): { runs: number; late: number; skipped: number } {
    return { ...this.#totals };
  }

  /** Lateness of the tick itself: the agent's loop delay, of the last `ticks`; of ten busy minutes by default. */
  loopDelay(ticks?: number): LatenessFigures {
    return this.#tickLateness.figures(ticks);
  }

  #setDueNow(entry: Entry): void {
    entry.atOnce = true;
    this.#setDue(entry, this.#options.clock.monotonic());
  }

  #setDue(entry: Entry, dueMs: number): void {
    if (entry.overdue) {
      const missed = this.#missed(entry);
      entry.skipped += missed;
      this.#totals.skipped += missed;
      entry.overdue = false;
    }
    entry.dueMs = dueMs;
    this.#waiting.put(entry);
    if (this.#cancel === undefined || this.#expectedMs - dueMs < tickMs) return;
    this.#cancel();
    this.#arm();
  }

  /** Sets the next tick: 50 ms after the last while anything is due, else at the first due time, at most 500 ms away. */
  #arm(): void {
    const now = this.#options.clock.monotonic();
    const soonest = Math.max(this.#tickedMs + tickMs, now - (now % tickMs));
    this.#expectedMs = Math.max(soonest, Math.min(this.#waiting.firstMs, soonest + idleMs));
    this.#cancel = this.#options.clock.after(Math.max(0, this.#expectedMs - now), () => this.#tick());
  }

  #tick(): void {
    const now = this.#options.clock.monotonic();
    const lateBy = Math.max(0, now - this.#expectedMs);
    this.#tickedMs = this.#expectedMs;
    this.#tickLateness.add(lateBy);
    // A timer may come a millisecond early.
    const dueBy = Math.max(now, this.#expectedMs);
    const due = this.#collectDue(dueBy);
    // Armed first: an exception in the owner's code must not end scheduling.
    this.#arm();
    this.#handOut(due, dueBy);
    this.#options.onTick?.(lateBy);
  }

  /** When the process stood still everything is due, and who asks something is not to wait for all of it. */
  #handOut(due: string[], dueBy: number): void {
    this.#cancelRest();
    if (this.#waiting.firstMs <= dueBy)
      this.#cancelRest = this.#options.clock.after(0, () => {
        const now = Math.max(dueBy, this.#options.clock.monotonic());
        this.#handOut(this.#collectDue(now), now);
      });
    if (due.length > 0) this.#options.onDue(due, dueBy);
  }

  #collectDue(now: number): string[] {
    const due: string[] = [];
    const most = Math.max(perTurn, Math.ceil(this.#entries.size / mostTurns));
    for (const entry of this.#waiting.take(now, most)) {
      const { id, dueMs } = entry;
      if (entry.running) {
        // Moved on at each of its times, those that wait would cost a busy host more than those that run.
        entry.overdue = true;
        continue;
      }
      // A run out of phase is not followed by one in phase a moment later.
      const notBefore = entry.atOnce ? now + entry.intervalMs / 2 : now;
      entry.atOnce = false;
      this.#setDue(entry, nextDue(notBefore, entry.intervalMs, entry.phaseMs));
      this.#count(entry, Math.max(0, now - dueMs));
      due.push(id);
    }
    return due;
  }

  /** How often it was due since it is overdue. */
  #missed({ overdue, dueMs, intervalMs, phaseMs }: Entry): number {
    if (!overdue) return 0;
    const next = nextDue(this.#options.clock.monotonic(), intervalMs, phaseMs);
    return 1 + Math.round((next - nextDue(dueMs, intervalMs, phaseMs)) / intervalMs);
  }

  #count(entry: Entry, lateBy: number): void {
    entry.running = true;
    this.#totals.runs += 1;
    if (lateBy > lateMs) {
      entry.late += 1;
      this.#totals.late += 1;
    }
  }
}
