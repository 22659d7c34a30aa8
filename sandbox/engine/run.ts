import { setMaxListeners } from 'node:events';
import type { Json, JsonObject } from 'opsbro/sdk';
import { errorCatalogue, OpsbroError, type PlainError, plainError } from '../../core/errors.ts';
import { logLine, threadClock } from '../../threads/context/context.ts';
import { RunEmits } from '../../threads/context/run-emits.ts';
import { saidWithoutSecrets } from '../../threads/context/secrets.ts';
import { copyTree, resultLimits, stateLimits } from '../../threads/context/tree.ts';
import type { JobResult, LogLine } from '../../threads/protocol.ts';
import { type Breach, breachOf, budgetError, type LimitName } from '../budgets/breach.ts';
import { namesOf, Series } from '../budgets/series.ts';
import type { GuestMessage } from '../guest/message.ts';
import type { HostCalls } from '../model.ts';
import type { CallQueue } from './call-queue.ts';
import { noUsage, type RunUsage, type SandboxJob } from './protocol.ts';

const levels: readonly string[] = ['debug', 'info', 'warn', 'error'];
/** Codes that guest code may fail with; the others are the agent's to give. */
const guestCodes = new Set(
  Object.keys(errorCatalogue).filter((code) =>
    /^OPSBRO_(HOST_.*|API_INVALID|AGENT_BUSY|PLUGIN_(DENIED|NO_VERB|RESULT|STATE))$/.test(code),
  ),
);

/** How a run ended, short of what it used. */
type End =
  | { status: 'done'; value: Json; state: JsonObject | null }
  | { status: 'not-eligible'; reason: string; state: JsonObject | null }
  | { status: 'failed'; error: PlainError; state?: JsonObject | null };

/** One run of a sandboxed verb, seen from the host: counts what it uses, and turns what the guest says into a result. */
export class SandboxRun {
  readonly id: number;
  readonly job: SandboxJob;
  readonly usage: RunUsage = noUsage();
  readonly emits = new RunEmits();
  calls: HostCalls | undefined;
  queue: CallQueue | undefined;
  /** What its options hold that nobody may read. */
  secrets: readonly string[] = [];
  /** What its object yielded before. */
  series = new Series();
  isOver = false;
  #abort: AbortController | undefined;
  readonly #logs: LogLine[] = [];
  readonly #started = performance.now();
  readonly #cleanups: (() => void)[] = [];

  constructor(id: number, job: SandboxJob) {
    this.id = id;
    this.job = job;
  }

  /** Fires when the run is over. Made when it is asked for: many runs call nothing, and it costs as much as the rest of them. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      // Each of its calls listens; how many those are is bounded elsewhere.
      setMaxListeners(0, this.#abort.signal);
      if (this.isOver) this.#abort.abort(runIsOver());
    }
    return this.#abort.signal;
  }

  get cpuLeftMs(): number {
    return Math.max(0, this.job.sandbox.limits.cpuMs - this.usage.cpuMs);
  }

  /** Does something when the run is over. */
  atEnd(cleanup: () => void): void {
    this.#cleanups.push(cleanup);
  }

  denied(what: string): void {
    this.usage.denials += 1;
    this.usage.denied = what.slice(0, 200);
  }

  /** Takes a line of log; false when it is one too many. */
  log(message: GuestMessage & { type: 'log' }): boolean {
    if (this.#logs.length >= this.job.sandbox.limits.logLines) return false;
    const level = levels.includes(message.level) ? message.level : 'info';
    this.#logs.push(logLine(level, message.message, message.fields));
    return true;
  }

  /** The end that the verb itself gave, checked. */
  endOf(message: GuestMessage & { type: 'done' | 'not-eligible' | 'failed' }): End | Breach {
    try {
      if (message.type === 'failed') {
        const error = this.#errorOf(message.error);
        return { status: 'failed', error, ...(message.state && { state: this.#stateOf(message.state) }) };
      }
      const state = this.#stateOf(message.state);
      if (message.type === 'not-eligible')
        return { status: 'not-eligible', reason: String(message.reason).slice(0, 2048), state };
      return this.#valueOf(message, state);
    } catch (thrown) {
      return { status: 'failed', error: plainError(thrown, 'OPSBRO_PLUGIN_RESULT') };
    }
  }

  /** The result of the run; nothing it began goes on. */
  finish(end: End, memoryBytes: number): JobResult {
    this.isOver = true;
    this.usage.memoryBytes = memoryBytes;
    for (const cleanup of this.#cleanups) cleanup();
    this.#abort?.abort(runIsOver());
    this.calls?.close();
    return {
      ...saidWithoutSecrets({ ...end, logs: this.#logs }, this.secrets),
      logsDropped: 0,
      ...this.#emitted(end),
      heapUsedBytes: memoryBytes,
      heapLimitBytes: this.job.sandbox.limits.memoryBytes,
      durationMs: performance.now() - this.#started,
    };
  }

  breach(limit: LimitName, found: number): Breach {
    return breachOf(limit, this.job.sandbox.limits, found);
  }

  /** The failure of a run that went over a limit. */
  overrun(breach: Breach): End {
    this.usage.breach = breach;
    return { status: 'failed', error: budgetError(breach) };
  }

  /** What the run emitted, as far as its output leaves room for it. */
  #emitted(end: End): Pick<JobResult, 'emits'> {
    const { emits } = this.emits.result();
    if (emits === undefined) return {};
    let left = this.job.sandbox.limits.outputBytes;
    if (end.status === 'done') left -= sizeOf(end.value);
    const kept = emits.kept.filter(({ data }) => {
      left -= sizeOf(data);
      return left >= 0;
    });
    return { emits: { kept, dropped: emits.dropped + emits.kept.length - kept.length } };
  }

  #valueOf(message: GuestMessage & { type: 'done' }, state: JsonObject | null): End | Breach {
    const { limits } = this.job.sandbox;
    const size = sizeOf(message.value);
    if (size > limits.outputBytes) return this.breach('output', size);
    const { value } = copyTree(message.value, resultLimits);
    const metrics = this.series.take(this.#namesIn(value), limits.metrics, threadClock.monotonic());
    if (metrics > limits.metrics) return this.breach('metrics', metrics);
    if (message.dropped > 0) {
      const text = `${Number(message.dropped)} numbers that are not finite were left out`;
      this.log({ type: 'log', run: this.id, level: 'warn', message: text });
    }
    return { status: 'done', value, state };
  }

  /** A collector's numbers and a check's figures are kept by their names. */
  #namesIn(value: Json): ReadonlySet<number> {
    if (this.job.type === 'collect') return namesOf(value);
    const figures = this.job.type === 'check' ? (value as { metrics?: Json } | null)?.metrics : undefined;
    return namesOf(Object.fromEntries(Object.keys(Object(figures)).map((name) => [name, 0])));
  }

  #stateOf(state: JsonObject): JsonObject | null {
    const { value } = copyTree(state, stateLimits);
    return JSON.stringify(value) === JSON.stringify(this.job.state) ? null : (value as JsonObject);
  }

  #errorOf(found: unknown): PlainError {
    const error = plainError(found, 'OPSBRO_PLUGIN_FAILED');
    return guestCodes.has(error.code) ? error : { ...error, code: 'OPSBRO_PLUGIN_FAILED' };
  }
}

function runIsOver(): OpsbroError {
  return new OpsbroError('OPSBRO_PLUGIN_LATE', 'the run is over');
}

function sizeOf(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}
