import { availableParallelism } from 'node:os';
import type { TimerClock } from '../../core/clock.ts';
import type { ErrorCode, PlainError } from '../../core/errors.ts';
import type { ErrandRunner } from '../../sandbox/model.ts';
import { refuseErrands } from '../context/errand-line.ts';
import type { Job, JobResult, ThreadData } from '../protocol.ts';
import { JobLane } from './job-lane.ts';
import { type GroupOutcome, type GroupOwner, LaneGroup, type RunningJob } from './lane-group.ts';
import { type Pace, slowMs } from './pool-policy.ts';

/** Jobs that may wait at once, in both groups together. */
const maxWaiting = 1000;
/** Threads in all, those included that cannot be ended (a system call that never returns). */
const maxThreadsInAll = 48;
const penaltyThreads = 2;
/**
 * Niceness of job threads beside that of the agent: what decides, keeps and evaluates goes first. No more than this, since on a host that is
 * overloaded by others they would not get as far as their timeouts allow; what hogs a processor is demoted anyway. Those that had to be
 * terminated before give way to the others.
 */
const jobNice = 2;
const penaltyNice = 10;
const cleanRunsToForgive = 3;
const maxPaces = 4096;
const maxPenalised = 1024;

/** What a pool is made of. */
export interface JobPoolParts {
  threadData: ThreadData;
  clock: TimerClock;
  /** Threads of the job pool, default 16. */
  maxThreads?: number;
  /** A plugin threw after its verb had returned. */
  onLateError(plugin: string, error: PlainError): void;
  /** The number of threads changed. */
  onThreadChange?(size: { job: number; penalty: number }): void;
  /** Does what plugins ask of the main thread, for `ctx.kv`; without it that is refused. */
  errand?: ErrandRunner;
  /** A job got its thread; its result follows. For the crash journal. */
  onStart?(job: Job): void;
}

/** A pool of threads that run one verb at a time each. */
export interface JobPool {
  /**
   * Runs a job and resolves with what it came to; never rejects. `waitedMs` is how long it waited for its thread.
   * A result made here, not by the thread, has no logs and no heap figures.
   */
  run(job: Job): Promise<JobResult & { waitedMs: number }>;
  /** Threads that serve each group. */
  size(): { job: number; penalty: number };
  /** Plugins that run in the penalty group because a thread of theirs was terminated. */
  penalised(): string[];
  /** Makes sure that the plugin's code is loaded anew, and forgives what the old code did. */
  invalidate(plugin: string): void;
  /** Jobs that hold a thread. */
  running(): RunningJob[];
  /** Terminates the thread of a running job, which then fails with `error`. */
  kill(lane: number, error: PlainError): void;
  /** Refuses new jobs, waits for the running ones up to the deadline, then ends all threads. */
  close(deadlineMs: number): Promise<void>;
}

/** Starts a job pool with its first thread. */
export function createJobPool(parts: JobPoolParts): JobPool {
  return new Pool(parts);
}

class Pool implements JobPool {
  readonly #parts: JobPoolParts;
  readonly #main: LaneGroup;
  readonly #penalty: LaneGroup;
  /** Plugin to clean runs it still owes. */
  readonly #penalties = new Map<string, number>();
  readonly #paces = new Map<string, Pace>();
  #threads = 0;
  #open = 0;
  #closing = false;
  #drained: (() => void) | null = null;

