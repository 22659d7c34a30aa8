import type { Json, JsonObject } from 'opsbro/sdk';
import { pendingStatus } from '../../checks/status.ts';
import type { PluginEntry } from '../../config/model.ts';
import type { HostDeps } from '../../host/deps.ts';
import type { ObjectTable, Runtime } from '../../host/objects.ts';
import type { CheckView, CollectorView, DetectorView, PluginState, PluginView } from '../shapes.ts';

type Of<Kind extends 'collector' | 'detector' | 'check'> = ReturnType<
  typeof ObjectTable.prototype.of<Kind>
>[number];

/** RFC 3339 text of an epoch time; null stays null. */
export function isoTime(at: number | null | undefined): string | null {
  return at === null || at === undefined ? null : new Date(at).toISOString();
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
  return {
    id: object.id,
    name: object.name,
    pack: object.pack,
    display_name: object.displayName,
    state: status.state,
    hard: status.hard,
    output: status.output,
    since: isoTime(status.since),
    last_run: isoTime(status.lastRun),
    next_run: nextRun(deps, runtime),
    interval: object.intervalMs / 1000,
    active: runtime.active,
    if_group: object.ifGroup,
    missing: status.missing,
    error: status.error === null ? null : { code: status.error.code, message: status.error.message },
    notes: object.notes ?? '',
  };
}

/** What `plugins` shows of one plugin. */
export function pluginView(
  deps: HostDeps,
  entry: PluginEntry,
  penalised: ReadonlySet<string>,
  full: boolean,
): PluginView {
  const runtimes = [...deps.table.runtimes()].filter(({ object }) => object.plugin === entry.id);
  const figures = deps.registry.figures(entry.id);
  const schedule = runtimes.map(({ object }) => deps.scheduler.figures(object.id));
  const sum = (key: 'late' | 'skipped'): number =>
    schedule.reduce((total, each) => total + (each?.[key] ?? 0), 0);
  const { state, log } = pluginState(deps, entry, runtimes, penalised);
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
    restarts: figures.restarts,
    skipped: sum('skipped'),
    late: sum('late'),
    last_ms: round(figures.lastMs),
    p99_ms: round(figures.p99Ms),
    heap_bytes: figures.heapBytes,
    ...(full
      ? {
          manifest: entry.manifest as unknown as JsonObject,
          objects: runtimes.map(({ object }) => object.id),
        }
      : {}),
  };
}

function pluginState(
  deps: HostDeps,
  entry: PluginEntry,
  runtimes: Runtime[],
  penalised: ReadonlySet<string>,
): { state: PluginState; log: string } {
  const quarantined = deps.quarantine.get(entry.id);
  if (quarantined !== undefined) return { state: 'quarantined', log: quarantined.reason };
  if (entry.approval === 'pending') return { state: 'pending', log: 'waits for approval' };
  if (penalised.has(entry.id))
    return { state: 'penalty', log: 'was terminated; runs apart until three clean runs' };
  const failing = runtimes.find((runtime) => runtime.failures > 0 || runtime.settled === 'error');
  if (failing !== undefined)
    return { state: failing.failures > 2 ? 'backing-off' : 'error', log: failing.log };
  return { state: deps.registry.figures(entry.id).runs > 0 ? 'ok' : 'idle', log: '' };
}
