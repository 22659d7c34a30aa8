import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import { parentPort, resourceLimits, workerData } from 'node:worker_threads';
import type { Context, Json, JsonObject } from 'opsbro/sdk';
import { systemClock } from '../core/clock.ts';
import { OpsbroError, type PlainError, plainError } from '../core/errors.ts';
import type { Errand } from '../sandbox/model.ts';
import { containThread, type Scope, scopes } from './containment.ts';
import { createContext, NotEligible, RunLog, threadClock } from './context/context.ts';
import { ErrandLine } from './context/errand-line.ts';
import { PendingLooks } from './context/pending-looks.ts';
import { RunEmits } from './context/run-emits.ts';
import { openSecrets, saidWithoutSecrets, secretTexts, withoutSecrets } from './context/secrets.ts';
import { copyTree, resultLimits, stateLimits } from './context/tree.ts';
import { endAfter } from './deadline/deadline.ts';
import type { Job, JobResult } from './protocol.ts';
import { threadDirectory, threadTimes } from './quickjs/thread-time.ts';
import { cellOf, type JobOrder, type LateReport, type PluginThreadData } from './worker-data.ts';

const { thread, shared, looks: table, lane } = workerData as PluginThreadData;
const cells = new Int32Array(shared);
const looks = new PendingLooks(table, lane, () => threadClock.monotonic() / 1000);
const beatMs = 25;
/** V8's own figure counts a reserve that no thread may use. */
const heapLimitBytes = (resourceLimits.maxOldGenerationSizeMb ?? 0) * 1024 * 1024;

type Outcome =
  | { status: 'done'; value: Json; state: JsonObject | null }
  | { status: 'not-eligible'; reason: string; state: JsonObject | null }
  | { status: 'failed'; error: PlainError; state?: JsonObject | null };

let line: ErrandLine | undefined;

/** The run that a lost error is charged to when Node no longer knows its scope. */
let latest: Run | undefined;

const kernelThread = threadDirectory();
Atomics.store(cells, cellOf.thread, Number(kernelThread.split('/').at(-1)));
containThread(
  () => scopes.getStore(),
  (error) => latest?.blame(error),
);

/** Runs one job in this thread. Never rejects; resolves null for an order that only warms the thread. Called by the pool, one at a time. */
export async function runJob(order: JobOrder): Promise<JobResult | null> {
  if (order.line !== undefined) line = new ErrandLine(order.line);
  if (order.job === null) return null;
  Atomics.store(cells, cellOf.begun, order.sequence);
  const run = new Run(order.job);
  latest = run;
  const beat = setInterval(report, beatMs);
  const started = performance.now();
  const outcome = await scopes.run(run, () => run.outcome());
  clearInterval(beat);
  const heap = report();
  return {
    ...saidWithoutSecrets({ ...outcome, logs: run.log.lines }, run.secrets),
    logsDropped: run.log.dropped,
    ...run.emits.result(),
    heapUsedBytes: heap.used_heap_size,
    heapLimitBytes,
    durationMs: performance.now() - started,
  };
}

/** Tells the main thread that this loop turns, and what it holds outside the heap that `resourceLimits` watches. */
function report(): ReturnType<typeof getHeapStatistics> {
  const heap = getHeapStatistics();
  Atomics.store(cells, cellOf.externalKiB, Math.round(heap.external_memory / 1024));
  Atomics.add(cells, cellOf.beat, 1);
  return heap;
}

class Run implements Scope {
  readonly plugin: string;
  readonly log = new RunLog();
  readonly emits = new RunEmits();
  secrets: readonly string[] = [];
  readonly #job: Job;
  readonly #abort = new AbortController();
  #ended = false;
  #fail: ((error: unknown) => void) | undefined;

  constructor(job: Job) {
    this.#job = job;
    this.plugin = job.plugin;
  }

  /** An error outside the verb's own promise ends a run that still goes on; after it, it is reported as late. */
  blame(error: unknown): void {
    if (!this.#ended) {
      this.#fail?.(error);
      return;
    }
    const { code, message } = plainError(error, 'OPSBRO_PLUGIN_LATE');
    parentPort?.postMessage({
      type: 'late',
      plugin: this.plugin,
      error: { code, message: withoutSecrets(message, this.secrets) },
    } satisfies LateReport);
  }

