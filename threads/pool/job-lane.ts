import { getPriority, setPriority } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { PlainError } from '../../core/errors.ts';
import { plainError } from '../../core/errors.ts';
import type { ErrandRunner } from '../../sandbox/model.ts';
import { openErrandLine } from '../context/errand-line.ts';
import type { ThreadTimes } from '../deadline/starvation.ts';
import { threadEntry } from '../entry.ts';
import { type LaneMemory, openLaneMemory, threadLimits } from '../lane-memory.ts';
import type { Job, JobResult, ThreadData } from '../protocol.ts';
import { cellOf, type JobOrder, type LateReport } from '../worker-data.ts';

/**
 * The V8 heap of a job thread, MiB. At its limit Node adds 16 MiB in which to end the thread; one allocation beyond that aborts the whole process.
 * With 32 most of what grows without end is met in time, with 48 a growing Map is not (seen on Node 20 and 24).
 */
const heapMiB = 32;

/**
 * How a run on a thread ended: with a result, or with the thread, which was terminated from outside (`killed`) or not (`died`). `begun` is false when
 * the thread never came to the job; `shared` is true when other plugins had run in it before.
 */
export type LaneOutcome =
  | { ended: 'result'; result: JobResult }
  | { ended: 'killed'; error: PlainError; begun: boolean; shared: boolean }
  | { ended: 'died'; memory: boolean; begun: boolean; shared: boolean };

/** What a lane reports on its own. */
export interface LaneEvents {
  late(plugin: string, error: PlainError): void;
  /** The thread no longer exists. */
  gone(): void;
  errand: ErrandRunner;
}

const ownPriority = getPriority();
const lowestPriority = 19;

/**
 * One pooled thread: a piscina of exactly one, so that it is known which thread runs what, and one can be retired, replaced or terminated
 * by itself. The only file that imports piscina. Starts at once; `ready` resolves false when it cannot.
 */
export class JobLane {
  readonly id: number;
  readonly ready: Promise<boolean>;
  /** Plugins whose code this thread has loaded; code is never loaded twice into one thread. */
  readonly plugins = new Set<string>();
  readonly #pool: Piscina;
  readonly #memory: LaneMemory;
  readonly #cells: Int32Array;
  readonly #nice: number;
  #worker: Worker | undefined;
  #abort = new AbortController();
  #killed: PlainError | undefined;
  #sequence = 0;
  #closed = false;

  /** `nice` is added to the agent's own niceness: on Linux it is each thread's by itself (setpriority(2), notes). */
  constructor(thread: ThreadData, nice: number, events: LaneEvents) {
    this.#nice = nice;
    this.#memory = openLaneMemory(thread);
    this.#cells = this.#memory.cells;
    this.id = this.#memory.data.lane;
    this.#pool = new Piscina({
      filename: threadEntry('job-entry', 'cjs'),
      name: 'runJob',
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      maxQueue: 1,
      atomics: 'disabled',
      recordTiming: false,
      env: {},
      execArgv: [],
      argv: [],
      resourceLimits: threadLimits(heapMiB),
      workerData: this.#memory.data,
    });
    this.#pool.on('message', (message: LateReport) => {
      events.late(message.plugin, { code: message.error.code, message: message.error.message });
    });
    this.ready = this.#warm(events);
  }

  async #warm(events: LaneEvents): Promise<boolean> {
    // An error while the thread boots leaves its task queued for ever: piscina only emits it.
    const failed = new Promise<false>((resolve) => {
      this.#pool.on('error', () => resolve(false));
    });
    const line = openErrandLine(events.errand);
    const started = this.#memory
      .start(() =>
        this.#pool.run({ sequence: 0, job: null, line } satisfies JobOrder, {
          signal: this.#abort.signal,
          transferList: [line],
        }),
      )
      .then(
        () => this.prioritise('ordinary') || true,
        () => false,
      );
    this.#worker = this.#pool.threads[0];
    this.#worker?.once('exit', () => {
      this.#closed = true;
      this.#memory.forget();
      events.gone();
    });
    return Promise.race([started, failed]);
  }

  /** Whether the thread can take a job. */
  get alive(): boolean {
    return !this.#closed;
  }

  /** What the thread last reported to hold outside its heap. */
  get externalBytes(): number {
    return Atomics.load(this.#cells, cellOf.externalKiB) * 1024;
  }

  /** Counts up every 25 ms while a long job lets the thread's loop turn. */
  get beat(): number {
    return Atomics.load(this.#cells, cellOf.beat);
  }

  /** What the kernel's scheduler counted of the thread; undefined where it does not tell. */
  get times(): ThreadTimes | undefined {
    return this.#memory.times();
  }

  /** Runs a job; one at a time. Never rejects. */
  async run(job: Job): Promise<LaneOutcome> {
    const sequence = ++this.#sequence;
    this.plugins.add(job.plugin);
    this.#abort = new AbortController();
    try {
      const order: JobOrder = { sequence, job };
      const result: JobResult = await this.#pool.run(order, { signal: this.#abort.signal });
      return { ended: 'result', result };
    } catch (thrown) {
      this.#closed = true;
      const begun = Atomics.load(this.#cells, cellOf.begun) === sequence;
      const shared = this.plugins.size > 1;
      if (this.#killed !== undefined) return { ended: 'killed', error: this.#killed, begun, shared };
      const memory = (thrown as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
      return { ended: 'died', memory, begun, shared };
    } finally {
      if (this.#closed) this.#memory.killPrograms();
    }
  }

  /** Terminates the thread while it runs a job, which then ends with `error`; also the programs that the job started. */
  kill(error: PlainError): void {
    this.#killed ??= plainError(error, 'OPSBRO_PLUGIN_TIMEOUT');
    this.#closed = true;
    this.#abort.abort();
  }

  /**
   * Gives a thread that hogs a processor the lowest priority, or its ordinary one back. False when the kernel refuses: without
   * privileges a thread can only be made slower.
   */
  prioritise(priority: 'ordinary' | 'lowest'): boolean {
    const ordinary = Math.min(lowestPriority, ownPriority + this.#nice);
    const thread = Atomics.load(this.#cells, cellOf.thread);
    try {
      // 0 would be the calling thread.
      if (thread !== 0) setPriority(thread, priority === 'lowest' ? lowestPriority : ordinary);
      return true;
    } catch {
      return false;
    }
  }

  /** Ends a thread that runs nothing. */
  async retire(): Promise<void> {
    this.#closed = true;
    await this.#pool.destroy();
  }
}
