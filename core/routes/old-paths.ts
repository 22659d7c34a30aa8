import type { Json, JsonObject, NodeDetailsSnapshot, NodesSnapshot } from 'opsbro/sdk';
import type { CheckStatus } from '../../alerting/model.ts';
import type { ControlRoute } from '../../control/route-table.ts';
import type { History, HistoryEntry, HistoryKind } from '../board/history.ts';
import { OpsbroError } from '../errors.ts';
import type { HostDeps } from '../host/deps.ts';
import type { Runtime } from '../host/objects.ts';
import { type AgentInside, agentView } from './agent.ts';
import { findObject } from './objects.ts';
import { checkView, collectorView, detectorView } from './views.ts';

const stateIds: { [state in CheckStatus['state']]: number } = {
  ok: 0,
  warning: 1,
  critical: 2,
  unknown: 3,
  pending: 3,
};

/** What programs written for the first OpsBro ask for: its paths and shapes, read only. Times are epoch seconds. */
export function oldRoutes(inside: AgentInside, history: History): ControlRoute[] {
  const { deps, identity } = inside;
  const checks = (): JsonObject =>
    Object.fromEntries(active(deps.table.of('check')).map((runtime) => oldCheck(deps, runtime)));
  const oneCheck = (name: string): Json =>
    oldCheck(deps, findObject(deps.table.of('check'), 'check', name))[1];
  return [
    get('/agent/info', () => oldInfo(inside)),
    get('/agent/state', () => (inside.state() === 'running' ? 'ok' : 'initializing')),
    get('/agent/name', () => identity.name),
    get('/agent/uuid', () => identity.uuid),
    get('/agent/members', () => oldMembers(inside.services.snapshot('nodes'))),
    get('/agent/members/history', () => oldHistory(history, 'nodes')),
    get('/agent/detectors', () => deps.table.of('detector').map((runtime) => oldDetector(deps, runtime))),
    get('/agent/detectors/state', () => [...deps.board.groups]),
    get('/agent/detectors/history', () => oldHistory(history, 'detectors')),
    get('/agent/collectors/history', () => oldHistory(history, 'collectors')),
    get('/collectors', () => deps.table.of('collector').map((runtime) => oldCollector(deps, runtime))),
    get('/collectors/:name', (name) => {
      const found = deps.table.of('collector').find(({ object }) => object.name === name);
      return found === undefined ? null : oldCollector(deps, found);
    }),
    get('/monitoring/state', () => ({ checks: checks(), services: {} })),
    get('/monitoring/state/:name', (uuid) =>
      uuid === identity.uuid
        ? { checks: checks(), services: {} }
        : oldDetails(inside.services.snapshot('node-details'), uuid),
    ),
    get('/monitoring/history/checks', () => oldHistory(history, 'checks')),
    get('/monitoring/checks', checks),
    get('/monitoring/checks/*name', oneCheck),
    get('/agent/checks', checks),
    get('/agent/checks/*name', oneCheck),
  ];
}

function get(path: string, read: (name: string) => Json): ControlRoute {
  return {
    method: 'GET',
    path,
    scope: 'read',
    handle: ({ params }) => ({ body: read(params.name ?? '') }),
  };
}

/** The nodes of the cluster by uuid: none where no gossip runs. */
function oldMembers(nodes: Json | undefined): JsonObject {
  const snapshot = nodes as unknown as NodesSnapshot | undefined;
  return Object.fromEntries(
    (snapshot?.nodes ?? []).map((node) => {
      const { uuid, name, display_name, addresses, port, zone, groups, state, incarnation, proxy } = node;
      const plain = { uuid, name, display_name, port, zone, groups, state, incarnation };
      return [uuid, { ...plain, addr: addresses[0] ?? '', is_proxy: proxy, services: {}, checks: {} }];
    }),
  );
}

