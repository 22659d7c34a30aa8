import { getPriority, setPriority } from 'node:os';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { TimerClock } from '../../core/clock.ts';
import { plainError } from '../../core/errors.ts';
import { endAfter, standstillMs } from '../../threads/deadline/deadline.ts';
import { openLaneMemory, threadLimits } from '../../threads/lane-memory.ts';
import type { JobResult, ThreadData } from '../../threads/protocol.ts';
import { processorMs } from '../../threads/quickjs/thread-time.ts';
import type { ErrandRunner } from '../model.ts';
import {
  cellOf,
  type RunUsage,
  type SandboxJob,
  type SandboxReply,
  type SandboxRequest,
  type SandboxThreadData,
  sharedBytes,
} from './protocol.ts';

/** Room for the answers that the runs of two plugins wait for (see `call-queue.ts`), and one of them as JSON. */
const heapMiB = 160;
const pollMs = 25;
/** A thread that got no processor has this many times as long. */
const starvedPatience = 10;
const startMs = 10_000;
/** What a run may last beyond its timeout, when its thread is held by the slices of others; then the thread is given up. */
const overdueMs = 30_000;
const diedOfIt: LaneOutcome = { ended: 'killed', cpuMs: 0, died: true };

/**
 * How a run left its thread: with a result; because the thread was terminated for what it did, or `died` of it (`killed`); because in
 * `passedMs` it got a processor for `cpuMs` only (`starved`); or without having to do with why (`lost`).
 */
export type LaneOutcome =
  | { ended: 'result'; result: JobResult; usage: RunUsage }
  | { ended: 'killed'; cpuMs: number; died: boolean }
  | { ended: 'starved'; cpuMs: number; passedMs: number }
  | { ended: 'lost'; usage: RunUsage | null };

/** What a lane is made of. */
export interface LaneParts {
  /** Path of the thread's compiled entry. */
  entry: string;
  threadData: ThreadData;
  clock: TimerClock;
  errand: ErrandRunner;
  /** Its thread has less of a busy processor than the agent's own. */
  givesWay: boolean;
  /** The thread no longer exists. */
  gone(lane: SandboxLane): void;
}

interface InFlight {
  job: SandboxJob;
  since: number;
  resolve(outcome: LaneOutcome): void;
}

/** The run whose slice held a thread that had to go, and how that leaves it. */
interface Holder {
  run: number;
  outcome: LaneOutcome;
}

/** What may hold a processor for long gives way to the agent and to the plugins that may not: on Linux niceness is each thread's own (setpriority(2), notes). */
const niceness = 5;

function giveWay(directory: string): void {
  const thread = Number(/\d+$/.exec(directory)?.[0] ?? 0);
  try {
    // 0 would be the calling thread.
    if (thread !== 0) setPriority(thread, Math.min(19, getPriority() + niceness));
  } catch {
    // It has ended, or the kernel refuses: the thread then has the priority of the agent.
  }
}

let lastRun = 0;

/**
 * One sandbox thread, as the main thread sees it: started with its first run, watched while guest code holds it, terminated when a slice overruns.
 * A thread that ended is not started again; its owner opens another lane.
 */
