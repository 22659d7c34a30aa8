import type {
  ClusterNode,
  Json,
  JsonObject,
  NodesSnapshot,
  RouteAnswer,
  RouteReply,
  RouteRequest,
} from 'opsbro/sdk';

/** Asks a route of the agent. */
export type Ask = (request: RouteRequest) => Promise<RouteAnswer>;

/** Answers a path of the first OpsBro that the agent itself does not know, in its shape. */
type OldRoute = (ask: Ask, name: string) => Promise<Json>;

/** What nobody has configured, as the first OpsBro answered it. */
const empty: { [path: string]: Json } = {
  '/agent/generators': [],
  '/agent/propagate/libexec': '',
  '/agent/propagate/configuration': '',
  '/agent/services': {},
  '/monitoring/services': {},
  '/state/services': {},
  '/generators/state': {},
  '/generators/history': [],
  '/compliance/state': {},
  '/compliance/history': [],
  '/installers': {},
  '/docker': false,
  '/docker/containers': [],
  '/docker/images': [],
  '/docker/stats': {},
};

const routes: { [path: string]: OldRoute } = {
  '/api': async (ask) => {
    const { paths } = (await get(ask, '/api/openapi.json')) as { paths: { [path: string]: JsonObject } };
    const methods = [...new Set(Object.values(paths).flatMap((one) => Object.keys(one)))].sort();
    return methods.map((method) => ({
      method: method.toUpperCase(),
      routes: Object.keys(paths).filter((path) => paths[path]?.[method] !== undefined),
    }));
  },
  '/agent/state/:uuid': (ask, uuid) => get(ask, '/monitoring/state/:name', { name: uuid }),
  '/agent/zones': async (ask) => {
    const { zones } = (await inCluster(ask, '/api/v1/gossip/zones')) as { zones?: JsonObject[] };
    return Object.fromEntries(
      (zones ?? []).map(({ name, own, key }) => [
        String(name),
        { name: name ?? '', is_our_zone: own ?? false, have_gossip_key: key ?? false },
      ]),
    );
  },
  '/agent/query/guess/:name': async (ask, name) => {
    const members = (await get(ask, '/agent/members')) as { [uuid: string]: JsonObject };
    const found = Object.values(members).find(
      (node) => node.uuid === name || node.name === name || node.display_name === name,
    );
    return found ?? null;
  },
  '/agent/ping/:uuid': async (ask, uuid): Promise<JsonObject> => {
    const { nodes = [] } = (await inCluster(
      ask,
      '/api/v1/gossip/members',
    )) as unknown as Partial<NodesSnapshot>;
    const node = nodes.find((one: ClusterNode) => one.uuid === uuid);
    if (node === undefined) return { error: `No such node ${uuid}` };
    const asked = {
      route: '/api/v1/gossip/ping',
      method: 'POST',
      params: {},
      query: {},
      body: { node: uuid },
    };
    const { status } = await ask(asked);
    return { state: status === 200 ? 'alive' : node.state === 'alive' ? 'suspect' : node.state };
  },
  '/agent/event/:type': async (ask, type) => {
    const events = (await inCluster(ask, '/api/v1/gossip/events', { name: type })) as
      | JsonObject[]
      | JsonObject;
    const last = Array.isArray(events) ? events.at(-1) : undefined;
    if (last === undefined) return null;
    const { id = '', from = '', payload = null, at } = last;
    const ctime = Math.floor(Date.parse(String(at)) / 1000);
    return { type: 'event', eventid: id, from, ctime, payload: { type, ...(isObject(payload) && payload) } };
  },
  '/agent/evaluator/list': async (ask) => {
    const functions = (await get(ask, '/api/v1/evaluator/functions')) as JsonObject[];
    return functions.map(({ name = '', group = '', summary = '', prototype }) => {
      return { name, group, doc: summary, prototype: prototypeOf(String(prototype)) };
    });
  },
  '/packs': async (ask) => {
    const objects = (await get(ask, '/api/v1/config/running')) as { id: string; file: string }[];
    const { directories } = (await get(ask, '/api/v1/config/status')) as { directories: string[] };
    const levels: { [level: string]: { [pack: string]: Json } } = {
      core: {},
      global: {},
      zone: {},
      local: {},
    };
    for (const { id, file } of objects) {
      const at = directories.findLastIndex((directory) => file.startsWith(`${directory}/`));
      const level = levels[at <= 0 ? 'core' : at === directories.length - 1 ? 'local' : 'global'];
      const pack = id.split('/', 1)[0] ?? '';
      if (level !== undefined) level[pack] = [{ name: pack }, `${directories[Math.max(at, 0)]}/${pack}`];
    }
    return levels;
  },
  '/log/parts': async (ask) => {
    const plugins = (await get(ask, '/api/v1/plugins')) as { id: string }[];
    return ['agent', ...plugins.map(({ id }) => id)];
  },
  '/threads': async (ask) => {
    const threads = (await get(ask, '/api/v1/threads')) as { [kind: string]: number };
    const all = Object.entries(threads).map(([name, count]) => ({ name, count }));
    return { nb_threads: all.reduce((total, { count }) => total + count, 0), all_threads: all };
  },
  '/list/*prefix': async (ask, prefix) => (await metricNames(ask)).filter((name) => name.startsWith(prefix)),
  '/_ui_list/*key': async (ask, key) => {
    const before = key === '' ? '' : `${key}.`;
    const steps = new Map<string, boolean>();
    for (const name of await metricNames(ask)) {
      if (!name.startsWith(before)) continue;
      const [step = '', ...rest] = name.slice(before.length).split('.');
      steps.set(step, rest.length > 0 || steps.get(step) === true);
    }
    return [...steps]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([title, folder]) => ({ title, key: `${before}${title}`, folder, lazy: folder }));
  },
};

