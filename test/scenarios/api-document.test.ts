import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonObject, Manifest } from 'opsbro/sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { coreRoutes } from '../../control/openapi/core-routes.ts';
import { apiDocument } from '../../control/openapi/document.ts';
import type { AgentView } from '../../control/shapes.ts';
import { filesBelow, root } from '../conventions/repository.ts';
import { command } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

interface Operation {
  'x-opsbro-scope': string;
  requestBody?: { content: { [type: string]: { schema: JsonObject } } };
  security: object[];
  parameters?: { name: string; in: string; required?: boolean }[];
  responses: { [status: string]: { content?: { [type: string]: { schema: JsonObject } } } };
}

interface Document {
  paths: { [path: string]: { [method: string]: Operation } };
}

const ofListeners = ['/api/v1/push', '/api/v1/nsca', '/api/v1/nagios-pipe'];
let agent: RealAgent;
let url = '';
let uuid = '';
let token = '';
let document: Document;
/** The id of a service that was pushed. */
let service = '';
const scratch = mkdtempSync(join(tmpdir(), 'opsbro-api-'));
const fifo = join(scratch, 'nagios.cmd');
const key = Buffer.alloc(32, 7).toString('base64');
const other = Buffer.alloc(32, 8).toString('base64');

beforeAll(async () => {
  agent = await startRealAgent({
    files: {
      'http.yml': 'http: {port: 0, address_rate: 10000, token_rate: 10000}\n',
      'gossip.yml': `gossip: {address: 127.0.0.1, port: 0, profile: local, key: "${key}"}\n`,
      'graphite.yml':
        'graphite: {enabled: true, port: 0}\nstatsd: {enabled: true, port: 0, management_port: 0}\n',
      'prometheus.yml': 'prometheus: {enabled: true}\n',
      'push.yml': 'overc: {enabled: true, port: 0}\n',
      'nsca.yml': 'nsca: {enabled: true, port: 0, password: secret}\n',
      'pipe.yml': `nagios-pipe: {enabled: true, path: ${fifo}}\n`,
      'web.yml': 'web: {badges: all, status_page: {checks: [memory]}}\n',
      'zone.yml': 'zone: {name: lan}\n',
      'tell.yml': 'handler: {type: exec, command: /bin/true}\n',
    },
  });
  const said = (expression: RegExp) => async () => expression.exec(agent.output())?.[1];
  url = await agent.until('its port', said(/listens on (http:\/\/[^"]+)/), 150_000);
  uuid = (await agent.get<AgentView>('/api/v1/agent')).uuid;
  token = (await command(['--data', agent.data, 'tokens', 'add', 'all', '--scope', 'admin'])).stdout.trim();
  await agent.until(
    'every service',
    async () => {
      document = (await (await ask('GET', '/api/openapi.json')).json()) as Document;
      const wanted = [
        ...['/badge/memory.svg', '/metrics', '/render', '/api/v1/statsd', '/api/v1/gossip/members'],
        ...ofListeners,
      ];
      if (wanted.some((path) => document.paths[path.replace('memory.svg', '{check}')] === undefined))
        return false;
      const answers = await Promise.all(wanted.map((path) => ask('GET', path)));
      const later = ['/readyz', `/api/v1/nodes/${uuid}/checks`];
      const are = await Promise.all(later.map((path) => ask('GET', path)));
      return answers.every(({ status }) => status < 500) && are.every(({ ok }) => ok);
    },
    150_000,
  );
  service = await pushedService();
}, 300_000);

afterAll(async () => {
  await agent?.dispose();
  rmSync(scratch, { recursive: true });
});

function ask(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function pushedService(): Promise<string> {
  const { port } = (await (await ask('GET', '/api/v1/push')).json()) as { port: number };
  const body = { server: { name: 'web1', key: '1' }, period: 60, services: [{ name: 'a', state: 'OK' }] };
  await fetch(`http://127.0.0.1:${port}/api/set/service/status`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  const { servers } = (await (await ask('GET', '/api/v1/push/status')).json()) as {
    servers: { services: { id: number }[] }[];
  };
  return String(servers[0]?.services[0]?.id);
}

/** What stands in place of a name in a path. */
const inPath: { [path: string]: string } = {
  '/api/v1/checks': 'linux/check/memory',
  '/api/v1/explain/checks': 'memory',
  '/api/v1/collectors': 'memory',
  '/api/v1/config/objects': 'linux/check/memory',
  '/api/v1/config/running': 'linux/check/memory',
  '/api/v1/handlers': 'tell',
  '/api/v1/history': 'checks',
  '/api/v1/outbox': '1',
  '/api/v1/plugins/{kind}/{name}': 'collector/timezone',
  '/api/v1/plugins/{id}': 'collector/memory',
  '/api/v1/push/servers': 'web1',
  '/api/v1/tokens': 'one',
  '/api/v1/sessions': 'one',
  '/badge': 'memory.svg',
  '/ui': 'index.html',
  '/api/v1/acknowledgements': 'aching',
  '/monitoring/checks': 'memory',
  '/agent/checks': 'memory',
  '/collectors': 'memory',
  '/functions': 'sumSeries',
  '/tags': 'name',
  '/list': 'a',
  '/_ui_list': 'a',
};
const inQuery: { [path: string]: string } = {
  '/api/v1/report/checks': 'since=2026-01-01T00:00:00Z',
  '/api/v1/report/compare': 'since=2026-01-01T00:00:00Z&left=memory&right=load',
  '/render': 'target=a&from=-1min&format=json',
  '/metrics/find': 'query=*',
  '/metrics/expand': 'query=*',
  '/tags/findSeries': 'expr=name=a',
  '/tags/autoComplete/values': 'tag=name',
};
const bodies: { [route: string]: unknown } = {
  'POST /api/v1/acknowledgements': { check: 'aching', comment: 'on it' },
  'POST /api/v1/downtimes': { match: ['memory'], duration: '1h' },
  'POST /api/v1/silences': { match: ['memory'], until: '1h' },
  'POST /api/v1/evaluator/eval': { expression: '1 + 1', explain: true },
  'POST /api/v1/outbox/retry': { serials: null },
  'POST /api/v1/outbox/drop': { serials: null },
  'POST /api/v1/passive': {
    plugin: 'listener/nsca',
    checks: [
      {
        ...{ id: 'nsca/check/web1/disk', name: 'web1/disk', display_name: 'disk', interval: 60 },
        ...{ labels: {}, policy: {} },
      },
    ],
    results: [{ check: 'nsca/check/web1/disk', state: 'ok', output: 'free' }],
  },
  'POST /api/v1/push/import': { database: 'mysql://root@127.0.0.1:1/none', dry_run: true },
  'POST /api/v1/tokens': { name: 'one', scope: 'push' },
  'POST /api/v1/gossip/join': { addresses: ['127.0.0.1:9'] },
  'POST /api/v1/gossip/detect': { timeout: 0.1 },
  'POST /api/v1/gossip/events': { name: 'deploy', payload: { version: 3 } },
  'POST /api/v1/gossip/keyring': { do: 'install', key: other },
};
/** Questions that may be too long for an address, and the end of one's own session. */
const onlyAsking = [
  ...['expand', 'find'].map((name) => `POST /metrics/${name}`),
  'POST /render',
  ...['autoComplete/tags', 'autoComplete/values', 'findSeries'].map((name) => `POST /tags/${name}`),
  'DELETE /api/v1/session',
];
/** What ends something, after all that needs it. */
const last = ['POST /api/v1/gossip/leave', 'POST /api/v1/agent/stop'];
/** Refused here, for the reason that is their status: nothing was ever notified, no series has a tag, nothing was removed, nobody has a session or took anything over. */
const refused: { [route: string]: number } = {
  'GET /api/v1/outbox/{serial}': 404,
  'GET /api/v1/push/import': 404,
  'GET /tags/{tag}': 404,
  'DELETE /api/v1/session': 404,
  'POST /api/v1/push/items/{kind}/{id}/undo': 404,
  'DELETE /api/v1/sessions/{name}': 404,
};
/** As Graphite answers there, for programs that were written for it. */
const asGraphite = ['GET /tags/{tag}'];
const refusal: Operation['responses'][string] = {
  content: { 'application/json': { schema: { $ref: '#/components/schemas/ErrorView' } } },
};
/** Ids that an answer gave, for those that take what was added away again. */
const made: { [path: string]: string } = {};

function filled(path: string): string {
  const prefix = Object.keys(inPath).find((one) => one === path || path.startsWith(`${one}/`)) ?? '';
  const named = path
    .replace('/{kind}/{name}', `/${inPath['/api/v1/plugins/{kind}/{name}']}`)
    .replace('/{kind}/{id}', `/service/${service}`)
    .replace('/{service}', `/${service}`);
  const value = path === '/api/v1/plugins/{id}' ? 'collector/memory' : (made[path] ?? inPath[prefix] ?? uuid);
  const query = inQuery[path];
  return named.replace(/\{\w+\}/, encodeURIComponent(value)) + (query === undefined ? '' : `?${query}`);
}

/** All routes that there are: the agent's own and those of every plugin that ships. */
function shipped(): string[] {
  const ofPlugins = filesBelow('plugins', 'plugin.yml').flatMap((file) => {
    const { routes = [] } = parse(readFileSync(`${root}${file}`, 'utf8')) as Manifest;
    return routes.map(({ method, path }) => `${method} ${path}`);
  });
  return [...Object.keys(coreRoutes), ...ofPlugins].map((name) => name.replaceAll(/[:*](\w+)/g, '{$1}'));
}

function nameOf({ method, path }: { method: string; path: string }): string {
  return `${method.toUpperCase()} ${path}`;
}

/** Every operation of the document, those that read first. */
function operations(): { path: string; method: string; one: Operation }[] {
  const order = ['get', 'post', 'put', 'delete'];
  return Object.entries(document.paths)
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, one]) => ({ path, method, one })))
    .sort((left, right) => order.indexOf(left.method) - order.indexOf(right.method));
}

/** Compiles schemas of the document, as strict as they can be. */
function compiler(): (schema: JsonObject) => ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addSchema({ $id: 'api', ...apiDocument([], { isStrict: true }) });
  return (schema) =>
    ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components')));
}

it('has every route that ships, and each that takes a token refuses who has none, as it says', async () => {
  expect(operations().map(nameOf).sort()).toEqual(shipped().sort());
  const isError = compiler()({ $ref: '#/components/schemas/ErrorView' });
  const wrong: unknown[] = [];
  const closed = operations().filter(({ one }) => !one.security.some((way) => Object.keys(way).length === 0));
  expect(closed.length).toBeGreaterThan(30);
  for (const { path, method } of closed) {
    const answer = await fetch(`${url}${filled(path)}`, { method: method.toUpperCase() });
    const body: unknown = await answer.json();
    if (answer.status !== 401 || !isError(body)) wrong.push([nameOf({ method, path }), answer.status, body]);
  }
  expect(wrong).toEqual([]);
});

it('is opened by tokens whose scope includes that of the route, and by no others', async () => {
  const opens: { [token: string]: string[] } = {
    read: ['read'],
    push: ['push'],
    write: ['read', 'write'],
    admin: ['read', 'push', 'write', 'admin'],
  };
  const closed = operations().filter(({ one }) => one['x-opsbro-scope'] !== 'public');
  const asked = new Set(closed.map(({ one }) => one['x-opsbro-scope']));
  expect([...asked].filter((scope) => !Object.hasOwn(opens, scope))).toEqual([]);
  const wrong: unknown[] = [];
  for (const [scope, opened] of Object.entries(opens)) {
    const made = await command(['--data', agent.data, 'tokens', 'add', `of-${scope}`, '--scope', scope]);
    const headers = { authorization: `Bearer ${made.stdout.trim()}` };
    for (const { path, method, one } of closed) {
      const isOpen = opened.includes(one['x-opsbro-scope']);
      // What is open is only asked where it changes nothing.
      if (isOpen && method !== 'get') continue;
      const { status } = await fetch(`${url}${filled(path)}`, { method: method.toUpperCase(), headers });
      if ((status === 401 || status === 403) === isOpen)
        wrong.push([scope, nameOf({ method, path }), status]);
    }
  }
  expect(wrong).toEqual([]);
}, 120_000);

it('changes nothing for who may only read', () => {
  const changing = operations().filter(
    ({ method, one }) => method !== 'get' && /^(read|public)$/.test(one['x-opsbro-scope']),
  );
  expect(changing.map(nameOf).sort()).toEqual([...onlyAsking].sort());
});

it('holds for every route: each answers as it says, with nothing that it does not say', async () => {
  agent.write('aching.yml', 'check: {interval: 1s, critical_if: "1 == 1"}\n');
  await agent.until('a problem', async () => {
    const checks = await agent.get<{ name: string; state: string }[]>('/api/v1/checks');
    return checks.some(({ name, state }) => name === 'aching' && state === 'critical');
  });
  const compiled = compiler();
  const routes = operations();
  const sorted = [
    ...routes.filter((route) => !last.includes(nameOf(route))),
    ...last.flatMap((name) => routes.filter((route) => nameOf(route) === name)),
  ];
  const wrong: unknown[] = [];
  for (const { path, method, one } of sorted) {
    const name = nameOf({ method, path });
    const body = bodies[name] ?? (method === 'post' && !name.includes('/render') ? {} : undefined);
    const withNode = name.endsWith('/gossip/ping') ? { node: uuid } : body;
    const taken = one.requestBody?.content['application/json'];
    if (withNode !== undefined && taken !== undefined && !compiled(taken.schema)(withNode))
      wrong.push([name, 'does not take what is sent', withNode]);
    const answer = await ask(method.toUpperCase(), filled(path), withNode);
    const text = await answer.text();
    const good = Object.entries(one.responses)[0] ?? ['', {}];
    const isRefused = refused[name] === answer.status;
    const [status, { content = {} }] = isRefused ? [String(answer.status), refusal] : good;
    const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
    if (isRefused && asGraphite.includes(name) && text === 'null') continue;
    if (String(answer.status) !== status || content[type] === undefined) {
      wrong.push([name, answer.status, type, text.slice(0, 300)]);
      continue;
    }
    const value: unknown = type === 'application/json' ? JSON.parse(text) : text;
    const validate = compiled(content[type].schema);
    if (!validate(value)) wrong.push([name, validate.errors?.slice(0, 3), text.slice(0, 300)]);
    const { id } = (value ?? {}) as { id?: string };
    if (method === 'post' && id !== undefined) made[`${path}/{id}`] = id;
  }
  expect(wrong).toEqual([]);
  expect(sorted.length).toBeGreaterThan(120);
});
