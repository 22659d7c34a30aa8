import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the routes take: reports have `services`, alerts have `alerts`. */
export interface Posted {
  server: { name: string; key: string };
  services: { name: string; state: string; info: string; period?: number }[];
  alerts?: { message: string }[];
  period?: number;
  age?: number;
}

/** A request that was answered 200. */
export interface Taken {
  route: string;
  body: Posted;
  authorization: string | undefined;
  agent: string | undefined;
}

type Fields = { [key: string]: unknown };
interface Answer {
  status: number;
  body: Fields;
  headers?: { [name: string]: string };
}

/**
 * A push server as version 1.0.9 was documented: the three routes, their checks in order, and the texts of their errors, to the letter. A test may
 * put an answer of its own before it.
 */
export class PushServer {
  readonly #server: Server;
  readonly #keys = new Map<string, string>();
  /** What was taken, oldest first. */
  readonly taken: Taken[] = [];
  /** Of all requests, whatever became of them. */
  requests = 0;
  /** Answers first, unless it gives nothing; a promise that never resolves lets a client hang. */
  before: ((route: string, body: unknown) => Answer | undefined | Promise<Answer | undefined>) | undefined;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request).then(({ status, body, headers = {} }) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(JSON.stringify(body));
      });
    });
  }

  /** Listens on a free port, or on one it had before; resolves to its URL. */
  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** The states that were taken, as `NAME STATE`, oldest first. */
  states(): string[] {
    return this.taken
      .filter(({ route }) => route === '/api/set/service/status')
      .flatMap(({ body }) => (body.services as Fields[]).map(({ name, state }) => `${name} ${state}`));
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    this.requests += 1;
    const route = request.url ?? '';
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    let body: unknown;
    try {
      body = JSON.parse(Buffer.concat(parts).toString('utf8'));
    } catch {
      return { status: 400, body: { error: 'cannot be parsed' } };
    }
    const own = await this.before?.(route, body);
    if (own !== undefined) return own;
    if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json')
      return { status: 405, body: { error: 'no JSON was posted' } };
    const problem = problemOf(route, body);
    if (problem !== undefined) return { status: 400, body: { error: problem } };
    if (!(route in routes)) return { status: 404, body: { error: 'no such route' } };
    const posted = body as Posted;
    const { name, key } = posted.server;
    if ((this.#keys.get(name) ?? key) !== key) return { status: 403, body: { error: 'Invalid server key' } };
    this.#keys.set(name, key);
    const { authorization, 'user-agent': agent } = request.headers;
    this.taken.push({ route, body: posted, authorization, agent });
    return { status: 200, body: route === '/api/ping' ? { pong: 1 } : { ok: 1 } };
  }
}

/** The keys each route needs, in the order they are looked for. */
const routes: { [route: string]: string[] } = {
  '/api/ping': ['server'],
  '/api/set/service/status': ['server', 'period', 'services'],
  '/api/set/alerts': ['server', 'alerts'],
};

function problemOf(route: string, body: unknown): string | undefined {
  if (!isFields(body)) return 'Invalid data: should be JSON object';
  const missing = routes[route]?.find((key) => !(key in body));
  if (missing !== undefined) return `Data: "${missing}" key is missing`;
  return (
    ('period' in body && !isInteger(body.period) ? 'Data: "period" should be an integer' : undefined) ??
    servicesProblem(body.services) ??
    alertsProblem(body.alerts) ??
    serverProblem(body.server)
  );
}

function servicesProblem(services: unknown): string | undefined {
  if (services === undefined) return undefined;
  if (!Array.isArray(services)) return 'Data: "services" should be a list';
  const right = services.every(
    (item: unknown) =>
      isFields(item) &&
      typeof item.name === 'string' &&
      typeof item.state === 'string' &&
      // Its absence was a 500 of version 1.0.9.
      typeof item.info === 'string',
  );
  return right
    ? undefined
    : 'Data: "services" should be a list of objects with keys "name", "state", "info"?, "period"?';
}

function alertsProblem(alerts: unknown): string | undefined {
  if (alerts === undefined) return undefined;
  if (!Array.isArray(alerts)) return 'Data: "alerts" should be a list';
  const right = alerts.every(
    (item: unknown) =>
      isFields(item) &&
      typeof item.message === 'string' &&
      (item.service === undefined || typeof item.service === 'string') &&
      Object.keys(item).every((key) => ['title', 'message', 'service'].includes(key)),
  );
  return right
    ? undefined
    : 'Data: "alerts" should be a list of objects with keys "title", "message"?, "service"?';
}

function serverProblem(server: unknown): string | undefined {
  if (!isFields(server)) return 'Data: "server" should be a dict';
  const wrong = ['name', 'key'].find((key) => typeof server[key] !== 'string');
  return wrong === undefined ? undefined : `Data: "server.${wrong}" should be a string`;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isInteger(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value));
}
