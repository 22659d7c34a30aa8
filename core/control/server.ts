import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Json } from 'opsbro/sdk';
import { OpsbroError, plainError } from '../errors.ts';
import type { RouteTable } from './route-table.ts';

const bodyLimitBytes = 8 * 1024 * 1024;
const deadlineMs = 60_000;

const statuses: { [code: string]: number } = {
  OPSBRO_API_NOT_FOUND: 404,
  OPSBRO_API_INVALID: 400,
  OPSBRO_API_DEADLINE: 504,
  OPSBRO_AGENT_BUSY: 503,
  OPSBRO_PLUGIN_SERVICE_FAILED: 503,
};

/** Serves a route table on a Unix socket, 0600: whoever may open it has all rights. */
export class ControlServer {
  readonly #routes: RouteTable;
  readonly #server: Server;

  constructor(routes: RouteTable) {
    this.#routes = routes;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.requestTimeout = 30_000;
    this.#server.headersTimeout = 10_000;
    this.#server.maxConnections = 256;
    // A connection that cannot be accepted, for want of descriptors, is lost; the agent is not.
    this.#server.on('error', () => undefined);
  }

  /** Listens; a socket file left by an agent that died is replaced, which the data directory's lock makes safe. */
  async listen(path: string): Promise<void> {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      const mask = process.umask(0o177);
      this.#server.listen(path, () => {
        this.#server.off('error', reject);
        resolve();
      });
      process.umask(mask);
    });
    chmodSync(path, 0o600);
  }

  /** Stops listening; connections that still talk have `graceMs` to end. */
  async close(graceMs: number): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await closed;
    clearTimeout(timer);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const { route, params } = this.#routes.match(request.method ?? 'GET', url.pathname);
      const body = await readBody(request);
      const query = Object.fromEntries(url.searchParams);
      const reply = await withDeadline(Promise.resolve(route.handle({ params, query, body })));
      send(response, reply.status ?? 200, reply.body);
    } catch (error) {
      const { code, message } = plainError(error, 'OPSBRO_API_INVALID');
      const status = error instanceof OpsbroError ? (statuses[code] ?? 500) : 500;
      send(response, status, { error: { code, message } });
    }
  }
}

async function readBody(request: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimitBytes)
      throw new OpsbroError('OPSBRO_API_INVALID', `the body is over ${bodyLimitBytes} bytes`);
    chunks.push(chunk);
  }
  if (size === 0) return null;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json;
  } catch {
    throw new OpsbroError('OPSBRO_API_INVALID', 'the body is not JSON');
  }
}

async function withDeadline<Value>(answer: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new OpsbroError('OPSBRO_API_DEADLINE', 'no answer within 60 s')),
      deadlineMs,
    );
    timer.unref();
  });
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

function send(response: ServerResponse, status: number, body: Json): void {
  const text = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length });
  response.end(text);
}
