import type { Json, JsonObject } from 'opsbro/sdk';
import { measuredSince } from '../../alerting/state/measured.ts';
import type { ControlRoute } from '../../control/route-table.ts';
import { type History, historyKinds } from '../board/history.ts';
import { OpsbroError } from '../errors.ts';
import type { HostDeps } from '../host/deps.ts';
import { isPassive, type Runtime } from '../host/objects.ts';
import type { Runner } from '../host/runner.ts';
import { checkView, collectorView, detectorView, isoTime, timeOf } from './views.ts';

/** Views are interfaces; JSON wants an index signature. */
function json(view: object): JsonObject {
  return view as JsonObject;
}

/** Finds the objects a person means by `name`: an id, or a bare name. Throws OPSBRO_API_NOT_FOUND. */
export function findObject<Found extends Runtime>(found: Found[], what: string, name: string): Found {
  const exact = found.find(({ object }) => object.id === name);
  const named = found.filter(({ object }) => object.name.toLowerCase() === name.toLowerCase());
  const match = exact ?? (named.length === 1 ? named[0] : undefined);
  if (match !== undefined) return match;
  if (named.length > 1) {
    const ids = named.map(({ object }) => object.id).join(', ');
    throw new OpsbroError('OPSBRO_API_INVALID', `${what} '${name}' is ambiguous: ${ids}; use the full id`);
  }
  throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no ${what} '${name}'`);
}

async function runHere(runner: Runner, runtime: Runtime): Promise<void> {
  const { object } = runtime;
  if (await runner.runOnce(object.id)) return;
  if (isPassive(runtime))
    throw new OpsbroError('OPSBRO_API_INVALID', `${object.id} is not run here: others report it`);
  const why = object.enabled ? `this host is not in group '${object.ifGroup}'` : 'it is disabled';
  throw new OpsbroError('OPSBRO_API_INVALID', `${object.id} does not run here: ${why}`);
}

function byName(left: { object: { name: string } }, right: { object: { name: string } }): number {
  return left.object.name < right.object.name ? -1 : 1;
}

/** Routes of collectors: list, show, run. */
export function collectorRoutes(deps: HostDeps, runner: Runner): ControlRoute[] {
  const all = () => deps.table.of('collector').sort(byName);
  const view = (name: string): Json => json(collectorView(deps, findObject(all(), 'collector', name), true));
  return [
    {
      method: 'GET',
      path: '/api/v1/collectors',
      scope: 'read',
      handle: ({ query }) => ({
        body: all().map((runtime) => json(collectorView(deps, runtime, query.results === '1'))),
      }),
    },
    {
      method: 'GET',
      path: '/api/v1/collectors/*name',
      scope: 'read',
      handle: ({ params }) => ({ body: view(params.name as string) }),
    },
    {
      method: 'POST',
      path: '/api/v1/collectors/:name/run',
      scope: 'write',
      async handle({ params }) {
        const runtime = findObject(all(), 'collector', params.name as string);
        await runHere(runner, runtime);
        return { body: view(runtime.object.id) };
      },
    },
  ];
}

/** Routes of detectors and groups. */
export function detectorRoutes(deps: HostDeps, runner: Runner): ControlRoute[] {
  const all = () => deps.table.of('detector').sort(byName);
  const isLate = (id: string): boolean => {
    const runtime = deps.table.get(id);
    return runtime !== undefined && runner.isLate(runtime);
  };
  return [
    {
      method: 'GET',
      path: '/api/v1/detectors',
      scope: 'read',
      handle: () => ({ body: all().map((runtime) => json(detectorView(deps, runtime))) }),
    },
    {
      method: 'POST',
      path: '/api/v1/detectors/run',
      scope: 'write',
      async handle() {
        const before = new Set(deps.board.groups);
        await Promise.all(all().map(({ object }) => runner.runOnce(object.id)));
        const detectors = all().map((runtime) => {
          const { matched, groups } = detectorView(deps, runtime);
          return [
            runtime.object.id,
            { matched, groups, new_groups: groups.filter((name) => !before.has(name)) },
          ];
        });
        return { body: { detectors: Object.fromEntries(detectors) as JsonObject } };
      },
    },
    {
      method: 'GET',
      path: '/api/v1/groups',
      scope: 'read',
      handle: () => ({
        body: {
          groups: [...deps.board.groupEntries()]
            .sort(([left], [right]) => (left < right ? -1 : 1))
            .map(([name, { source, since, detectors }]) => ({
              name,
              source,
              since: isoTime(since),
              detectors,
              stale: detectors.length > 0 && detectors.every(isLate),
            })),
        },
      }),
    },
  ];
}

/** Routes of checks: list, show, run. */
export function checkRoutes(deps: HostDeps, runner: Runner): ControlRoute[] {
  const all = () => deps.table.of('check').sort(byName);
  const those = (ids: string[]) => ids.flatMap((id) => deps.table.get(id) ?? []) as ReturnType<typeof all>;
  const measured = (since: number) => those(measuredSince(deps.board.verdicts, since));
  const list: ControlRoute['handle'] = ({ query }) => {
    const found = 'measured_since' in query ? measured(timeOf(query, 'measured_since')) : all();
    return { body: found.map((runtime) => json(checkView(deps, runtime))) };
  };
  const held = () => ({ body: json(deps.notifications.holds.held()) });
  return [
    { method: 'GET', path: '/api/v1/checks', scope: 'read', handle: list },
    { method: 'GET', path: '/api/v1/held', scope: 'read', handle: held },
    {
      method: 'POST',
      path: '/api/v1/checks/:name/run',
      scope: 'write',
      async handle({ params }) {
        const runtime = findObject(all(), 'check', params.name as string);
        await runHere(runner, runtime);
        return { body: json(checkView(deps, runtime)) };
      },
    },
    {
      method: 'GET',
      path: '/api/v1/checks/*name',
      scope: 'read',
      handle: ({ params }) => ({
        body: json(checkView(deps, findObject(all(), 'check', params.name as string))),
      }),
    },
  ];
}

/** Routes of what changed when. */
export function historyRoutes(history: History): ControlRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/history/:kind',
      scope: 'read',
      handle({ params, query }) {
        const kind = historyKinds.find((each) => each === params.kind);
        if (kind === undefined) {
          throw new OpsbroError(
            'OPSBRO_API_NOT_FOUND',
            `no history of '${params.kind}'; there is one of ${historyKinds.join(', ')}`,
          );
        }
        const since = query.since === undefined ? 0 : timeOf(query, 'since');
        const entries = history
          .list(kind, since)
          .filter((change) => query.id === undefined || change.id === query.id)
          .map(({ at, id, name, oldState, state, log, detail, match }) => ({
            at: isoTime(at),
            id,
            name,
            old_state: oldState,
            state,
            log,
            ...(detail && {
              cause: detail.cause,
              hard: detail.hard,
              old_hard_state: detail.oldHardState,
              hard_state: detail.hardState,
              attempt: detail.attempt,
              episode: detail.episode,
              stale: detail.stale,
            }),
            ...(match && { match }),
          }));
        return { body: { entries } };
      },
    },
  ];
}
