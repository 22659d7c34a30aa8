import type { IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Json, RouteAnswer, RouteRequest, RouteSchema, RouteView } from 'opsbro/sdk';
import type { Responder } from './door.ts';
import { type Caller, lack } from './gate.ts';
import { errorBody, judge, safeHeaders } from './refuse.ts';

const formType = 'application/x-www-form-urlencoded';
const bodyLimitBytes = 1024 * 1024;
const maxPlainBytes = 64 * 1024 * 1024;
const scopes: readonly string[] = ['public', 'read', 'push', 'write', 'admin'];

/** Routes that are ready to answer. */
export interface Mounted {
  respond: Responder;
  /** Ends what the library holds; what is being answered is answered. */
  close(): Promise<void>;
}

/** What mounted routes need. */
export interface MountParts {
  /** Who sent a request, and what they may. */
  callerOf(request: IncomingMessage): Caller;
  /** Answers a route, on behalf of who sent the request; `setCookie` adds a header to the answer. */
  ask(
    route: RouteRequest,
    request: IncomingMessage,
    setCookie: (header: string) => void,
  ): Promise<RouteAnswer>;
  /** Told of each route that cannot be served, and why. */
  leftOut(route: RouteView, why: string): void;
}

/** Makes the routes ready to be given requests. A route that cannot be served is left out, and takes no other with it. */
export async function mount(routes: readonly RouteView[], parts: MountParts): Promise<Mounted> {
  const good: RouteView[] = [];
  for (const route of routes) {
    const why = await troubleOf(route, parts);
    if (why === undefined) good.push(route);
    else parts.leftOut(route, why);
  }
  const app = createApp();
  for (const route of good) {
    try {
      add(app, route, parts);
    } catch (error) {
      parts.leftOut(route, judge(error).message);
    }
  }
  await app.ready();
  return { respond: (request, response) => app.routing(request, response), close: () => app.close() };
}

/** What keeps a route from being served. One with a schema is tried apart: a schema that does not compile fails its whole app. */
async function troubleOf(route: RouteView, parts: MountParts): Promise<string | undefined> {
  if (!scopes.includes(route.scope)) return 'it has no scope';
  if (route.schema === undefined) return undefined;
  const trial = createApp();
  try {
    add(trial, route, parts);
    await trial.ready();
    return undefined;
  } catch (error) {
    return judge(error).message;
  } finally {
    await trial.close();
  }
}

function createApp(): FastifyInstance {
  const app = fastify({
    bodyLimit: bodyLimitBytes,
    // What a schema does not allow is refused, not taken away.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true } },
    routerOptions: {
      maxParamLength: 4096,
      querystringParser: (text) => Object.fromEntries(new URLSearchParams(text)),
    },
    // A path that is not percent-encoded UTF-8.
    frameworkErrors: (error, _, reply: FastifyReply) => {
      const { status, code, message } = judge(error);
      void reply.code(status).headers(safeHeaders).send(errorBody(code, message));
    },
  });
  // Only JSON is read, and a form by routes that take it: a form or a plain text is what a page of another site can send.
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser(formType, { parseAs: 'string' }, (_, text, done) =>
    done(null, new URLSearchParams(text as string)),
  );
  app.addHook('onSend', async (_, reply) => {
    for (const [name, value] of Object.entries(safeHeaders))
      if (!reply.hasHeader(name)) reply.header(name, value);
  });
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send(errorBody('OPSBRO_API_NOT_FOUND', `no route ${request.method} ${request.url.slice(0, 256)}`)),
  );
  app.setErrorHandler((error, _, reply) => {
    const { status, code, message } = judge(error);
    return reply.code(status).send(errorBody(code, message));
  });
  return app;
}

function add(app: FastifyInstance, route: RouteView, parts: MountParts): void {
  const { path } = route;
  const rest = /\/\*(\w+)$/.exec(path)?.[1];
  const url = rest === undefined ? path : path.slice(0, -rest.length);
  // Graphite answers its paths with a slash at their end, too.
  for (const one of route.form === true ? [url, `${url}/`] : [url])
    addAt(app, { url: one, rest }, route, parts);
}

