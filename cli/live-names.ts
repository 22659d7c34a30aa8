import type { NodesSnapshot } from 'opsbro/sdk';
import type { ShownObject } from '../configuration/model.ts';
import type { ControlClient } from '../control/client.ts';
import type { GroupsView, OutboxEntryView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import { nearest } from '../language/nearest.ts';
import { type PushStatus, pushedItems } from './push-items.ts';

/** What can be named on a command line and is known only to the running agent. */
export type LiveNoun =
  | 'collectors'
  | 'detectors'
  | 'checks'
  | 'plugins'
  | 'groups'
  | 'functions'
  | 'objects'
  | 'packs'
  | 'parameters'
  | 'settings'
  | 'routes'
  | 'servers'
  | 'pushed'
  | 'removed'
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

interface Named {
  name: string;
}

/** The command of a noun, where they differ. */
const commands: { [noun: string]: string } = {
  downtimes: 'downtime',
  silences: 'silence',
  acknowledgements: 'ack',
  outbox: 'handlers outbox',
  sessions: 'web sessions',
};

type Get = <T>(path: string) => Promise<T>;

/** How the names of a noun are asked for, where its route is no list of objects with names. */
const readers: { [noun in LiveNoun]?: (get: Get) => Promise<string[]> } = {
  plugins: async (get) => idsOf(await get('/api/v1/plugins')),
  groups: async (get) => namesOf((await get<GroupsView>('/api/v1/groups')).groups),
  objects: async (get) => [...idsOf(await get('/api/v1/config/running')), 'agent'],
  dashboards: async (get) => {
    const ids = idsOf(await get('/api/v1/config/running')).map((id) => id.split('/'));
    return ids.flatMap(([, kind, name = '']) => (kind === 'dashboard' ? [name] : []));
  },
  packs: async (get) => idsOf(await get('/api/v1/config/running')).map((id) => id.split('/')[0] ?? ''),
  parameters: async (get) =>
    (await get<ShownObject[]>('/api/v1/config/objects/parameters')).flatMap(({ id, keys }) =>
      keys.map(({ key }) => `${id.split('/')[0]}.${key}`),
    ),
  settings: async (get) =>
    (await get<ShownObject[]>('/api/v1/config/objects/agent')).flatMap(({ keys }) =>
      keys.map(({ key }) => key),
    ),
  routes: async (get) => Object.keys((await get<{ paths: object }>('/api/openapi.json')).paths),
  servers: async (get) => namesOf(await get('/api/v1/push/servers')),
  pushed: async (get) => namesOf(pushedItems(await get<PushStatus>('/api/v1/push/status'))),
  removed: async (get) => namesOf(await get('/api/v1/push/removed')),
  series: (get) => get('/metrics/index.json'),
  functions: async (get) => namesOf(await get('/api/v1/evaluator/functions')),
  downtimes: async (get) => idsOf(await get('/api/v1/downtimes')),
  silences: async (get) => idsOf(await get('/api/v1/silences')),
  acknowledgements: async (get) =>
    (await get<{ check: string }[]>('/api/v1/acknowledgements')).map((one) => one.check),
  outbox: async (get) => (await get<OutboxEntryView[]>('/api/v1/outbox')).map((one) => String(one.serial)),
  members: async (get) => namesOf((await get<NodesSnapshot>('/api/v1/gossip/members')).nodes),
  zones: async (get) => namesOf((await get<{ zones: Named[] }>('/api/v1/gossip/zones')).zones),
  keys: async (get) => idsOf((await get<{ keys: { id: string }[] }>('/api/v1/gossip/keyring')).keys),
  events: async (get) => namesOf(await get('/api/v1/gossip/events')),
};

/** The names of a kind the agent knows now, each once, sorted. */
export async function liveNames(
  client: ControlClient,
  noun: LiveNoun,
  timeoutMs = 10_000,
): Promise<string[]> {
  const get: Get = <T>(path: string) => client.request<T>('GET', path, undefined, { timeoutMs });
  const read = readers[noun] ?? (async () => namesOf(await get<Named[]>(`/api/v1/${noun}`)));
  return [...new Set(await read(get))].sort();
}

function namesOf(all: readonly Named[]): string[] {
  return all.map(({ name }) => name);
}

function idsOf(all: readonly { id: string }[]): string[] {
  return all.map(({ id }) => id);
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
