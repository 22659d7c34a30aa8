import type { Json, JsonObject } from 'opsbro/sdk';
import { readVerdict } from '../../alerting/state/read-verdict.ts';
import type { PluginEntry } from '../../configuration/model.ts';
import type { Job, JobResult } from '../../threads/protocol.ts';
import { plainError } from '../errors.ts';
import { exportedFacts } from '../export/exported-facts.ts';
import type { Freshness } from '../results/freshness.ts';
import type { Results } from '../results/results.ts';
import { backOffMs } from './back-off.ts';
import type { HostDeps } from './deps.ts';
import type { Runtime } from './objects.ts';
import { codeOf, type PluginCode } from './plugin-code.ts';

const verbs = { collector: 'collect', detector: 'detect', check: 'check', exporter: 'export' } as const;

/** Runs collectors, detectors, checks and exporters whose code runs in job threads. */
export class JobRuns {
  readonly #deps: HostDeps;
  readonly #results: Results;
  readonly #freshness: Freshness;
  readonly #onFirstRun: (runtime: Runtime) => void;
  readonly #inFlight = new Map<string, { runtime: Runtime; ended: Promise<void> }>();

  constructor(
    deps: HostDeps,
    results: Results,
    freshness: Freshness,
    onFirstRun: (runtime: Runtime) => void,
  ) {
    this.#deps = deps;
    this.#results = results;
    this.#freshness = freshness;
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
    if (running?.runtime === runtime) return running.ended;
    // A run of the object that this one replaced is waited for, but its result is another's.
    const before = running?.ended.catch(() => undefined) ?? Promise.resolve();
    const ended = before
      .then(() => this.#run(runtime))
      .finally(() => {
        if (this.#inFlight.get(id)?.ended === ended) this.#inFlight.delete(id);
      });
    this.#inFlight.set(id, { runtime, ended });
    return ended;
  }

  async #run(runtime: Runtime): Promise<void> {
    const { clock, pool, quarantine, registry, table } = this.#deps;
    const { object } = runtime;
    if (!table.isCurrent(runtime)) return;
    const entry = registry.get(object.plugin);
    const code = codeOf(entry);
    const kept = quarantine.get(object.plugin);
    if (kept !== undefined) {
      await this.#failed(runtime, { code: 'OPSBRO_PLUGIN_QUARANTINED', message: kept.reason });
    } else if (entry === undefined || code === undefined) {
      const message = `${object.plugin} has no code to run`;
      await this.#failed(runtime, { code: 'OPSBRO_PLUGIN_IMPORT', message });
    } else {
      runtime.state = 'running';
      const startedMs = clock.monotonic();
      const result = await pool.run(this.#job(runtime, entry, code));
      // Taken out or replaced while it ran: its result is nobody's.
      if (!table.isCurrent(runtime)) return;
      runtime.lastRun = clock.now();
      runtime.durationMs = clock.monotonic() - startedMs;
      const failed = result.status === 'failed' ? result.error.code : null;
      registry.counter(entry.id).ran(result.durationMs, failed, result.heapUsedBytes);
      this.#writeLogs(runtime, result);
      await this.#apply(runtime, result);
    }
    if (runtime.hasRun) return;
    runtime.hasRun = true;
    this.#onFirstRun(runtime);
  }

  #job(runtime: Runtime, entry: PluginEntry, code: PluginCode): Job {
    const { object } = runtime;
    return {
      ...code,
      type: verbs[object.kind],
      object: object.id,
      name: object.name,
      options: object.options,
      state: this.#deps.states.get(object.id),
      timeoutMs: object.timeoutMs,
      ...this.#facts(object.kind, entry),
    };
  }

  #facts(kind: Runtime['object']['kind'], { manifest }: PluginEntry): { facts?: JsonObject } {
    if (kind === 'exporter') return { facts: exportedFacts(this.#deps) as unknown as JsonObject };
    const { needs = [] } = manifest;
    if (needs.length === 0) return {};
    if (needs.includes('agent')) return { facts: this.#deps.agentFacts() };
    const { nodes, published } = this.#deps.board;
    const known = (topic: string) => (topic === 'nodes' ? (nodes as unknown as Json) : published.get(topic));
    return { facts: Object.fromEntries(needs.map((topic) => [topic, known(topic) ?? null])) };
  }

  async #apply(runtime: Runtime, result: JobResult): Promise<void> {
    if (result.status === 'failed') {
      await this.#failed(runtime, result.error);
      return;
    }
    runtime.failures = 0;
    runtime.asOf = this.#deps.clock.now() - (runtime.durationMs ?? 0);
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
    } else if (kind === 'exporter') this.#results.settle(runtime, 'ok', '');
    else if (isTree(value) && Object.keys(value).length > 0) {
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
    if (runtime.object.kind === 'collector') this.#results.forgetSample(runtime);
    else if (runtime.object.kind === 'detector') await this.#results.groups(runtime, false, []);
    this.#results.settle(runtime, 'not-eligible', reason);
  }

  async #failed(runtime: Runtime, error: { code: string; message: string }): Promise<void> {
    runtime.failures += 1;
    const text = `${error.code}: ${error.message}`;
    const { object } = runtime;
    const state = error.code === 'OPSBRO_PLUGIN_QUARANTINED' ? 'quarantined' : 'error';
    if (runtime.settled !== state)
      this.#deps.log.warn('a run failed', {
        plugin: object.plugin,
        object: object.id,
        code: error.code,
        reason: error.message,
      });
    this.#results.settle(runtime, state, state === 'error' ? text : error.message);
    if (object.kind === 'collector' && this.#freshness.hasFailedLong(runtime))
      this.#results.forgetSample(runtime);
    if (object.kind === 'check') {
      await this.#results.verdicts([{ runtime, result: { state: 'unknown', output: text, error } }]);
    }
  }

  #writeLogs(runtime: Runtime, result: JobResult): void {
    const tags = { plugin: runtime.object.plugin, object: runtime.object.id };
    const { log } = this.#deps;
    log.debug('a run ended', { ...tags, status: result.status, ms: Math.round(result.durationMs) });
    for (const { level, message, fields } of result.logs) log[level](message, { ...fields, ...tags });
    if (result.logsDropped > 0)
      log.warn('log lines of a run were dropped', { ...tags, dropped: result.logsDropped });
  }
}

function isTree(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