  async outcome(): Promise<Outcome> {
    const failure = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    const { timeoutMs } = this.#job;
    const late = (): void =>
      this.#abort.abort(new OpsbroError('OPSBRO_PLUGIN_TIMEOUT', `did not end within ${timeoutMs} ms`));
    const cancel = endAfter(timeoutMs, systemClock, () => threadTimes(kernelThread), late);
    try {
      return await Promise.race([this.#verb(), failure]);
    } catch (thrown) {
      return { status: 'failed', error: this.#judge(thrown) };
    } finally {
      cancel();
      this.#ended = true;
    }
  }

  async #verb(): Promise<Outcome> {
    const job = this.#job;
    const plugin = await importPlugin(job.module);
    const before = JSON.stringify(job.state);
    const options = openSecrets(job.schema, job.options, thread.environment);
    this.secrets = secretTexts(job.schema, options);
    const context = createContext({
      data: thread,
      name: job.name,
      // An exporter gets them as an argument.
      options: job.facts === undefined || job.type === 'export' ? options : { ...options, facts: job.facts },
      state: job.state,
      signal: this.#abort.signal,
      log: this.log,
      emit: (topic, data) => void this.emits.take(topic, data),
      cells,
      looks,
      errand: (errand) => sendErrand(this.plugin, errand, this.#abort.signal),
    });
    try {
      const { value, dropped } = copyTree(await callVerb(plugin, job, context), resultLimits);
      if (dropped > 0) this.log.warn(`${dropped} numbers that are not finite were left out`);
      return { status: 'done', value, state: changedState(before, context.state) };
    } catch (thrown) {
      if (thrown instanceof NotEligible)
        return { status: 'not-eligible', reason: thrown.message, state: changedState(before, context.state) };
      if (job.type !== 'handle') throw thrown;
      return { status: 'failed', error: this.#judge(thrown), state: changedState(before, context.state) };
    }
  }

  #judge(thrown: unknown): PlainError {
    const { signal } = this.#abort;
    // Whatever a verb throws once its signal fired, the reason is the timeout.
    if (signal.aborted) return plainError(signal.reason, 'OPSBRO_PLUGIN_TIMEOUT');
    return plainError(thrown, 'OPSBRO_PLUGIN_FAILED');
  }
}

async function sendErrand(plugin: string, errand: Errand, signal: AbortSignal): Promise<Json> {
  if (line === undefined) throw new OpsbroError('OPSBRO_AGENT_BUSY', 'the thread has no line to the agent');
  return await line.send(plugin, errand, signal);
}

async function importPlugin(module: string): Promise<unknown> {
  try {
    const loaded: { default?: unknown } = await import(pathToFileURL(module).href);
    return loaded.default;
  } catch (thrown) {
    throw new OpsbroError(
      'OPSBRO_PLUGIN_IMPORT',
      `cannot load ${module}: ${plainError(thrown, 'OPSBRO_PLUGIN_IMPORT').message}`,
      {
        cause: thrown,
      },
    );
  }
}

function callVerb(plugin: unknown, job: Job, context: Context): unknown {
  const holder = job.type === 'call' ? own(plugin, 'functions') : plugin;
  const verb = own(holder, job.type === 'call' ? job.object : job.type);
  if (typeof verb !== 'function') {
    const what = job.type === 'call' ? `function '${job.object}'` : `verb '${job.type}'`;
    throw new OpsbroError('OPSBRO_PLUGIN_NO_VERB', `${job.module} has no ${what}`);
  }
  if (job.type === 'call') return verb.call(holder, context, ...(job.args ?? []));
  if (job.type === 'handle') return verb.call(holder, context, job.event);
  if (job.type === 'export') return verb.call(holder, context, job.facts ?? {});
  return verb.call(holder, context);
}

function own(holder: unknown, key: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key)) return undefined;
  return (holder as Record<string, unknown>)[key];
}

function changedState(before: string, state: JsonObject): JsonObject | null {
  const { value } = copyTree(state, stateLimits);
  return JSON.stringify(value) === before ? null : (value as JsonObject);
}