/** `rest` is the name of what a path that ends in `*` leaves open. */
function addAt(
  app: FastifyInstance,
  { url, rest }: { url: string; rest: string | undefined },
  route: RouteView,
  { callerOf, ask }: MountParts,
): void {
  const { method, path, scope, schema } = route;
  app.route({
    method: method as 'GET',
    url,
    ...(schema !== undefined && { schema: fastifySchema(schema) }),
    // Before the body is read.
    onRequest: async (request, reply) => {
      const refusal = lack(callerOf(request.raw), scope, `${method} ${path}`);
      if (refusal === undefined) return;
      const { status, code, message, headers = {} } = refusal;
      const close = { ...headers, connection: 'close' };
      return reply.code(status).headers(close).send(errorBody(code, message));
    },
    preParsing: async (request) => {
      const isForm = request.headers['content-type']?.startsWith(formType) === true;
      if (isForm && route.form !== true)
        throw Object.assign(new Error(`${method} ${path} takes JSON, and no form`), { statusCode: 415 });
    },
    // What the table calls `*name` is `*` to Fastify.
    preValidation: async ({ params }: { params: unknown }) => {
      const named = params as { [name: string]: unknown };
      if (rest === undefined) return;
      named[rest] = named['*'];
      delete named['*'];
    },
    handler: async (request, reply) => {
      const setCookie = (header: string): void => void reply.header('set-cookie', header);
      const answer = await ask(requestOf(route, request), request.raw, setCookie);
      const { status, headers, body } = asTaken(answer, request.headers);
      const { buffer, byteOffset, byteLength } = body;
      return reply
        .code(status)
        .type(answer.type)
        .headers(headers)
        .send(status === 304 ? undefined : Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength));
    },
  });
}

/** An answer as who asks takes it: not sent again where they have it, and unpacked where they do not unpack. */
function asTaken(
  { status, headers = {}, body }: RouteAnswer,
  asked: IncomingMessage['headers'],
): Required<Pick<RouteAnswer, 'status' | 'headers' | 'body'>> {
  const { 'content-encoding': packed, ...plain } = headers;
  const known = (asked['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  const isKnown = status === 200 && headers.etag !== undefined && known.includes(headers.etag);
  if (packed === undefined) return { status: isKnown ? 304 : status, headers, body };
  const vary = { vary: 'accept-encoding' };
  if (isKnown) return { status: 304, headers: { ...plain, ...vary }, body };
  const takes = /(^|,)\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*(,|$))|,|$)/i.test(asked['accept-encoding'] ?? '');
  if (takes) return { status, headers: { ...headers, ...vary }, body };
  return {
    status,
    headers: { ...plain, ...vary },
    body: gunzipSync(body, { maxOutputLength: maxPlainBytes }),
  };
}

/** The table's names, in Fastify's. */
function fastifySchema({ params, query, body }: RouteSchema) {
  return {
    ...(params !== undefined && { params }),
    ...(query !== undefined && { querystring: query }),
    ...(body !== undefined && { body }),
  };
}

function requestOf({ method, path, form }: RouteView, request: FastifyRequest): RouteRequest {
  const { params, query, body } = request;
  const sent = body instanceof URLSearchParams ? [...body] : [];
  const asked = new URL(request.url, 'http://localhost').searchParams;
  return {
    ...{ route: path, method, params: texts(params), query: texts(query) },
    body: (body instanceof URLSearchParams ? null : (body ?? null)) as Json,
    ...(form === true && { fields: [...asked, ...sent] }),
    ...(request.headers.accept !== undefined && { accept: request.headers.accept }),
  };
}

/** Validation may have made numbers of what was text. */
function texts(values: unknown): { [name: string]: string } {
  const entries = Object.entries((values ?? {}) as object);
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
