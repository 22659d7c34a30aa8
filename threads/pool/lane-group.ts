import type { TimerClock } from '../../core/clock.ts';
import type { PlainError } from '../../core/errors.ts';
import { endAfter } from '../deadline/deadline.ts';
import { hogMs, isHog, type ThreadTimes } from '../deadline/starvation.ts';
import type { Job, JobResult } from '../protocol.ts';
import type { JobLane, LaneOutcome } from './job-lane.ts';
import {
  allowedNext,
  chooseNext,
  type GroupBounds,
  growAfterMs,
  handicapMs,
  heldMs,
  type LaneView,
  type Pace,
  slowMs,
  threadsToStart,
  unprovenMs,
} from './pool-policy.ts';

/** Between `ctx.signal` and the end of the thread. */
const graceMs = 250;
const idleMs = 60_000;
/** A job nobody could take for this long is given back: every wait has an end. */
const longestWaitMs = 60_000;
/** How long a thread may take to start. */
const startMs = 10_000;
/** Pause after a thread that could not start. */
const restartMs = 1000;
/** A thread above this share of its heap is replaced. */
const recycleShare = 0.6;
/** So is one in which code could not be loaded, once it is this old: Node never tries that file again in a thread, though it may be there now. */
const failedLoadMs = 10_000;

/** How a job left the group: as its thread ended it, or unrun. */
export type GroupOutcome = (LaneOutcome | { ended: 'unrun'; why: string }) & {
  waitedMs: number;
  heldMs: number;
};

/** What a group asks of the pool around it. */
export interface GroupOwner {
  openLane(gone: () => void): JobLane;
  paceOf(job: Job): Pace;
  /** Called once when a job has held its thread for `slowMs`. */
  slow(job: Job): void;
  /** How many more threads may exist. */
  room(): number;
  started(job: Job): void;
  changed(): void;
}

interface Waiting {
  job: Job;
  since: number;
  resolve: (outcome: GroupOutcome) => void;
}

interface Held {
  job: Job;
  since: number;
  /** The lane's beat at the last look, since when it is that, and what the thread had used then. */
  beat: number;
  beatSince: number;
  beatTimes: ThreadTimes | undefined;
  slow: boolean;
}

interface Seat {
  lane: JobLane;
  state: LaneView['state'];
  held: Held | null;
  bornMs: number;
  idleSince: number;
  /** Has the lowest priority, because a job of it hogged a processor. */
  demoted: boolean;
  /** To be replaced once it is idle. */
  stale: boolean;
}

/** A job that holds a thread, for figures and for guards. */
export interface RunningJob {
  lane: number;
  plugin: string;
  object: string;
  heldMs: number;
  externalBytes: number;
  beat: number;
}

/**
 * The gate in front of the threads: jobs wait here, not in piscina, so that threads grow by `pool-policy.ts` and each job's thread is known.
 */
export class LaneGroup {
  readonly #bounds: GroupBounds;
  readonly #owner: GroupOwner;
  readonly #clock: TimerClock;
  readonly #seats = new Map<number, Seat>();
  readonly #waiting: Waiting[] = [];
  #wake: (() => void) | null = null;
  #wakeAt = Number.POSITIVE_INFINITY;
  #startAfter = 0;
  #closed = false;

  constructor(bounds: GroupBounds, owner: GroupOwner, clock: TimerClock) {
    this.#bounds = bounds;
    this.#owner = owner;
    this.#clock = clock;
  }

  /** Threads that serve this group now. */
  get size(): number {
    return this.#seats.size;
  }

  get queued(): number {
    return this.#waiting.length;
  }

  /** Queues a job. Never rejects. */
  submit(job: Job): Promise<GroupOutcome> {
    return new Promise((resolve) => {
      this.#waiting.push({ job, since: this.#clock.monotonic(), resolve });
      this.pump();
    });
  }

  /** Gives free threads to waiting jobs, starts and retires threads, and arranges to be called again when that may change. */
  pump(): void {
    const now = this.#clock.monotonic();
    if (!this.#closed) {
      this.#expire(now);
      this.#dispatch(now);
      this.#demote(now);
      this.#grow(now);
      this.#retireIdle(now);
    }
    this.#arm(now);
  }