/** The checks of another node, as far as a service of this agent asked for them. */
function oldDetails(details: Json | undefined, uuid: string): Json {
  const known = (details ?? {}) as unknown as NodeDetailsSnapshot;
  if (!Object.hasOwn(known, uuid))
    throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no checks of a node '${uuid}' are known here`);
  const checks = (known[uuid]?.checks ?? []).map(({ id, name, pack, state, output }) => [
    id,
    { id, name, pack_name: pack, state, state_id: stateIds[state], output },
  ]);
  return { checks: Object.fromEntries(checks), services: {} };
}

function active<Found extends Runtime>(found: Found[]): Found[] {
  return found.filter((runtime) => runtime.active);
}

function seconds(time: string | null): number {
  return time === null ? 0 : Math.floor(Date.parse(time) / 1000);
}

function oldInfo(inside: AgentInside): JsonObject {
  const view = agentView(inside);
  const { stale, ...monitoring } = view.checks;
  const threads = Object.values(view.threads).reduce((total, count) => total + count, 0);
  const collectors = inside.deps.table
    .of('collector')
    .map(({ object: { name }, settled, log }) => [name, { name, state: oldState(settled), log }]);
  return {
    agent_state: view.state === 'running' ? 'ok' : 'initializing',
    pid: view.pid,
    name: view.name,
    display_name: view.display_name,
    uuid: view.uuid,
    zone: view.zone,
    version: view.version,
    socket: view.socket,
    groups: view.groups,
    threads: { nb_threads: threads },
    logs: { ERROR: view.logs.errors, WARNING: view.logs.warnings },
    collectors: Object.fromEntries(collectors),
    // An OK that is too old to be believed is what the first OpsBro would have called unknown.
    monitoring: { ...monitoring, unknown: monitoring.unknown + stale },
    cpu_consumption: view.cpu_percent,
    memory_consumption: view.memory.rss_bytes,
  };
}

function oldState(state: string): string {
  return state.toUpperCase();
}

function oldCollector(deps: HostDeps, runtime: Parameters<typeof collectorView>[1]): JsonObject {
  const { name, last_run, next_run, results = {}, active: hasData, log } = collectorView(deps, runtime, true);
  return {
    name,
    last_check: seconds(last_run),
    next_check: seconds(next_run),
    results,
    metrics: leaves(results),
    active: hasData,
    log,
    state: oldState(runtime.settled),
  };
}

/** Numbers of a tree as `[a.b, value]`. */
function leaves(tree: Json, path = ''): Json[] {
  if (typeof tree === 'number') return [[path.toLowerCase(), tree]];
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) return [];
  return Object.entries(tree).flatMap(([key, value]) => leaves(value, path === '' ? key : `${path}.${key}`));
}

function oldDetector(deps: HostDeps, runtime: Parameters<typeof detectorView>[1]): JsonObject {
  const { name, pack, apply_if, add_groups, matched, groups } = detectorView(deps, runtime);
  return { name, pack_name: pack, apply_if, add_groups, matched: matched === true, groups };
}

function oldCheck(deps: HostDeps, runtime: Parameters<typeof checkView>[1]): [string, JsonObject] {
  const { id, name, pack, display_name, state, output, last_run, if_group, interval, notes } = checkView(
    deps,
    runtime,
  );
  return [
    id,
    {
      id,
      name,
      pack_name: pack,
      display_name,
      state,
      state_id: stateIds[state],
      output,
      last_check: seconds(last_run),
      if_group,
      interval,
      notes,
    },
  ];
}

/** By second, oldest first. */
function oldHistory(history: History, kind: HistoryKind): Json[] {
  const bySecond = new Map<number, Json[]>();
  for (const entry of history.list(kind)) {
    const date = Math.floor(entry.at / 1000);
    const entries = bySecond.get(date) ?? [];
    bySecond.set(date, entries);
    entries.push(oldEntry(kind, entry));
  }
  return [...bySecond].map(([date, entries]) => ({ date, entries }));
}

function oldEntry(kind: HistoryKind, { id, name, oldState: before, state, log }: HistoryEntry): JsonObject {
  if (kind !== 'checks') return { name, old_state: oldState(before), state: oldState(state), log };
  const number = (of: string): number => stateIds[of as keyof typeof stateIds] ?? 3;
  return {
    id,
    name,
    old_state: before,
    old_state_id: number(before),
    state,
    state_id: number(state),
    output: log,
  };
}
