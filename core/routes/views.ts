import type { Json, JsonObject } from 'opsbro/sdk';
import { type CheckStatus, pendingStatus } from '../../alerting/model.ts';
import { lateAfterMs } from '../../alerting/state/late.ts';
import type { PluginEntry } from '../../configuration/model.ts';
import type {
  CheckView,
  CollectorView,
  DetectorView,
  PluginState,
  PluginView,
} from '../../control/shapes.ts';
import type { ServiceState } from '../../threads/services/service-instance.ts';
import type { ServiceFigures } from '../../threads/services/services.ts';
import { OpsbroError } from '../errors.ts';
import type { HostDeps } from '../host/deps.ts';
import type { ObjectTable, Runtime } from '../host/objects.ts';

type Of<Kind extends 'collector' | 'detector' | 'check'> = ReturnType<
  typeof ObjectTable.prototype.of<Kind>
>[number];

/** RFC 3339 text of an epoch time; null stays null. */
export function isoTime(at: number | null | undefined): string | null {
  return at === null || at === undefined ? null : new Date(at).toISOString();
}

/** The moment a query names; epoch ms. Throws OPSBRO_API_INVALID. */
export function timeOf(query: { [key: string]: string }, key: string): number {
  const at = Date.parse(query[key] ?? '');
  if (!Number.isNaN(at)) return at;
  throw new OpsbroError('OPSBRO_API_INVALID', `${key} is not a time: '${query[key] ?? ''}'`);
}

/** When an object runs next, as wall time. */
function nextRun(deps: HostDeps, runtime: Runtime): string | null {
  const figures = deps.scheduler.figures(runtime.object.id);
  return figures === undefined ? null : isoTime(deps.clock.now() + figures.dueMs - deps.clock.monotonic());
}

function round(value: number | null): number | null {
  return value === null ? null : Math.round(value * 100) / 100;
}

/** How many numbers a tree holds. */
function countMetrics(value: Json): number {
  if (typeof value === 'number') return 1;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((total, child) => total + countMetrics(child), 0);
}

/** What `collectors` shows of one collector; with its tree when `full`. */
export function collectorView(deps: HostDeps, runtime: Of<'collector'>, full: boolean): CollectorView {
  const { object } = runtime;
  const sample = deps.board.samples.get(object.name.toLowerCase());
  return {
    id: object.id,
    name: object.name,
    plugin: object.plugin,
    state: object.enabled ? runtime.state : 'disabled',
    log: runtime.log,
    enabled: object.enabled,
    active: runtime.active && sample !== undefined && runtime.settled === 'ok',
    interval: object.intervalMs / 1000,
    last_run: isoTime(runtime.lastRun),
    next_run: nextRun(deps, runtime),
    duration_ms: round(runtime.durationMs),
    metrics: sample === undefined ? 0 : countMetrics(sample.tree),
    ...(full ? { results: sample?.tree ?? {} } : {}),
  };
}

/** What `detectors` shows of one detector. */
export function detectorView(deps: HostDeps, runtime: Of<'detector'>): DetectorView {
  const { object } = runtime;
  const groups = object.options.add_groups;
  return {
    id: object.id,
    name: object.name,
    pack: object.pack,
    state: object.enabled
      ? runtime.settled === 'error'
        ? 'error'
        : runtime.hasRun
          ? 'ok'
          : 'pending'
      : 'disabled',
    log: runtime.log,
    apply_if: String(object.options.apply_if ?? ''),
    add_groups: Array.isArray(groups) ? groups.map(String) : [],
    matched: runtime.matched,
    groups: deps.board.detected.get(object.id) ?? [],
    interval: object.intervalMs / 1000,
    last_run: isoTime(runtime.lastRun),
  };
}

/** What `checks` shows of one check. */
export function checkView(deps: HostDeps, runtime: Of<'check'>): CheckView {
  const { object } = runtime;
  const status = deps.board.verdicts.get(object.id) ?? pendingStatus;
  const { attempts, retryIntervalMs, forMs } = object;
  return {
    id: object.id,
    name: object.name,
    pack: object.pack,
    display_name: object.displayName,
    state: status.state,
    hard: status.hard,
    attempt: status.attempt,
    attempts,
    retry_interval: retryIntervalMs && retryIntervalMs / 1000,
    for: forMs / 1000,
    pending_since: isoTime(status.pendingFor),
    hard_state: status.hardState,
    hard_since: isoTime(status.hardSince),
    stale: isStale(deps, runtime, status),
    flapping: status.flapping.is,
    flapping_percent: status.flapping.percent,
    episode: status.episode,
    output: status.output,
    long_output: status.longOutput,
    perfdata: status.perfdata,
    since: isoTime(status.since),
    last_run: isoTime(status.lastRun),
    next_run: nextRun(deps, runtime),
    interval: object.intervalMs / 1000,
    active: runtime.active,
    inactive_because: inactiveBecause(deps, runtime),
    if_group: object.ifGroup,
    missing: status.missing,
    error: status.error === null ? null : { code: status.error.code, message: status.error.message },
    notes: object.notes ?? '',
    shadow: object.shadow,
    held: deps.notifications.holds.decided(object),
  };
}

