import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { TimerClock } from '../core/clock.ts';
import {
  type CheckRun,
  type Command,
  type CommandRequest,
  commandDefaults,
  commandOf,
  type ExecReply,
  type ExecRequest,
  type ExecThreadData,
  maxLanes,
  refusedEnd,
} from './command.ts';
import { type Known, KnownRequests } from './known-requests.ts';

/** What the client needs of a thread; `Worker` has it, and so has a test's. */
export interface ExecWorker {
  postMessage(request: ExecRequest): void;
  on(event: 'message', listener: (reply: ExecReply) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
  terminate(): Promise<unknown>;
  unref(): void;
}

/** What a client is made with; the clock wakes its deadlines. */
export interface ExecClientOptions {
  /** The agent's data directory: names the directory for output, and holds it where memory cannot. */
  dataDirectory: string;
  clock: TimerClock;
  /** Commands waiting and running at most; more are refused. */
  maxPending?: number;
  /** Requests that a thread knows by number at most: each costs it the words and a short output. */
  maxKnown?: number;
  /** The POSIX shell; by default the system's, null for none. */
  shell?: string | null;
  startWorker?: (data: ExecThreadData) => ExecWorker;
}

interface Pending {
  id: number;
  request: CommandRequest;
  /** What is known of the request when it comes again. */
  known: Known | null;
  /** When the client gives up on the thread. */
  deadline: number;
  isSent: boolean;
  resolve(run: CheckRun): void;
}

const defaultMaxPending = 20_000;
const defaultMaxKnown = 20_000;
/** What a command may take beside its own timeout: a minute in the thread's queue, and the time to end it. */
const patienceMs = 75_000;
const lookMs = 5000;
const abandoned = 'nobody waits for it';
/** Commands in one message: copying more would hold the main thread for milliseconds. */
const maxBatch = 256;
const stopMs = 2000;
/** Pause after a thread that ended by itself: one that cannot start must not be started for every command. */
const restartMs = 1000;

/**
 * The main thread's door to the thread that runs commands: starts it with the first command and again when it dies. Sends what came in
 * one turn as one message. Reads nothing that a command printed.
 */
export class ExecClient {
  readonly #options: Required<ExecClientOptions>;
  readonly #pending = new Map<number, Pending>();
  readonly #unsent: Pending[] = [];
  readonly #known: KnownRequests;
  #worker: ExecWorker | null = null;
  #groups = new SharedArrayBuffer(maxLanes * Int32Array.BYTES_PER_ELEMENT);
  #cancelLook: (() => void) | null = null;
  /** When the next look is due. */
  #lookAt = 0;
  #stopped: Promise<void> | null = null;
  #resolveStopped: () => void = () => {};
  #restartAt = Number.NEGATIVE_INFINITY;
  #lastId = 0;

  constructor(options: ExecClientOptions) {
    this.#options = {
      maxPending: defaultMaxPending,
      maxKnown: defaultMaxKnown,
      shell: systemShell(),
      startWorker,
      ...options,
    };
    this.#known = new KnownRequests(this.#options.maxKnown);
  }