/** None where no metric store runs. */
async function metricNames(ask: Ask): Promise<string[]> {
  const names = await inCluster(ask, '/metrics/index.json');
  return Array.isArray(names) ? names.map(String) : [];
}

/** The answer to an old path of the manifest; undefined for a path that is none. */
export async function answerOld(ask: Ask, { route, params }: RouteRequest): Promise<RouteReply | undefined> {
  if (Object.hasOwn(empty, route)) return { status: 200, body: empty[route] ?? null };
  const old = Object.hasOwn(routes, route) ? routes[route] : undefined;
  if (old === undefined) return undefined;
  try {
    return { status: 200, body: await old(ask, Object.values(params)[0] ?? '') };
  } catch (error) {
    if (error instanceof Refused) return { status: error.status, body: error.body };
    throw error;
  }
}

/** What the agent answered in place of what was asked for. */
class Refused extends Error {
  readonly status: number;
  readonly body: Json;

  constructor(status: number, body: Json) {
    super(`answered with ${status}`);
    this.status = status;
    this.body = body;
  }
}

async function get(
  ask: Ask,
  route: string,
  params: { [name: string]: string } = {},
  query = {},
): Promise<Json> {
  const { status, body } = await ask({ route, method: 'GET', params, query, body: null });
  const answer = JSON.parse(new TextDecoder().decode(body)) as Json;
  if (status !== 200) throw new Refused(status, answer);
  return answer;
}

/** The same, of a service that need not run: then there is nothing. */
async function inCluster(
  ask: Ask,
  route: string,
  query: { [name: string]: string } = {},
): Promise<JsonObject | Json[]> {
  try {
    return (await get(ask, route, {}, query)) as JsonObject | Json[];
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return {};
    throw error;
  }
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `[name, default]` of each parameter in `f(a, b='x', *rest)`. */
export function prototypeOf(text: string): Json[] {
  const inner = /^[^(]*\((.*)\)$/s.exec(text)?.[1] ?? '';
  if (inner === '') return [];
  return inner.split(/, (?=\*?\w+(?:=|,|$))/).map((one) => {
    const [, name = one, value] = /^(\*?\w+)(?:=(.*))?$/s.exec(one) ?? [];
    return [name, value ?? '__NO_DEFAULT__'];
  });
}