/** Whether what is known of a check says nothing of now; also what an earlier agent left, until the first run. */
export function isStale({ clock }: HostDeps, runtime: Runtime, { stale, lastRun }: CheckStatus): boolean {
  if (stale || runtime.hasRun || lastRun === null) return stale;
  return clock.now() - lastRun >= lateAfterMs(runtime.object);
}

/** Why an object does not run here; '' when it does. */
function inactiveBecause(deps: HostDeps, { active, object }: Runtime): string {
  if (active) return '';
  if (object.enabled) return `this host is not in group ${object.ifGroup ?? ''}`;
  if (deps.registry.get(object.plugin) === undefined) return `${object.plugin} is not installed`;
  return `disabled at ${object.place.file}:${object.place.line}`;
}

/** What the views of plugins are made of, gathered once for all of them. */
export interface PluginFacts {
  deps: HostDeps;
  runtimes: ReadonlyMap<string, Runtime[]>;
  services: ReadonlyMap<string, ServiceFigures[]>;
  penalised: ReadonlySet<string>;
}

/** Gathers them: costs a walk over all objects. */
export function pluginFacts(
  deps: HostDeps,
  services: ServiceFigures[],
  penalised: ReadonlySet<string>,
): PluginFacts {
  const byPlugin = new Map<string, Runtime[]>();
  for (const runtime of deps.table.runtimes()) push(byPlugin, runtime.object.plugin, runtime);
  const served = new Map<string, ServiceFigures[]>();
  for (const service of services) push(served, service.plugin, service);
  return { deps, runtimes: byPlugin, services: served, penalised };
}

function push<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** What `plugins` shows of one plugin. */
export function pluginView(facts: PluginFacts, entry: PluginEntry, full: boolean): PluginView {
  const { deps } = facts;
  const runtimes = facts.runtimes.get(entry.id) ?? [];
  const services = facts.services.get(entry.id) ?? [];
  const figures = deps.registry.figures(entry.id);
  let skipped = 0;
  let late = 0;
  for (const { object } of runtimes) {
    const schedule = deps.scheduler.figures(object.id);
    skipped += schedule?.skipped ?? 0;
    late += schedule?.late ?? 0;
  }
  const { state, log } = pluginState(facts, entry, runtimes, services);
  return {
    id: entry.id,
    kind: entry.manifest.kind,
    state,
    origin: entry.origin,
    summary: entry.manifest.summary,
    log,
    runs: figures.runs,
    errors: figures.errors,
    timeouts: figures.timeouts,
    restarts: services.reduce((total, { restarts }) => total + restarts, figures.restarts),
    skipped,
    late,
    last_ms: round(figures.lastMs),
    p99_ms: round(figures.p99Ms),
    heap_bytes: services.reduce<number | null>(
      (total, { heapUsedBytes }) => (total ?? 0) + heapUsedBytes,
      figures.heapBytes,
    ),
    ...approvalView(entry),
    ...(full
      ? {
          manifest: entry.manifest as unknown as JsonObject,
          objects: [...runtimes.map(({ object }) => object.id), ...services.map(({ id }) => id)],
        }
      : {}),
  };
}

function approvalView(entry: PluginEntry): Partial<PluginView> {
  const { approval, waits, rights, approved, digest } = entry;
  if (approval === 'shipped') return {};
  const isChanged = approval !== 'pending' && waits !== undefined;
  return {
    approval: isChanged ? 'changed' : approval,
    ...(waits !== undefined && { waits }),
    ...(rights !== undefined && { rights }),
    ...(approved !== undefined && { approved }),
    digest,
  };
}

const serviceStates: { [state in ServiceState]: PluginState } = {
  starting: 'ok',
  running: 'ok',
  backoff: 'backing-off',
  stopping: 'ok',
  stopped: 'idle',
  failed: 'failed',
};

function pluginState(
  { deps, penalised }: PluginFacts,
  entry: PluginEntry,
  runtimes: Runtime[],
  services: ServiceFigures[],
): { state: PluginState; log: string } {
  const quarantined = deps.quarantine.get(entry.id);
  if (quarantined !== undefined) return { state: 'quarantined', log: quarantined.reason };
  if (entry.approval === 'pending')
    return { state: 'pending', log: `waits for approval: ${entry.waits ?? ''}` };
  if (penalised.has(entry.id))
    return { state: 'penalty', log: 'was terminated; runs apart until three clean runs' };
  const failing = runtimes.find((runtime) => runtime.failures > 0 || runtime.settled === 'error');
  if (failing !== undefined)
    return { state: failing.failures > 2 ? 'backing-off' : 'error', log: failing.log };
  const service = services.find(({ state }) => serviceStates[state] !== 'ok') ?? services[0];
  if (service !== undefined)
    return {
      state: serviceStates[service.state],
      log: service.error === null ? '' : `${service.error.code}: ${service.error.message}`,
    };
  // What its last run came to is of an object that is gone.
  if (entry.manifest.kind === 'handler' && !deps.table.handlers().some(({ plugin }) => plugin === entry.id))
    return { state: 'idle', log: '' };
  const { runs, lastError } = deps.registry.figures(entry.id);
  // Handlers and functions have no object whose runs would tell.
  if (runtimes.length === 0 && lastError !== null) return { state: 'error', log: lastError };
  return { state: runs > 0 ? 'ok' : 'idle', log: '' };
}