export class SandboxLane {
  readonly #parts: LaneParts;
  readonly #cells = new Int32Array(new SharedArrayBuffer(sharedBytes));
  readonly #inFlight = new Map<number, InFlight>();
  readonly #errands = new Map<number, AbortController>();
  readonly #worker: Worker;
  #kernelThread: string | undefined;
  #isOver = false;
  #unwatch: (() => void) | undefined;
  #slice = { number: -1, since: 0, processorMs: 0 };
  #lookDueMs = 0;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    const memory = openLaneMemory(parts.threadData);
    const workerData: SandboxThreadData = { ...memory.data, slices: this.#cells.buffer as SharedArrayBuffer };
    const options: WorkerOptions = {
      workerData,
      env: {},
      execArgv: [],
      argv: [],
      resourceLimits: threadLimits(heapMiB),
    };
    this.#worker = memory.start(() => new Worker(parts.entry, options));
    this.#worker.unref();
    this.#worker.on('message', (reply: SandboxReply) => this.#hear(reply));
    this.#worker.on('error', () => this.#finish(this.#current()));
    this.#worker.on('exit', () => {
      memory.forget();
      this.#finish(this.#current());
    });
    const late = (): void => {
      if (this.#kernelThread === undefined) this.#finish(null);
    };
    const cancel = endAfter(startMs, parts.clock, memory.times, late, true);
    this.#worker.once('exit', cancel);
  }

  /** Runs in the thread now. */
  get size(): number {
    return this.#inFlight.size;
  }

  /** Sends a run to the thread. Never rejects. */
  run(job: SandboxJob, usedMs: number): Promise<LaneOutcome> {
    if (this.#isOver) return Promise.resolve({ ended: 'lost', usage: null });
    lastRun = (lastRun % 0x7fff_fff0) + 1;
    const id = lastRun;
    return new Promise((resolve) => {
      this.#inFlight.set(id, { job, since: this.#parts.clock.monotonic(), resolve });
      this.#send({ type: 'run', id, job, usedMs });
      this.#watch();
    });
  }

  /** Lets the thread drop a plugin's code once its runs have ended. */
  forget(plugin: string): void {
    this.#send({ type: 'forget', plugin });
  }

  /** Ends the thread; what runs in it is lost. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#finish(null);
    await this.#worker.terminate();
  }

  #send(request: SandboxRequest): void {
    if (!this.#isOver) this.#worker.postMessage(request);
  }

  #hear(reply: SandboxReply): void {
    if (this.#isOver) return;
    switch (reply.type) {
      case 'ready':
        this.#kernelThread = reply.thread;
        if (this.#parts.givesWay) giveWay(reply.thread);
        break;
      case 'ended':
        this.#settle(reply.id, { ended: 'result', result: reply.result, usage: reply.usage });
        break;
      case 'lost':
        this.#settle(reply.id, { ended: 'lost', usage: reply.usage });
        break;
      case 'errand':
        void this.#perform(reply);
        break;
      case 'errand-over':
        this.#errands.get(reply.id)?.abort();
        this.#errands.delete(reply.id);
    }
  }

  #settle(id: number, outcome: LaneOutcome): void {
    const run = this.#inFlight.get(id);
    this.#inFlight.delete(id);
    run?.resolve(outcome);
  }

  async #perform({ id, plugin, errand }: SandboxReply & { type: 'errand' }): Promise<void> {
    const abort = new AbortController();
    this.#errands.set(id, abort);
    const answer = await this.#parts.errand(plugin, errand, abort.signal).then(
      (value) => ({ value }),
      (thrown: unknown) => ({ error: plainError(thrown, 'OPSBRO_HOST_IO') }),
    );
    if (this.#errands.delete(id)) this.#send({ type: 'errand', id, answer });
  }

  /** Looks every 25 ms while runs are in flight. */
  #watch(): void {
    if (this.#unwatch !== undefined) return;
    this.#lookDueMs = this.#parts.clock.monotonic() + pollMs;
    this.#unwatch = this.#parts.clock.after(pollMs, () => {
      this.#unwatch = undefined;
      this.#look();
      if (!this.#isOver && this.#inFlight.size > 0) this.#watch();
    });
  }

  #look(): void {
    const now = this.#parts.clock.monotonic();
    this.#slice.since += standstillMs(now - this.#lookDueMs);
    const run = Atomics.load(this.#cells, cellOf.run);
    if (run === 0 || this.#kernelThread === undefined) this.#lookForOverdue(now);
    else if (Atomics.load(this.#cells, cellOf.slice) !== this.#slice.number) this.#noteSlice(now);
    else {
      const patience = Atomics.load(this.#cells, cellOf.patienceMs);
      const passed = now - this.#slice.since;
      if (passed < patience) return;
      const used = processorMs(this.#kernelThread, now) - this.#slice.processorMs;
      if (used >= patience) this.#finish({ run, outcome: { ended: 'killed', cpuMs: used, died: false } });
      else if (passed >= patience * starvedPatience)
        this.#finish({ run, outcome: { ended: 'starved', cpuMs: used, passedMs: passed } });
    }
  }

  /** The run whose guest code the thread was in when it ended by itself; else one of the plugin that was alone in it. */
  #current(): Holder | null {
    const run = Atomics.load(this.#cells, cellOf.run);
    if (run !== 0) return { run, outcome: diedOfIt };
    const [first, ...others] = this.#inFlight;
    const isAlone = others.every(([, { job }]) => job.plugin === first?.[1].job.plugin);
    return first === undefined || !isAlone ? null : { run: first[0], outcome: diedOfIt };
  }

  #noteSlice(since: number): void {
    const number = Atomics.load(this.#cells, cellOf.slice);
    this.#slice = { number, since, processorMs: processorMs(this.#kernelThread ?? '', since) };
  }

  #lookForOverdue(now: number): void {
    for (const [id, { job, since }] of this.#inFlight)
      if (now - since > job.timeoutMs + overdueMs) {
        this.#finish({ run: id, outcome: diedOfIt });
        return;
      }
  }

  /** Terminates the thread. */
  #finish(holder: Holder | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#unwatch?.();
    for (const abort of this.#errands.values()) abort.abort();
    this.#errands.clear();
    void this.#worker.terminate();
    this.#parts.gone(this);
    for (const id of [...this.#inFlight.keys()])
      this.#settle(id, id === holder?.run ? holder.outcome : { ended: 'lost', usage: null });
  }
}
