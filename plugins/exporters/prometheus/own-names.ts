import type { CheckFact, Json, JsonObject } from 'opsbro/sdk';
import type { Families } from './families.ts';
import { isTree } from './node-names.ts';

/** One collector, as its route lists it. */
export interface CollectorState {
  name: string;
  state: string;
  duration_ms: number | null;
  results?: JsonObject;
}

const states = ['ok', 'warning', 'critical', 'unknown'];
const maxDepth = 16;

/** How checks stand: those that have not run yet have no state. */
export function checkFamilies(checks: readonly CheckFact[], families: Families): void {
  for (const { id, name, pack, state, hard, since, last_run, stale } of checks) {
    const labels = { check: id, name, pack };
    if (state === 'pending') continue;
    const add = (key: string, help: string, value: unknown) =>
      families.add(`opsbro_check_${key}`, 'gauge', help, value, labels);
    add('state', 'State of a check: 0 ok, 1 warning, 2 critical, 3 unknown.', states.indexOf(state));
    add('hard', 'Whether the state of a check is confirmed.', hard ? 1 : 0);
    add('stale', 'Whether the data of a check is late.', stale ? 1 : 0);
    add(
      'state_since_timestamp_seconds',
      'When a check came into its state.',
      since === null ? undefined : since / 1000,
    );
    add(
      'last_run_timestamp_seconds',
      'When a check last ran.',
      last_run === null ? undefined : last_run / 1000,
    );
  }
}

/** How collectors do; those that have nothing to do here are left out. */
export function collectorFamilies(collectors: readonly CollectorState[], families: Families): void {
  for (const { name, state, duration_ms } of collectors) {
    if (state !== 'ok' && state !== 'error') continue;
    const labels = { collector: name };
    families.add(
      'opsbro_collector_success',
      'gauge',
      'Whether a collector last succeeded.',
      state === 'ok' ? 1 : 0,
      labels,
    );
    const seconds = duration_ms === null ? undefined : duration_ms / 1000;
    families.add(
      'opsbro_collector_duration_seconds',
      'gauge',
      'How long a collector last took.',
      seconds,
      labels,
    );
  }
}

/** The agent's own figures, of its collector `opsbro`. */
export function agentFamilies(tree: JsonObject, families: Families): void {
  const at = (path: string): Json | undefined =>
    path
      .split('.')
      .reduce<Json | undefined>((value, step) => (isTree(value) ? value[step] : undefined), tree);
  const gauge = (name: string, help: string, path: string, factor = 1) => {
    const value = at(path);
    families.add(`opsbro_${name}`, 'gauge', help, typeof value === 'number' ? value * factor : undefined);
  };
  const counter = (name: string, help: string, path: string) =>
    families.add(`opsbro_${name}_total`, 'counter', help, at(path));
  families.add('opsbro_build_info', 'gauge', 'Version of OpsBro.', 1, {
    version: String(at('version') ?? ''),
  });
  gauge('uptime_seconds', 'Time since the agent started.', 'uptime');
  gauge('cpu_usage_ratio', 'Processor time of the agent, as a share of one processor.', 'cpu_percent', 0.01);
  gauge('resident_memory_bytes', 'Resident memory of the agent.', 'memory.rss_bytes');
  gauge('heap_bytes', 'JavaScript heap of the main thread.', 'memory.heap_bytes');
  for (const [key, which] of [
    ['p50', 'at the median'],
    ['p99', 'at the 99th percentile'],
    ['max', 'at most'],
  ] as const)
    gauge(`loop_delay_${key}_seconds`, `How late the scheduler is, ${which}.`, `loop_delay_ms.${key}`, 0.001);
  counter('schedule_runs', 'Runs since the start.', 'schedule.runs');
  counter('schedule_late_runs', 'Runs that started late.', 'schedule.late');
  counter('schedule_skipped_runs', 'Runs left out because the one before had not ended.', 'schedule.skipped');
  gauge('configuration_objects', 'Objects of the configuration.', 'configuration.objects');
  gauge('configuration_errors', 'Errors of the configuration.', 'configuration.errors');
  gauge(
    'notifications_waiting',
    'Notifications that handlers have not been told yet.',
    'notifications.waiting',
  );
  counter('log_errors', 'Errors logged since the start.', 'logs.errors');
  pluginFamilies(at('plugins'), families);
}

function pluginFamilies(kinds: Json | undefined, families: Families): void {
  for (const [kind, plugins] of Object.entries(isTree(kinds) ? kinds : {}))
    for (const [name, figures] of Object.entries(isTree(plugins) ? plugins : {})) {
      if (!isTree(figures)) continue;
      for (const [key, help] of [
        ['runs', 'Runs of a plugin.'],
        ['errors', 'Runs of a plugin that failed.'],
        ['timeouts', 'Runs of a plugin that did not end in time.'],
        ['restarts', 'Restarts of a plugin.'],
      ] as const)
        families.add(`opsbro_plugin_${key}_total`, 'counter', help, figures[key], { kind, plugin: name });
    }
}

/** Every number of a collector that has no name elsewhere, by its path. */
export function otherFamilies(collector: string, tree: JsonObject, families: Families): void {
  const walk = (value: Json, path: string, depth: number): void => {
    if (typeof value === 'number' || typeof value === 'boolean')
      families.add(
        'opsbro_collector_value',
        'gauge',
        'A number of a collector, by its path.',
        Number(value),
        {
          collector,
          key: path,
        },
      );
    else if (isTree(value) && depth < maxDepth)
      for (const [key, inner] of Object.entries(value))
        walk(inner, path === '' ? key : `${path}.${key}`, depth + 1);
  };
  walk(tree, '', 0);
}