  constructor(parts: JobPoolParts) {
    this.#parts = parts;
    const owner: GroupOwner = {
      openLane: (gone) => this.#openLane(jobNice, gone),
      // A whole batch of evaluations waits for a call, so it passes collectors that nobody knows yet.
      paceOf: (job) => this.#paces.get(paceKey(job)) ?? (job.type === 'call' ? 'fast' : 'unproven'),
      slow: (job) => this.#learn(job, 'slow'),
      room: () => maxThreadsInAll - this.#threads,
      started: (job) => parts.onStart?.(job),
      changed: () => parts.onThreadChange?.(this.size()),
    };
    const { clock, maxThreads = 16 } = parts;
    const processors = availableParallelism();
    const starting = Math.max(1, Math.floor(processors / 2));
    const bounds = { starting, processors };
    this.#main = new LaneGroup({ ...bounds, min: 1, max: maxThreads, elastic: true }, owner, clock);
    this.#penalty = new LaneGroup(
      { ...bounds, min: 0, max: penaltyThreads, elastic: false },
      {
        ...owner,
        openLane: (gone) => this.#openLane(penaltyNice, gone),
        paceOf: () => 'slow',
        slow: () => undefined,
      },
      clock,
    );
    this.#main.pump();
  }

  async run(job: Job): Promise<JobResult & { waitedMs: number }> {
    if (this.#closing) return this.#busy(job, 'the agent stops');
    if (this.#main.queued + this.#penalty.queued >= maxWaiting) {
      return this.#busy(job, `${maxWaiting} jobs wait for a thread already`);
    }
    this.#open += 1;
    try {
      return await this.#attempt(job, true);
    } finally {
      this.#open -= 1;
      if (this.#open === 0) this.#drained?.();
    }
  }

  size(): { job: number; penalty: number } {
    return { job: this.#main.size, penalty: this.#penalty.size };
  }

  penalised(): string[] {
    return [...this.#penalties.keys()];
  }

  invalidate(plugin: string): void {
    this.#penalties.delete(plugin);
    this.#main.invalidate(plugin);
    this.#penalty.invalidate(plugin);
  }

  running(): RunningJob[] {
    return [...this.#main.running(), ...this.#penalty.running()];
  }

  kill(lane: number, error: PlainError): void {
    if (!this.#main.kill(lane, error)) this.#penalty.kill(lane, error);
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closing = true;
    if (this.#open > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        this.#parts.clock.after(deadlineMs, resolve);
      });
    }
    const error: PlainError = { code: 'OPSBRO_PLUGIN_EXITED', message: 'the agent stopped while it ran' };
    await Promise.all([this.#main.close(error), this.#penalty.close(error)]);
  }

  async #attempt(job: Job, mayRepeat: boolean): Promise<JobResult & { waitedMs: number }> {
    const penalised = this.#penalties.has(job.plugin);
    const outcome = await (penalised ? this.#penalty : this.#main).submit(job);
    if (outcome.ended === 'result') return this.#finished(job, outcome.result, outcome);
    if (outcome.ended === 'unrun') return this.#busy(job, outcome.why, outcome.waitedMs);
    // A thread that never came to the job was held by what an earlier plugin had left behind. One that died under the job may have been: the
    // repetition tells. Only what does no harm twice is repeated.
    const doubtful = !outcome.begun || (outcome.ended === 'died' && outcome.shared && !penalised);
    const harmless = job.type !== 'handle' && job.type !== 'export';
    if (doubtful && harmless && mayRepeat && !this.#closing) return this.#attempt(job, false);
    if (!outcome.begun) {
      return failure(
        outcome,
        'OPSBRO_PLUGIN_COLLATERAL',
        `${job.object}: its thread was taken down before it began`,
      );
    }
    this.#penalise(job.plugin);
    if (outcome.ended === 'killed')
      return { ...failure(outcome, 'OPSBRO_PLUGIN_TIMEOUT', ''), error: outcome.error };
    return outcome.memory
      ? failure(outcome, 'OPSBRO_PLUGIN_MEMORY', `${job.object}: its thread ran out of memory`)
      : failure(outcome, 'OPSBRO_PLUGIN_EXITED', `${job.object}: its thread ended while it ran`);
  }

  #finished(
    job: Job,
    result: JobResult,
    { waitedMs }: { waitedMs: number },
  ): JobResult & { waitedMs: number } {
    this.#learn(job, result.durationMs < slowMs ? 'fast' : 'slow');
    const owed = this.#penalties.get(job.plugin);
    if (owed !== undefined && result.status !== 'failed') {
      if (owed > 1) this.#penalties.set(job.plugin, owed - 1);
      else this.#penalties.delete(job.plugin);
    }
    return { ...result, waitedMs };
  }

  #penalise(plugin: string): void {
    if (this.#penalties.size < maxPenalised) this.#penalties.set(plugin, cleanRunsToForgive);
  }

  #learn(job: Job, pace: Pace): void {
    const key = paceKey(job);
    this.#paces.delete(key);
    this.#paces.set(key, pace);
    if (this.#paces.size <= maxPaces) return;
    const oldest = this.#paces.keys().next().value;
    if (oldest !== undefined) this.#paces.delete(oldest);
  }

  #openLane(nice: number, gone: () => void): JobLane {
    this.#threads += 1;
    return new JobLane(this.#parts.threadData, nice, {
      late: (plugin, error) => this.#parts.onLateError(plugin, error),
      errand: this.#parts.errand ?? refuseErrands,
      gone: () => {
        this.#threads -= 1;
        gone();
      },
    });
  }

  #busy(job: Job, why: string, waitedMs = 0): JobResult & { waitedMs: number } {
    return failure({ waitedMs, heldMs: 0 }, 'OPSBRO_AGENT_BUSY', `${job.object}: not run, ${why}`);
  }
}

/** Functions of one plugin differ too much to share a pace. */
function paceKey(job: Job): string {
  return job.type === 'call' ? `${job.plugin} ${job.object}` : job.plugin;
}

function failure(
  { waitedMs, heldMs }: Pick<GroupOutcome, 'waitedMs' | 'heldMs'>,
  code: ErrorCode,
  message: string,
): JobResult & { waitedMs: number; status: 'failed' } {
  const none = { logs: [], logsDropped: 0, heapUsedBytes: 0, heapLimitBytes: 0 };
  return { ...none, status: 'failed', error: { code, message }, durationMs: heldMs, waitedMs };
}
