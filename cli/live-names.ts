import type { NodesSnapshot } from 'opsbro/sdk';
import type { RunningObject } from '../configuration/model.ts';
import type { ControlClient } from '../control/client.ts';
import type {
  CheckView,
  CollectorView,
  DetectorView,
  GroupsView,
  HandlerView,
  OutboxEntryView,
  PluginView,
} from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import { nearest } from '../language/nearest.ts';

/** What can be named on a command line and is known only to the running agent. */
export type LiveNoun =
  | 'collectors'
  | 'detectors'
  | 'checks'
  | 'plugins'
  | 'groups'
  | 'functions'
  | 'objects'
  | 'dashboards'
  | 'series'
  | 'downtimes'
  | 'silences'
  | 'acknowledgements'
  | 'handlers'
  | 'outbox'
  | 'members'
  | 'zones'
  | 'keys'
  | 'tokens'
  | 'sessions'
  | 'events';

/** The command of a noun, where they differ. */
const commands: { [noun: string]: string } = {
  downtimes: 'downtime',
  silences: 'silence',
  acknowledgements: 'ack',
  outbox: 'handlers outbox',
  sessions: 'web sessions',
};

/** The names of a kind the agent knows now, sorted. */
export async function liveNames(
  client: ControlClient,
  noun: LiveNoun,
  timeoutMs = 10_000,
): Promise<string[]> {
  const get = <T>(path: string): Promise<T> =>
    client.request<T>('GET', `/api/v1/${path}`, undefined, { timeoutMs });
  switch (noun) {
    case 'plugins':
      return (await get<PluginView[]>('plugins')).map((one) => one.id).sort();
    case 'groups':
      return (await get<GroupsView>('groups')).groups.map((one) => one.name).sort();
    case 'objects':
      return [...(await get<RunningObject[]>('config/running')).map((one) => one.id), 'agent'].sort();
    case 'dashboards': {
      const ids = (await get<RunningObject[]>('config/running')).map((one) => one.id.split('/'));
      return ids.flatMap(([, kind, name = '']) => (kind === 'dashboard' ? [name] : [])).sort();
    }
    case 'series':
      return client.request<string[]>('GET', '/metrics/index.json', undefined, { timeoutMs });
    case 'functions':
      return (await get<{ name: string }[]>('evaluator/functions')).map((one) => one.name).sort();
    case 'downtimes':
    case 'silences':
      return (await get<{ id: string }[]>(noun)).map((one) => one.id).sort();
    case 'acknowledgements':
      return (await get<{ check: string }[]>(noun)).map((one) => one.check).sort();
    case 'outbox':
      return (await get<OutboxEntryView[]>(noun)).map((one) => String(one.serial));
    case 'members':
      return (await get<NodesSnapshot>('gossip/members')).nodes.map((one) => one.name).sort();
    case 'zones':
      return (await get<{ zones: { name: string }[] }>('gossip/zones')).zones.map(({ name }) => name).sort();
    case 'keys':
      return (await get<{ keys: { id: string }[] }>('gossip/keyring')).keys.map((one) => one.id);
    case 'events':
      return [...new Set((await get<{ name: string }[]>('gossip/events')).map((one) => one.name))].sort();
    default: {
      const all = await get<(CollectorView | DetectorView | CheckView | HandlerView)[]>(noun);
      return [...new Set(all.map((one) => one.name))].sort();
    }
  }
}

/** The path of an object's route; its name may be an id with slashes. */
export function objectPath(noun: LiveNoun, name: string, verb = ''): string {
  return `/api/v1/${noun}/${encodeURIComponent(name)}${verb === '' ? '' : `/${verb}`}`;
}

/**
 * Runs `act`; when the agent does not know `name`, the error also says which name was probably meant. Of several names it is about the one
 * that it quotes.
 */
export async function orSuggest<T>(
  client: ControlClient,
  noun: LiveNoun,
  name: string | readonly string[],
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof OpsbroError) || error.code !== 'OPSBRO_API_NOT_FOUND') throw error;
    const names = [name].flat();
    const unknown = names.find((one) => error.message.includes(`'${one}'`)) ?? names[0] ?? '';
    const meant = nearest(unknown, await liveNames(client, noun).catch(() => []));
    const advice =
      meant === undefined ? `'opsbro ${commands[noun] ?? noun} list' shows all` : `did you mean '${meant}'?`;
    throw new OpsbroError(error.code, `${error.message}; ${advice}`, { cause: error });
  }
}