  /** Replaces every thread that loaded the plugin, busy ones once they are done. */
  invalidate(plugin: string): void {
    for (const seat of this.#seats.values()) if (seat.lane.plugins.has(plugin)) this.#replace(seat);
    this.pump();
  }

  running(): RunningJob[] {
    const now = this.#clock.monotonic();
    return [...this.#seats.values()].flatMap(({ lane, held }) =>
      held === null
        ? []
        : [
            {
              lane: lane.id,
              plugin: held.job.plugin,
              object: held.job.object,
              heldMs: now - held.since,
              externalBytes: lane.externalBytes,
              beat: lane.beat,
            },
          ],
    );
  }

  /** Terminates a thread with its job. False when no job of this group holds it. */
  kill(lane: number, error: PlainError): boolean {
    const seat = this.#seats.get(lane);
    if (seat?.held == null) return false;
    seat.lane.kill(error);
    return true;
  }

  /** Gives back what waits, and ends all threads; those with a job end with `error`. */
  async close(error: PlainError): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#waiting.splice(0)) this.#giveBack(waiting, error.message);
    const seats = [...this.#seats.values()];
    for (const { lane, held } of seats) if (held !== null) lane.kill(error);
    await Promise.all(seats.map(({ lane }) => lane.retire()));
    this.pump();
  }

  #expire(now: number): void {
    while (this.#waiting[0] !== undefined && now - this.#waiting[0].since > longestWaitMs) {
      this.#giveBack(this.#waiting.shift()!, `no thread became free within ${longestWaitMs} ms`);
    }
  }

