import { getHeapStatistics } from 'node:v8';
import type { JsonObject } from 'opsbro/sdk';
import { pendingStatus } from '../../alerting/model.ts';
import type { AgentSettings } from '../../configuration/model.ts';
import type { LogsView } from '../../control/log-shapes.ts';
import { residentBytes } from '../../control/process-limits.ts';
import type { ControlRoute } from '../../control/route-table.ts';
import type { AgentView, PluginView, ReloadView } from '../../control/shapes.ts';
import type { SandboxFigures } from '../../sandbox/budgets/ledger.ts';
import type { ServiceHost } from '../../threads/services/services.ts';
import type { HostDeps } from '../host/deps.ts';
import type { LoadStatus, Reloader } from '../host/reloader.ts';
import { isoTime, isStale, pluginFacts, pluginView } from './views.ts';

/** What the agent knows of itself; asked for, never kept. */
export interface AgentInside {
  deps: HostDeps;
  reloader: Reloader;
  identity: {
    name: string;
    uuid: string;
    version: string;
    startedAt: number;
    /** The same moment on the monotonic clock. */
    startedMs: number;
    socket: string;
    data: string;
    config: string[];
  };
  settings(): AgentSettings;
  state(): AgentView['state'];
  threads(): AgentView['threads'];
  penalised(): ReadonlySet<string>;
  /** What a sandboxed plugin used up; undefined for one that has not run. */
  sandbox(plugin: string): SandboxFigures | undefined;
  services: Pick<ServiceHost, 'figures' | 'snapshot'>;
  /** Starts what services may run now. */
  linkServices(): void;
  cpuPercent(): number;
  logFigures(): AgentView['logs'];
  /** See `AgentLog.read`. */
  readLog(after: number | null, part: string | null): LogsView;
  stop(): void;
}

const slowestShown = 5;

/** All plugins as `plugins list` shows them, sorted by id. */
export function pluginViews({ deps, penalised, services }: AgentInside): PluginView[] {
  const facts = pluginFacts(deps, services.figures(), penalised());
  return deps.registry
    .all()
    .sort((left, right) => (left.id < right.id ? -1 : 1))
    .map((entry) => pluginView(facts, entry, false));
}

/** The screen of `agent info`, as data; its loop delay is that of the last `ticks`, when that is a number. */
export function agentView(inside: AgentInside, ticks = '', plugins = pluginViews(inside)): AgentView {
  const { deps, identity } = inside;
  const settings = inside.settings();
  return {
    state: inside.state(),
    version: identity.version,
    name: identity.name,
    display_name: settings.displayName,
    uuid: identity.uuid,
    zone: settings.nodeZone,
    pid: process.pid,
    socket: identity.socket,
    data: identity.data,
    config: identity.config,
    started_at: isoTime(identity.startedAt) as string,
    uptime: Math.round((deps.clock.monotonic() - identity.startedMs) / 1000),
    groups: [...deps.board.groups],
    checks: checkCounts(deps),
    collectors: collectorCounts(deps),
    detectors: deps.table.of('detector').length,
    notifications: { ...deps.notifications.outbox.sizes(), held: deps.notifications.holds.counts() },
    slowest: slowest(plugins),
    plugins: {
      total: plugins.length,
      troubled: plugins.filter(isTroubled).map(({ id, state, log }) => ({ id, state, log })),
    },
    threads: inside.threads(),
    memory: { rss_bytes: residentBytes(), heap_bytes: getHeapStatistics().used_heap_size },
    cpu_percent: inside.cpuPercent(),
    loop_delay_ms: deps.scheduler.loopDelay(Number(ticks) || undefined),
    schedule: deps.scheduler.totals(),
    configuration: configurationCounts(inside.reloader.status(), deps),
    logs: inside.logFigures(),
    variables: settings.variables,
  };
}

function isTroubled({ state }: PluginView): boolean {
  return state !== 'ok' && state !== 'idle';
}

function slowest(plugins: PluginView[]): AgentView['slowest'] {
  return plugins
    .filter((plugin) => plugin.p99_ms !== null)
    .sort((left, right) => (right.p99_ms ?? 0) - (left.p99_ms ?? 0))
    .slice(0, slowestShown)
    .map(({ id, p99_ms, runs }) => ({ plugin: id, p99_ms: p99_ms ?? 0, runs }));
}

function checkCounts(deps: HostDeps): AgentView['checks'] {
  const counts = { ok: 0, warning: 0, critical: 0, unknown: 0, pending: 0, stale: 0 };
  for (const runtime of deps.table.of('check')) {
    if (!runtime.active) continue;
    const status = deps.board.verdicts.get(runtime.object.id) ?? pendingStatus;
    counts[status.state === 'ok' && isStale(deps, runtime, status) ? 'stale' : status.state] += 1;
  }
  return counts;
}

function collectorCounts(deps: HostDeps): AgentView['collectors'] {
  const counts: { [state: string]: number } = {};
  for (const { settled } of deps.table.of('collector')) counts[settled] = (counts[settled] ?? 0) + 1;
  return counts;
}

function configurationCounts(status: LoadStatus, deps: HostDeps): AgentView['configuration'] {
  const errors = status.diagnostics.filter(({ severity }) => severity === 'error').length;
  return {
    generation: status.generation,
    objects: deps.table.all().length,
    files: status.fileCount,
    errors,
    warnings: status.diagnostics.length - errors,
    loaded_at: isoTime(status.loadedAt) as string,
  };
}

/** Routes of the agent itself: info, stop, reload. */
export function agentRoutes(inside: AgentInside): ControlRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/agent',
      scope: 'read',
      handle: ({ query }) => ({ body: agentView(inside, query.ticks) as unknown as JsonObject }),
    },
    {
      method: 'POST',
      path: '/api/v1/agent/stop',
      scope: 'admin',
      handle() {
        setImmediate(() => inside.stop());
        return { body: { ok: true } };
      },
    },
    {
      method: 'POST',
      path: '/api/v1/agent/reload',
      scope: 'admin',
      async handle() {
        const { plan, ok } = await inside.reloader.reload();
        const view: ReloadView = {
          ok,
          generation: plan.generation,
          started: plan.start.map(({ id }) => id),
          restarted: plan.restart.map(({ id }) => id),
          stopped: plan.stop,
          kept: plan.kept,
          diagnostics: plan.diagnostics,
        };
        return { body: view as unknown as JsonObject };
      },
    },
    {
      method: 'GET',
      path: '/api/v1/threads',
      scope: 'read',
      handle: () => ({ body: { ...inside.threads() } }),
    },
  ];
}
