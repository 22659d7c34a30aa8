import type { Json, JsonObject } from 'opsbro/sdk';
import type { PluginEntry } from '../config/model.ts';
import { plainError } from '../errors.ts';
import type { Job, JobResult } from '../threads/protocol.ts';
import { backOffMs } from './back-off.ts';
import type { HostDeps } from './deps.ts';
import type { Runtime } from './objects.ts';
import { type Results, readVerdict } from './results.ts';

const verbs = { collector: 'collect', detector: 'detect', check: 'check' } as const;

/** Runs collectors, detectors and checks whose code runs in job threads. */
export class JobRuns {
  readonly #deps: HostDeps;
  readonly #results: Results;
  readonly #onFirstRun: (runtime: Runtime) => void;
  readonly #inFlight = new Map<string, Promise<void>>();
  #suspects: Promise<unknown> = Promise.resolve();

  constructor(deps: HostDeps, results: Results, onFirstRun: (runtime: Runtime) => void) {
    this.#deps = deps;
    this.#results = results;
    this.#onFirstRun = onFirstRun;
  }

  start(runtime: Runtime): void {
    const { scheduler, log } = this.#deps;
    const { id, intervalMs, kind, plugin } = runtime.object;
    this.once(runtime)
      .catch((error: unknown) => {
        const { code, message } = plainError(error, 'OPSBRO_AGENT_STORE');
        log.error('a result could not be stored', { plugin, code, reason: message });
      })
      .finally(() => scheduler.finished(id, kind === 'check' ? 0 : backOffMs(runtime.failures, intervalMs)));
  }

  /** Runs an object; joins the run that is under way, if any, so that runs of one object never overlap. */
  once(runtime: Runtime): Promise<void> {
    const { id } = runtime.object;
    const running = this.#inFlight.get(id);
    if (running !== undefined) return running;
    const run = this.#run(runtime).finally(() => this.#inFlight.delete(id));
    this.#inFlight.set(id, run);
    return run;
  }

  async #run(runtime: Runtime): Promise<void> {
    const { registry, clock } = this.#deps;
    const { object } = runtime;
    const entry = registry.get(object.plugin);
    if (entry?.module == null) {
      await this.#failed(runtime, {
        code: 'OPSBRO_PLUGIN_IMPORT',
        message: `${object.plugin} has no code to run`,
      });
      return;
    }
    runtime.state = 'running';
    const startedMs = clock.monotonic();
    const result = await this.#perform(this.#job(runtime, entry), entry.id);
    // Taken out or replaced while it ran: its result is nobody's.
    if (this.#deps.table.get(object.id) !== runtime) return;
    runtime.lastRun = clock.now();
    runtime.durationMs = clock.monotonic() - startedMs;
    const code = result.status === 'failed' ? result.error.code : null;
    registry.counter(entry.id).ran(result.durationMs, code, result.heapUsedBytes);
    this.#writeLogs(runtime, result);
    await this.#apply(runtime, result);
    if (runtime.hasRun) return;
    runtime.hasRun = true;
    this.#onFirstRun(runtime);
  }

  #job(runtime: Runtime, entry: PluginEntry): Job {
    const { object } = runtime;
    const needs = entry.manifest.needs?.includes('agent') ?? false;
    return {
      type: verbs[object.kind],
      plugin: entry.id,
      module: entry.module as string,
      object: object.id,
      name: object.name,
      options: object.options,
      state: this.#deps.states.get(object.id),
      timeoutMs: object.timeoutMs,
      ...(needs ? { facts: this.#deps.agentFacts() } : {}),
    };
  }

  /** A suspect runs alone, so that a crash names it. */
  async #perform(job: Job, plugin: string): Promise<JobResult> {
    const { quarantine, pool } = this.#deps;
    if (!quarantine.isSuspect(plugin)) return pool.run(job);
    const turn = this.#suspects.then(() => pool.run(job));
    this.#suspects = turn;
    const result = await turn;
    quarantine.clear(plugin);
    return result;
  }

  async #apply(runtime: Runtime, result: JobResult): Promise<void> {
    if (result.status === 'failed') {
      await this.#failed(runtime, result.error);
      return;
    }
    runtime.failures = 0;
    if (result.state !== null) this.#deps.states.set(runtime.object.id, result.state);
    if (result.status === 'not-eligible') await this.#notEligible(runtime, result.reason);
    else await this.#done(runtime, result.value);
  }

  async #done(runtime: Runtime, value: Json): Promise<void> {
    const { kind } = runtime.object;
    if (kind === 'check') {
      this.#results.settle(runtime, 'ok', '');
      await this.#results.verdicts([{ runtime, result: readVerdict(value) }]);
    } else if (kind === 'detector') {
      const groups = Array.isArray(value)
        ? value.filter((name): name is string => typeof name === 'string')
        : [];
      this.#results.settle(runtime, 'ok', '');
      await this.#results.groups(runtime, groups.length > 0, [...new Set(groups)].sort());
    } else if (isTree(value) && Object.keys(value).length > 0) {
      this.#results.sample(runtime, value);
      this.#results.settle(runtime, 'ok', '');
    } else await this.#notEligible(runtime, 'the collector sent no data');
  }

  async #notEligible(runtime: Runtime, reason: string): Promise<void> {
    if (runtime.object.kind === 'check') {
      await this.#results.verdicts([
        { runtime, result: { state: 'unknown', output: `not eligible: ${reason}` } },
      ]);
      return;
    }
    if (runtime.object.kind === 'collector') this.#results.forgetSample(runtime, false);
    else await this.#results.groups(runtime, false, []);
    this.#results.settle(runtime, 'not-eligible', reason);
  }

  async #failed(runtime: Runtime, error: { code: string; message: string }): Promise<void> {
    runtime.failures += 1;
    const text = `${error.code}: ${error.message}`;
    const { object } = runtime;
    if (runtime.settled !== 'error')
      this.#deps.log.warn('a run failed', {
        plugin: object.plugin,
        object: object.id,
        code: error.code,
        reason: error.message,
      });
    this.#results.settle(runtime, 'error', text);
    if (object.kind === 'collector') this.#results.forgetSample(runtime, true);
    if (object.kind === 'check') {
      await this.#results.verdicts([{ runtime, result: { state: 'unknown', output: text, error } }]);
    }
  }

  #writeLogs(runtime: Runtime, result: JobResult): void {
    const { plugin, id } = runtime.object;
    for (const { level, message, fields } of result.logs) {
      this.#deps.log[level](message, { ...fields, plugin, object: id });
    }
    if (result.logsDropped > 0) {
      this.#deps.log.warn('log lines of a run were dropped', {
        plugin,
        object: id,
        dropped: result.logsDropped,
      });
    }
  }
}

function isTree(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