  #giveBack({ since, resolve }: Waiting, why: string): void {
    resolve({ ended: 'unrun', why, waitedMs: this.#clock.monotonic() - since, heldMs: 0 });
  }

  #dispatch(now: number): void {
    // The thread that worked last goes first, so that surplus ones fall idle and retire.
    const free = [...this.#seats.values()]
      .filter((seat) => seat.state === 'idle' && seat.lane.alive)
      .sort((a, b) => Number(a.demoted) - Number(b.demoted) || b.idleSince - a.idleSince);
    for (const seat of free) {
      const index = chooseNext(this.#views(now), allowedNext(this.#lanes(now), this.#bounds));
      const waiting = this.#waiting[index];
      if (waiting === undefined) return;
      this.#waiting.splice(index, 1);
      void this.#run(seat, waiting, now);
    }
  }

  /** A thread whose loop has not turned for a while hogs a processor the others need. */
  #demote(now: number): void {
    for (const seat of this.#seats.values()) {
      const { held, lane } = seat;
      if (held === null || seat.demoted) continue;
      if (lane.beat !== held.beat)
        Object.assign(held, { beat: lane.beat, beatSince: now, beatTimes: lane.times });
      else if (isHog(now - held.beatSince, held.beatTimes, () => lane.times))
        seat.demoted = lane.prioritise('lowest');
    }
  }

  async #run(seat: Seat, { job, since, resolve }: Waiting, now: number): Promise<void> {
    const { lane } = seat;
    seat.state = 'busy';
    seat.held = { job, since: now, beat: lane.beat, beatSince: now, beatTimes: lane.times, slow: false };
    this.#owner.started(job);
    const message = `${job.object}: did not end within ${job.timeoutMs} ms; its thread was terminated`;
    const late = (): void => lane.kill({ code: 'OPSBRO_PLUGIN_TIMEOUT', message });
    const cancel = endAfter(job.timeoutMs + graceMs, this.#clock, () => lane.times, late);
    const outcome = await lane.run(job);
    cancel();
    const ended = this.#clock.monotonic();
    seat.held = null;
    seat.state = 'idle';
    seat.idleSince = ended;
    if (seat.demoted && seat.lane.alive) seat.demoted = !seat.lane.prioritise('ordinary');
    if (!seat.lane.alive) this.#remove(seat);
    else if (outcome.ended === 'result') {
      if (seat.stale || isSpent(outcome.result, ended - seat.bornMs)) this.#replace(seat);
    }
    resolve({ ...outcome, waitedMs: now - since, heldMs: ended - now });
    this.pump();
  }

  #grow(now: number): void {
    if (now < this.#startAfter) return;
    const count = threadsToStart(this.#lanes(now), this.#views(now), this.#bounds, this.#owner.room());
    for (let started = 0; started < count; started += 1) this.#open(now);
  }

  #open(now: number): void {
    const lane = this.#owner.openLane(() => {
      const seat = this.#seats.get(lane.id);
      // One that is busy learns it from its run.
      if (seat !== undefined && seat.held === null) this.#remove(seat);
      this.pump();
    });
    const seat: Seat = {
      lane,
      state: 'starting',
      held: null,
      bornMs: now,
      idleSince: now,
      demoted: false,
      stale: false,
    };
    this.#seats.set(lane.id, seat);
    this.#owner.changed();
    const cancel = endAfter(
      startMs,
      this.#clock,
      () => lane.times,
      () => void lane.retire(),
      true,
    );
    void lane.ready.then((ready) => {
      cancel();
      seat.state = 'idle';
      seat.idleSince = this.#clock.monotonic();
      if (!ready) {
        this.#startAfter = this.#clock.monotonic() + restartMs;
        this.#remove(seat);
      }
      this.pump();
    });
  }

  #replace(seat: Seat): void {
    if (seat.held !== null || seat.state === 'starting') {
      seat.stale = true;
      return;
    }
    this.#remove(seat);
    void seat.lane.retire();
  }

  #remove(seat: Seat): void {
    if (this.#seats.delete(seat.lane.id)) this.#owner.changed();
  }

  #retireIdle(now: number): void {
    for (const seat of this.#seats.values()) {
      if (this.#seats.size <= this.#bounds.min) return;
      if (seat.state === 'idle' && now - seat.idleSince >= idleMs) this.#replace(seat);
    }
  }

  #lanes(now: number): LaneView[] {
    const views: LaneView[] = [];
    for (const { state, held } of this.#seats.values()) {
      const busyMs = held === null ? 0 : now - held.since;
      if (held !== null && !held.slow && busyMs >= slowMs) {
        held.slow = true;
        this.#owner.slow(held.job);
      }
      const unproven = held !== null && this.#owner.paceOf(held.job) === 'unproven';
      views.push({ state, busyMs, unproven, overrun: held !== null && busyMs > held.job.timeoutMs });
    }
    return views;
  }

  #views(now: number): { waitedMs: number; pace: Pace }[] {
    return this.#waiting.map(({ job, since }) => ({ waitedMs: now - since, pace: this.#owner.paceOf(job) }));
  }

  /** One timer, for the next moment at which a decision may change without an event. */
  #arm(now: number): void {
    const at = this.#closed ? Number.POSITIVE_INFINITY : this.#nextLook(now);
    if (at === this.#wakeAt) return;
    this.#wake?.();
    this.#wake = null;
    this.#wakeAt = at;
    if (at === Number.POSITIVE_INFINITY) return;
    this.#wake = this.#clock.after(Math.max(1, Math.ceil(at - now)), () => {
      this.#wake = null;
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.pump();
    });
  }

  #nextLook(now: number): number {
    const moments = [this.#startAfter];
    for (const { since } of this.#waiting)
      moments.push(
        since + growAfterMs,
        since + unprovenMs,
        since + handicapMs.unproven,
        since + longestWaitMs,
      );
    for (const { held, idleSince, demoted } of this.#seats.values()) {
      if (held !== null)
        moments.push(
          held.since + heldMs,
          held.since + slowMs,
          held.since + unprovenMs,
          demoted ? 0 : held.beatSince + hogMs * (1 + Math.floor((now - held.beatSince) / hogMs)),
          held.since + held.job.timeoutMs + 1,
        );
      else if (this.#seats.size > this.#bounds.min) moments.push(idleSince + idleMs);
    }
    return moments.reduce((next, at) => (at > now && at < next ? at : next), Number.POSITIVE_INFINITY);
  }
}

/** Whether the thread that gave a result has become too large, or too old with code that it could not load. */
function isSpent(result: JobResult, ageMs: number): boolean {
  if (result.heapUsedBytes > result.heapLimitBytes * recycleShare) return true;
  return result.status === 'failed' && result.error.code === 'OPSBRO_PLUGIN_IMPORT' && ageMs >= failedLoadMs;
}
