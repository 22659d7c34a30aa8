import { Worker } from 'node:worker_threads';
import type { Json, JsonObject } from 'opsbro/sdk';
import type { TimerClock } from '../../core/clock.ts';
import { endAfter, standstillMs } from '../../threads/deadline/deadline.ts';
import { startThread } from '../../threads/deadline/kernel-thread.ts';
import { threadEntry } from '../../threads/entry.ts';
import { threadLimits } from '../../threads/lane-memory.ts';
import { processorMs, threadTimes } from '../../threads/quickjs/thread-time.ts';
import type { ExpressionLimits, Facts, Program } from '../program.ts';
import { refresh, type Slot, type SlotUpdate } from './reference.ts';

/** What the thread is started with; `progress` holds the place (from 1) of the program that runs, -1 between, 0 when idle. */
export interface LaneThreadData {
  limits: ExpressionLimits;
  progress: SharedArrayBuffer;
}

/** A batch: commands as JSON texts for the guest, then that many evaluations. */
export interface LaneRequest {
  commands: string[];
  count: number;
}

/** How a batch ended. `timeouts` are programs that were interrupted, each with the expression it had come to (JSON). `ready` comes once, with the thread's directory in /proc ('' when unknown). `broken` names the program that ran when the instance broke, -1 when none did. */
export type LaneReply =
  | { type: 'ready'; thread: string }
  | { type: 'ran'; timeouts: [number, string][]; text?: string; list?: string[] }
  | { type: 'broken'; index: number };

/** A thread as the lane sees it, so that tests can bring their own. */
export type SpawnThread = (data: LaneThreadData) => Worker;

/** A program with its places in the sandbox. */
export interface Entry {
  program: Program;
  index: number;
  source: { id: number; text: string; users: number; thread: number };
  slots: Slot[];
  /** Its id, and evaluations that run. */
  users: number;
  /** Thread (by its number) that has this program. */
  thread: number;
  /** It was killed or interrupted before: it goes last in a batch. */
  isSuspect: boolean;
}

/** What one batch is evaluated over. `results` are those of host functions, by call. */
export interface Batch {
  facts: Facts;
  results: Map<string, Json>;
}

/** Counters for the agent's figures. */
export interface LaneFigures {
  kills: number;
  restarts: number;
  evaluations: number;
}

const POLL_MS = 25;
const COMMAND_SIZE = 500;
const COMMAND_TEXT = 1_048_576;
/** Commands are ours: a watchdog on them is there for a machine that stands still, not for a culprit. */
const COMMAND_PATIENCE = 20;
const STARVED_PATIENCE = 10;
const START_MS = 10_000;
const MAX_KILLS = 50;
/** What a loss without a culprit counts: whatever broke the thread will break the next one too. */
const BLAMELESS = 20;
/** Batches that may wait for the thread. */
const MAX_WAITING = 256;
const BUSY = 'e{"code":"BUSY","message":"too many evaluations wait for the expression thread"}';
/** The raw output of a program whose thread was terminated. */
export const KILLED =
  'e{"code":"KILLED","message":"the evaluation did not end and its thread was terminated"}';
const MEMORY = 'e{"code":"MEMORY","message":"the evaluation ran out of memory or broke the sandbox"}';

/** The thread that evaluates the programs of one language: started when first needed, watched, replaced when it breaks. */
export class Lane {
  readonly #limits: ExpressionLimits;
  readonly #clock: TimerClock;
  readonly #spawn: SpawnThread;
  readonly #figures: LaneFigures;
  #progress = new Int32Array(new SharedArrayBuffer(4));
  #worker: Worker | undefined;
  #thread = 0;
  /** The thread's directory in /proc. */
  #kernelThread = '';
  #batch = 0;
  #settle: ((reply: LaneReply) => void) | undefined;
  #sentFacts: string | undefined;
  #stale: number[] = [];
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #isStopped = false;

  constructor(
    limits: ExpressionLimits,
    clock: TimerClock,
    figures: LaneFigures,
    spawn: SpawnThread = spawnThread,
  ) {
    this.#limits = limits;
    this.#clock = clock;
    this.#figures = figures;
    this.#spawn = spawn;
  }

  /** True while a thread runs. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** Starts the thread unless it runs. */
  warm(): void {
    this.#tail = this.#tail.then(() => this.#worker ?? (this.#isStopped ? undefined : this.#start()));
  }

