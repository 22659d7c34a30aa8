import type { Json, JsonObject, RouteView } from 'opsbro/sdk';
import { coreRoutes, type RouteDocument } from './core-routes.ts';
import schemas from './schemas.json' with { type: 'json' };

const known = schemas as unknown as { [name: string]: JsonObject };

const refusals = {
  '4XX': { $ref: '#/components/responses/Refused' },
  '5XX': { $ref: '#/components/responses/Refused' },
};
const scopes: { [scope: string]: string } = {
  public: 'Takes no right.',
  read: 'Takes the right `read`, which who comes from this host has unless the configuration says otherwise.',
  push: 'Takes a token of the scope `push` or `admin`.',
  write: 'Takes a token of the scope `write` or `admin`.',
  admin: 'Takes a token of the scope `admin`.',
};
const about = `What the agent's Unix socket and the exporter \`http\` answer. Times are RFC 3339 in UTC, durations seconds unless the name says
otherwise; what the paths of the first OpsBro answer has epoch seconds. What goes wrong is answered \`{"error": {"code", "message"}}\`.`;

/**
 * The OpenAPI 3.1 document of routes: those of the agent as `core-routes.ts` describes them, those of plugins as their manifests do. Answers
 * may have more keys than it says, as later versions will; with `isStrict` it says that they have not, which is for tests.
 */
export function apiDocument(routes: readonly RouteView[], { isStrict = false } = {}): JsonObject {
  const paths: { [path: string]: JsonObject } = {};
  for (const route of routes) {
    const path = templateOf(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  const sorted = Object.entries(paths).sort(([left], [right]) => (rank(left) < rank(right) ? -1 : 1));
  const document: JsonObject = {
    openapi: '3.1.0',
    info: {
      title: 'OpsBro',
      version: '1',
      summary: 'The API of an OpsBro agent.',
      description: about,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '..', description: 'This agent.' }],
    tags: tagsOf(Object.fromEntries(sorted)),
    paths: Object.fromEntries(sorted),
    components: {
      schemas: isStrict ? known : usedBy(paths),
      responses: {
        Refused: {
          description: 'It was refused, or failed.',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/ErrorView' } } },
        },
      },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: '`opsbro tokens add NAME --scope SCOPE` makes one.',
        },
      },
    },
  };
  return isStrict ? document : (open(document) as JsonObject);
}

const oldPaths =
  /^\/(agent|collectors|monitoring|state|generators|compliance|installers|docker|packs|log|threads|list)\b/;

/** Paths of today before those of the first OpsBro. */
function rank(path: string): string {
  return `${isOld(path) ? 1 : 0}${path}`;
}

function isOld(path: string): boolean {
  return path === '/' || path === '/api' || oldPaths.test(path);
}

/** `/checks/{name}` of `/checks/*name`. */
function templateOf(path: string): string {
  return path.replaceAll(/[:*](\w+)/g, '{$1}');
}

function operation(route: RouteView): JsonObject {
  const written = documentOf(route);
  const { schema } = route;
  const body = written.body ?? schema?.body;
  const type = route.answer_type ?? 'application/json';
  return {
    operationId: operationId(route),
    summary: written.summary,
    description: scopes[route.scope] ?? '',
    tags: [tagOf(route.path)],
    ...(isOld(route.path) && { deprecated: true }),
    ...parameters(route, written),
    ...(body !== undefined && { requestBody: requestBody(route, body) }),
    responses: {
      [String(written.status ?? 200)]: {
        description: 'It went well.',
        content: { [type]: { schema: written.answer } },
      },
      ...refusals,
    },
    security:
      route.scope === 'public' ? [{}] : route.scope === 'read' ? [{}, { token: [] }] : [{ token: [] }],
    'x-opsbro-scope': route.scope,
  };
}

function documentOf(route: RouteView): RouteDocument {
  const found = coreRoutes[`${route.method} ${route.path}`];
  if (found !== undefined) return found;
  return {
    summary: route.summary ?? `${route.method} ${route.path}`,
    answer: route.schema?.answer ?? {},
    ...(route.status !== undefined && { status: route.status }),
  };
}

function requestBody({ form }: RouteView, schema: JsonObject): JsonObject {
  const content: JsonObject = { 'application/json': { schema } };
  if (form === true) content['application/x-www-form-urlencoded'] = { schema: { type: 'object' } };
  return { content };
}

function parameters({ path, schema }: RouteView, written: RouteDocument): JsonObject {
  const named = (schema?.params?.properties ?? {}) as { [name: string]: JsonObject };
  const inPath = [...path.matchAll(/([:*])(\w+)/g)].map(([, kind, name = '']) => ({
    ...{ name, in: 'path', required: true, schema: named[name] ?? { type: 'string' } },
    ...(kind === '*' && { description: 'May hold slashes, as an id does.' }),
  }));
  const given = Object.entries(written.query ?? {}).map(([name, what]) => {
    const [description, one] = typeof what === 'string' ? [what, { type: 'string' }] : what;
    return { name, in: 'query', description, schema: one };
  });
  const declared = Object.entries((schema?.query?.properties ?? {}) as { [name: string]: JsonObject });
  const required = (schema?.query?.required ?? []) as Json[];
  const ofSchema = declared.map(([name, { description, ...one }]) => ({
    ...{ name, in: 'query', schema: one },
    ...(description !== undefined && { description }),
    ...(required.includes(name) && { required: true }),
  }));
  const all = [...inPath, ...given, ...ofSchema] as JsonObject[];
  return all.length === 0 ? {} : { parameters: all };
}

/** `getApiV1ChecksName`: stable, and unique since method and path are. */
function operationId({ method, path }: RouteView): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return [method.toLowerCase(), ...words.map((word) => word[0]?.toUpperCase() + word.slice(1))].join('');
}

function tagOf(path: string): string {
  if (isOld(path)) return 'first OpsBro';
  return /^\/api\/v1\/([a-z-]+)/.exec(path)?.[1] ?? 'other';
}

function tagsOf(paths: { [path: string]: JsonObject }): JsonObject[] {
  const names = Object.values(paths).flatMap((methods) =>
    Object.values(methods).flatMap((one) => (one as { tags: string[] }).tags),
  );
  return [...new Set(names)].map((name) => ({ name, description: tagText(name) }));
}

function tagText(name: string): string {
  if (name === 'first OpsBro')
    return 'Paths and shapes of the first OpsBro, for programs that were written for it.';
  return name === 'other' ? 'Paths that other programs know.' : `Routes of ${name}.`;
}

/** The schemas that paths and refusals refer to, and those that these refer to, in order. */
function usedBy(paths: { [path: string]: JsonObject }): JsonObject {
  const used = new Set<string>();
  const follow = (value: Json): void => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      const schema = known[name];
      if (schema === undefined || used.has(name)) continue;
      used.add(name);
      follow(schema);
    }
  };
  follow(paths);
  follow({ $ref: '#/components/schemas/ErrorView' });
  return Object.fromEntries(Object.entries(known).filter(([name]) => used.has(name)));
}

/** The same without `additionalProperties: false`, wherever that stands in a schema of an answer. */
function open(value: Json): Json {
  if (Array.isArray(value)) return value.map(open);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(
    ([key, one]) => key !== 'additionalProperties' || one !== false,
  );
  return Object.fromEntries(entries.map(([key, one]) => [key, open(one)]));
}
