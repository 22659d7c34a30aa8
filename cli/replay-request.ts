import { hostname } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from 'opsbro/sdk';
import type { Loaded } from '../configuration/offline.ts';
import type { ControlClient } from '../control/client.ts';
import type { AgentView, CheckExplanationView, CheckView, HistoryView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { RecordedLife, ReplayRequest } from '../replay/model.ts';
import { commandedDowntimes, recordedLife } from '../replay/recorded.ts';
import type { CliContext } from './context.ts';
import { objectPath } from './live-names.ts';
import { isNotRunning } from './wait.ts';

/** The time that is replayed, epoch ms. */
export interface ReplayTime {
  since: number;
  until: number;
  now: number;
}

/** What is asked of the store and of the agent that runs. */
export interface Gathered {
  request: ReplayRequest;
  /** The folder of the metric store, and where its Whisper files lie elsewhere. */
  store: { folder: string; files: string };
}

/** Finds out what a replay of these checks needs: of the configuration, and of the agent that runs, where one does. */
export async function gather(
  cli: CliContext,
  loaded: Loaded,
  ids: readonly string[],
  { since, until, now }: ReplayTime,
): Promise<Gathered> {
  const client = await cli.agent();
  const agent = await client.request<AgentView>('GET', '/api/v1/agent').catch((error: unknown) => {
    if (!isNotRunning(error)) throw error;
    cli.note('no agent runs here: what really happened is not known, and groups are those of agent.yml');
    return null;
  });
  const of = <Kind extends Loaded['objects'][number]['kind']>(kind: Kind) =>
    loaded.objects.filter((object): object is Extract<typeof object, { kind: Kind }> => object.kind === kind);
  const { groups, nodeZone, displayName, values } = loaded.agent;
  const name = agent?.name ?? hostname();
  const since8601 = new Date(since).toISOString();
  const data = agent?.data ?? cli.directories().data;
  const graphite =
    of('service').find(({ plugin }) => plugin === 'listener/graphite')?.options.store ?? values.store;
  const files = (graphite as JsonObject | undefined)?.directory;
  return {
    store: { folder: join(data, 'metrics'), files: typeof files === 'string' ? files : '' },
    request: {
      configuration: {
        checks: of('check'),
        collectors: of('collector'),
        handlers: of('handler'),
        entries: [...of('downtime'), ...of('silence')],
      },
      ids,
      since,
      until,
      now,
      node: { name, uuid: agent?.uuid ?? '', zone: nodeZone, display_name: displayName },
      groups: agent?.groups.toSorted() ?? groups,
      staticGroups: groups,
      downtimes:
        agent === null ? [] : commandedDowntimes(await entriesOf(client, 'suppressions', since8601), until),
      recorded: agent === null ? new Map() : await recordedLives(client, since8601),
    },
  };
}

async function entriesOf(
  client: ControlClient,
  kind: string,
  since: string,
): Promise<HistoryView['entries']> {
  return (await client.request<HistoryView>('GET', `/api/v1/history/${kind}?since=${since}`)).entries;
}

/** The real life of every check that runs here; who was told is asked by `withTold`, of those that matter. */
async function recordedLives(client: ControlClient, since: string): Promise<Map<string, RecordedLife>> {
  const [checks, entries] = await Promise.all([
    client.request<CheckView[]>('GET', '/api/v1/checks'),
    entriesOf(client, 'checks', since),
  ]);
  return new Map(
    checks
      .filter(({ last_run }) => last_run !== null)
      .map((check) => [
        check.id,
        recordedLife(
          check,
          entries.filter(({ id }) => id === check.id),
          [],
        ),
      ]),
  );
}

/** The same request, with whom the agent really told of the checks that are replayed. */
export async function withTold(cli: CliContext, request: ReplayRequest): Promise<ReplayRequest> {
  const client = await cli.agent();
  const recorded = new Map(request.recorded);
  for (const id of request.ids) {
    const life = recorded.get(id);
    if (life === undefined) continue;
    const path = objectPath('checks', id).replace('/checks/', '/explain/checks/');
    const since = new Date(request.since).toISOString();
    const view = await client.request<CheckExplanationView>('GET', `${path}?since=${since}`);
    const notifications = view.notifications.map(({ at, ...told }) => ({ ...told, at: Date.parse(at) }));
    recorded.set(id, { ...life, notifications });
  }
  return { ...request, recorded };
}

/** Throws where no store ever was. */
export function noHistory(folder: string): OpsbroError {
  const message = `there is no history of metrics in ${folder}; 'store: { enabled: true }' in agent.yml keeps one`;
  return new OpsbroError('OPSBRO_API_NOT_FOUND', message);
}