  /** Lets the sandbox forget a program, with the next batch. */
  forget(entry: Entry): void {
    if (entry.thread === this.#thread && this.#worker !== undefined) this.#stale.push(entry.index);
  }

  /** Evaluates programs and gives their raw outputs in the same order. Never rejects; batches queue up. */
  run(entries: Entry[], batch: Batch): Promise<string[]> {
    if (this.#waiting >= MAX_WAITING) return Promise.resolve(entries.map(() => BUSY));
    this.#waiting += 1;
    const turn = this.#tail
      .then(() => this.#run(entries, batch))
      .finally(() => {
        this.#waiting -= 1;
      });
    this.#tail = turn;
    return turn;
  }

  /** Tells the thread to end, which it does unless a system call holds it; nothing waits for it. */
  stop(): void {
    this.#isStopped = true;
    this.#end();
    this.#settle?.({ type: 'broken', index: -1 });
  }

  async #run(entries: Entry[], batch: Batch): Promise<string[]> {
    const outputs = new Array<string>(entries.length);
    let order: number[] = [];
    const last: number[] = [];
    for (let place = 0; place < entries.length; place += 1)
      (entries[place]?.isSuspect === true ? last : order).push(place);
    order = order.concat(last);
    let kills = 0;
    while (order.length > 0) {
      if (this.#isStopped || kills > MAX_KILLS) {
        for (const place of order) outputs[place] = KILLED;
        break;
      }
      const todo = order.map((place) => entries[place] as Entry);
      const reply = await this.#attempt(todo, batch);
      if (reply.type === 'ran') {
        this.#figures.evaluations += order.length;
        this.#collect(reply, order, outputs);
        for (const [index, whereabouts] of reply.timeouts) {
          outputs[order[index] as number] = interrupted(whereabouts);
          (todo[index] as Entry).isSuspect = true;
        }
        break;
      }
      const culprit = reply.index >= 0 ? order[reply.index] : undefined;
      kills += culprit === undefined ? BLAMELESS : 1;
      if (culprit === undefined) continue;
      outputs[culprit] = reply.output;
      (entries[culprit] as Entry).isSuspect = true;
      order = order.filter((place) => place !== culprit);
    }
    return outputs;
  }

  #collect(reply: LaneReply & { type: 'ran' }, order: number[], outputs: string[]): void {
    const list = reply.list ?? (reply.text as string).split('\x1e');
    for (let at = 0; at < order.length; at += 1) outputs[order[at] as number] = list[at] as string;
  }

  /** One try: what the thread answered, or the place of the program that took it down and the output it gets. */
  async #attempt(
    todo: Entry[],
    batch: Batch,
  ): Promise<(LaneReply & { type: 'ran' }) | { type: 'lost'; index: number; output: string }> {
    const worker = this.#worker ?? (await this.#start());
    if (worker === undefined) return { type: 'lost', index: -1, output: MEMORY };
    this.#batch += 1;
    const request: LaneRequest = {
      commands: this.#commands(todo, batch),
      count: todo.length,
    };
    const answered = new Promise<LaneReply>((resolve) => {
      this.#settle = resolve;
    });
    worker.postMessage(request);
    const guard = this.#watch();
    const reply = await answered;
    guard();
    if (reply.type === 'ran') return reply;
    const killed = reply.type === 'ready';
    const index = killed ? Atomics.load(this.#progress, 0) - 1 : reply.index;
    if (killed) this.#figures.kills += 1;
    this.#end();
    return { type: 'lost', index: Math.max(-1, index), output: killed ? KILLED : MEMORY };
  }

  /** Everything the thread does not have yet, as JSON texts: sources, programs, facts, values, and the batch itself. */
  #commands(todo: Entry[], { facts, results }: Batch): string[] {
    const texts: string[] = [];
    let list: string[] = [];
    let size = 0;
    const add = (command: unknown): void => {
      const text = JSON.stringify(command);
      if (size + text.length > COMMAND_TEXT && list.length > 0) {
        texts.push(`[${list.join(',')}]`);
        list = [];
        size = 0;
      }
      list.push(text);
      size += text.length;
    };
    if (this.#stale.length > 0) add({ do: 'delete', programs: this.#stale });
    this.#stale = [];
    this.#addPrograms(todo, add);
    this.#addFacts(facts, add);
    this.#addValues(todo, facts, add);
    add({
      do: 'batch',
      programs: ranges(todo),
      now: facts.now,
      seed: facts.seed,
      results: [...results],
    });
    texts.push(`[${list.join(',')}]`);
    return texts;
  }

  #addPrograms(todo: Entry[], add: (command: unknown) => void): void {
    let programs: unknown[] = [];
    const flush = (): void => {
      if (programs.length > 0) add({ do: 'put', programs });
      programs = [];
    };
    for (const entry of todo) {
      if (entry.thread === this.#thread) continue;
      entry.thread = this.#thread;
      const { source, program } = entry;
      if (source.thread !== this.#thread) {
        source.thread = this.#thread;
        add({ do: 'source', id: source.id, text: source.text });
      }
      programs.push([entry.index, source.id, program.constants, entry.slots.map((slot) => slot.index)]);
      if (programs.length >= COMMAND_SIZE) flush();
    }
    flush();
  }

  #addFacts({ groups, staticGroups, node }: Facts, add: (command: unknown) => void): void {
    const command = { do: 'facts', groups, staticGroups, node };
    const text = JSON.stringify(command);
    if (text === this.#sentFacts) return;
    this.#sentFacts = text;
    add(command);
  }

  #addValues(todo: Entry[], facts: Facts, add: (command: unknown) => void): void {
    let values: SlotUpdate[] = [];
    const flush = (): void => {
      if (values.length > 0) add({ do: 'values', values });
      values = [];
    };
    const samples = new Map<string, JsonObject | undefined>();
    for (const { slots } of todo) {
      for (const slot of slots) {
        if (slot.batch === this.#batch) continue;
        slot.batch = this.#batch;
        const { collector, path } = slot.reference;
        if (!samples.has(collector)) samples.set(collector, facts.sample(collector));
        const update = refresh(slot, samples.get(collector), this.#thread);
        if (update === undefined) continue;
        values.push(update);
        // A whole tree fills a text by itself.
        if (path.length === 0 || values.length >= COMMAND_SIZE) flush();
      }
    }
    flush();
  }

  /**
   * Gives the thread up when the program that runs does not change for the watchdog's time. A thread that got no processor in
   * that time is not to blame, and has ten times as long. Nearly every batch ends before the first look, which reads files of /proc.
   * Returns how to stop watching.
   */
  #watch(): () => void {
    let place = Number.NaN;
    let since = 0;
    let usedMs = 0;
    let lookedMs = this.#clock.monotonic();
    const look = (): void => {
      const now = this.#clock.monotonic();
      since += standstillMs(now - lookedMs - POLL_MS);
      lookedMs = now;
      const current = Atomics.load(this.#progress, 0);
      const spentMs = processorMs(this.#kernelThread, now);
      if (current !== place) {
        place = current;
        since = now;
        usedMs = spentMs;
      }
      const patience = this.#limits.watchdogMs * (current > 0 ? 1 : COMMAND_PATIENCE);
      const isIdle = spentMs - usedMs < patience / 2;
      if (now - since >= patience * (isIdle ? STARVED_PATIENCE : 1))
        this.#settle?.({ type: 'ready', thread: '' });
      else cancel = this.#clock.after(POLL_MS, look);
    };
    let cancel = this.#clock.after(POLL_MS, look);
    return () => cancel();
  }

  async #start(): Promise<Worker | undefined> {
    this.#thread += 1;
    this.#sentFacts = undefined;
    this.#stale = [];
    // Of its own, since the last thread may still write to that one's.
    const progress = new SharedArrayBuffer(4);
    this.#progress = new Int32Array(progress);
    const { started: worker, number } = startThread(() => this.#spawn({ limits: this.#limits, progress }));
    worker.unref();
    if (this.#thread > 1) this.#figures.restarts += 1;
    const ready = new Promise<LaneReply>((resolve) => {
      this.#settle = resolve;
    });
    const broken = (): void => this.#settle?.({ type: 'broken', index: Atomics.load(this.#progress, 0) - 1 });
    worker.on('message', (reply: LaneReply) => this.#settle?.(reply));
    worker.on('error', broken);
    worker.on('exit', () => {
      this.#worker = undefined;
      broken();
    });
    this.#worker = worker;
    const times = () => threadTimes(`/proc/self/task/${number}`);
    const cancel = endAfter(START_MS, this.#clock, times, broken, true);
    const reply = await ready;
    cancel();
    if (reply.type === 'ready') {
      this.#kernelThread = reply.thread;
      return worker;
    }
    this.#end();
    return undefined;
  }

  #end(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    worker?.removeAllListeners();
    // A late error of a thread that is being terminated has no one left to tell.
    worker?.on('error', () => {});
    void worker?.terminate();
  }
}

function interrupted(whereabouts: string): string {
  const place = whereabouts.startsWith('{') ? (JSON.parse(whereabouts) as JsonObject) : {};
  return `e${JSON.stringify({ ...place, code: 'TIMEOUT', message: 'the evaluation used up its CPU time' })}`;
}

/** Numbers of programs as from, to, from, to …: neighbours are the rule. */
function ranges(todo: Entry[]): number[] {
  const bounds: number[] = [];
  let last = Number.NaN;
  for (const { index } of todo) {
    if (index === last + 1) bounds[bounds.length - 1] = index;
    else bounds.push(index, index);
    last = index;
  }
  return bounds;
}

function spawnThread(data: LaneThreadData): Worker {
  return new Worker(threadEntry('expression-thread'), {
    workerData: data,
    env: {},
    resourceLimits: threadLimits(64),
  });
}