  /** How many commands wait or run. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Runs a command once. Never rejects: what cannot run is UNKNOWN and says why in `refused` and in its output. When `signal` fires, the
   * command is ended as at its timeout.
   */
  run(request: CommandRequest, signal?: AbortSignal): Promise<CheckRun> {
    this.#lastId += 1;
    const id = this.#lastId;
    if (this.#stopped !== null) return Promise.resolve(refusedRun(id, 'the agent is stopping'));
    if (signal?.aborted === true) return Promise.resolve(refusedRun(id, abandoned));
    const { maxPending, clock } = this.#options;
    if (this.#pending.size >= maxPending)
      return Promise.resolve(refusedRun(id, `${maxPending} commands wait already`));
    if (this.#known.isFull) this.#forget();
    return new Promise((resolve) => {
      const deadline = clock.monotonic() + (request.timeoutMs ?? commandDefaults.timeoutMs) + patienceMs;
      const known = this.#known.of(request);
      const pending: Pending = { id, request, known, deadline, isSent: false, resolve };
      if (signal !== undefined) this.#heed(signal, pending);
      this.#pending.set(id, pending);
      if (this.#unsent.push(pending) === 1) setImmediate(() => this.#send());
      if (this.#cancelLook === null) this.#lookLater();
    });
  }

  #heed(signal: AbortSignal, pending: Pending): void {
    const { id, resolve } = pending;
    const abort = (): void => this.#abandon(id);
    pending.resolve = (run) => {
      signal.removeEventListener('abort', abort);
      resolve(run);
    };
    signal.addEventListener('abort', abort, { once: true });
  }

  /** What goes by a number so far is sent; then all numbers are free. */
  #forget(): void {
    while (this.#unsent.length > 0) this.#send();
    this.#known.forget();
    this.#worker?.postMessage({ type: 'forget' });
  }

  #abandon(id: number): void {
    const pending = this.#pending.get(id);
    if (pending?.isSent === true) this.#worker?.postMessage({ type: 'end', id });
    else if (pending !== undefined) {
      this.#pending.delete(id);
      pending.resolve(refusedRun(id, abandoned));
    }
  }

  /** Ends the thread and every command that runs; their results, and those of commands that wait, are UNKNOWN. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  async #end(): Promise<void> {
    this.#cancelLook?.();
    const worker = this.#worker;
    if (worker !== null) {
      worker.postMessage({ type: 'stop' });
      await new Promise<void>((resolve) => {
        this.#resolveStopped = resolve;
        this.#options.clock.after(stopMs, resolve);
      });
      this.#worker = null;
      await worker.terminate();
      this.#killLanes();
    }
    this.#loseAll('the agent is stopping', () => true);
  }

  #send(): void {
    const batch = this.#unsent.splice(0, maxBatch).filter(({ id }) => this.#pending.has(id));
    if (this.#unsent.length > 0) setImmediate(() => this.#send());
    for (const pending of batch) pending.isSent = true;
    if (batch.length === 0) return;
    if (this.#worker === null && this.#options.clock.monotonic() < this.#restartAt) {
      this.#loseAll(
        'the thread that runs commands has ended and is started again soon',
        ({ isSent }) => isSent,
      );
      return;
    }
    const worker = this.#ensureWorker();
    worker.postMessage({ type: 'run', commands: wordsFor(worker, batch) });
  }

  #ensureWorker(): ExecWorker {
    if (this.#worker !== null) return this.#worker;
    const { dataDirectory, shell } = this.#options;
    const directories = outputDirectories(dataDirectory);
    this.#groups = new SharedArrayBuffer(maxLanes * Int32Array.BYTES_PER_ELEMENT);
    const worker = this.#options.startWorker({ directories, shell, groups: this.#groups });
    this.#worker = worker;
    let why = 'it ended';
    worker.unref();
    worker.on('message', (reply) => this.#receive(reply));
    worker.on('error', (error) => {
      why = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#lost(`the thread that ran it is gone: ${why}`);
      this.#resolveStopped();
    });
    return worker;
  }

  #receive(reply: ExecReply): void {
    if (reply.type === 'stopped') this.#resolveStopped();
    else this.#receiveRuns(reply.runs);
  }

  #receiveRuns(runs: (CheckRun | number)[]): void {
    for (let at = 0; at < runs.length; at += 1) {
      const told = runs[at] as CheckRun | number;
      const id = typeof told === 'number' ? told : told.id;
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      const known = pending?.known ?? null;
      if (typeof told === 'number') {
        at += 1;
        const last = known?.last ?? refusedRun(id, 'its end was lost');
        pending?.resolve({ ...last, id, durationMs: runs[at] as number });
      } else {
        if (known !== null) known.last = told.isRemembered ? told : null;
        pending?.resolve(told);
      }
    }
  }

  /** The thread is of no use any more: what it had is lost, what it never got goes to the next one. */
  #lost(why: string): void {
    this.#worker = null;
    this.#restartAt = this.#options.clock.monotonic() + restartMs;
    this.#killLanes();
    this.#loseAll(why, ({ isSent }) => isSent);
  }

  #lookLater(): void {
    const { clock } = this.#options;
    this.#lookAt = clock.monotonic() + lookMs;
    this.#cancelLook = clock.after(lookMs, () => this.#look());
  }

  #look(): void {
    this.#cancelLook = null;
    const now = this.#options.clock.monotonic();
    // A process that stood still itself has yet to read what came meanwhile, and its thread had no more of that time than it had.
    const stoodMs = now - this.#lookAt > lookMs ? now - this.#lookAt : 0;
    for (const pending of this.#pending.values()) pending.deadline += stoodMs;
    const late = stoodMs === 0 && [...this.#pending.values()].some(({ deadline }) => now > deadline);
    if (late) {
      const worker = this.#worker;
      this.#lost('the thread that ran it did not answer in time');
      void worker?.terminate();
    }
    if (this.#pending.size > 0) this.#lookLater();
  }

  /** Commands in the lanes of a thread that is gone are nobody's. */
  #killLanes(): void {
    for (const group of new Int32Array(this.#groups)) {
      if (group <= 1) continue;
      try {
        process.kill(-group, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
  }

  #loseAll(why: string, chosen: (pending: Pending) => boolean): void {
    for (const [id, pending] of this.#pending) {
      if (!chosen(pending)) continue;
      this.#pending.delete(id);
      pending.resolve(refusedRun(id, why));
    }
  }
}

/** What of a batch a thread does not know yet, and the numbers of what it does. */
function wordsFor(worker: ExecWorker, batch: Pending[]): (Command | number)[] {
  const words: (Command | number)[] = [];
  for (const { id, request, known } of batch) {
    if (known === null) words.push(commandOf(request, id));
    else if (known.taught === worker) words.push(id, known.slot);
    else {
      known.taught = worker;
      words.push(commandOf(request, id, known.slot));
    }
  }
  return words;
}

function refusedRun(id: number, why: string): CheckRun {
  return {
    ...refusedEnd(id, why),
    state: 'unknown',
    output: `not run to an end: ${why}`,
    longOutput: '',
    perfdata: [],
  };
}

/** In memory first. The name is the same for the same data directory, so that the next start finds what a killed agent left. */
function outputDirectories(dataDirectory: string): string[] {
  const name = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 12);
  return [`/dev/shm/opsbro-${process.getuid?.() ?? 0}-${name}`, join(dataDirectory, 'exec')];
}

function systemShell(): string | null {
  return existsSync('/bin/sh') ? '/bin/sh' : null;
}

function startWorker(data: ExecThreadData): ExecWorker {
  // Threads load compiled code also when this file runs from source (tests).
  const here = import.meta.url.replace(/\/exec\/exec-client\.ts$/, '/dist/exec/exec-client.js');
  return new Worker(new URL('./exec-thread.js', here), {
    workerData: data,
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 128, stackSizeMb: 4 },
  });
}
