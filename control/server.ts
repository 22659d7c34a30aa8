import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Json, RouteAnswer } from 'opsbro/sdk';
import { OpsbroError } from '../core/errors.ts';
import { answerBy, refusal } from './answer.ts';
import type { RouteTable } from './route-table.ts';

const formType = 'application/x-www-form-urlencoded';
const bodyLimitBytes = 8 * 1024 * 1024;

/** Serves a route table on a Unix socket, 0600: whoever may open it has all rights. */
export class ControlServer {
  readonly #routes: RouteTable;
  readonly #onReopened: (path: string) => void;
  #server: Server;
  /** Where it listens, and the file that is its own there. */
  #place: { prepare: () => string; path: string; inode: number } | undefined;
  #opening: Promise<void> | undefined;

  /** `onReopened` hears of a socket that was gone and is there again. */
  constructor(routes: RouteTable, onReopened: (path: string) => void = () => undefined) {
    this.#routes = routes;
    this.#onReopened = onReopened;
    this.#server = this.#create();
  }

  /**
   * Listens where `prepare` says, which makes the directories for it. A socket file left by an agent that died is replaced, which the data
   * directory's lock makes safe.
   */
  async listen(prepare: () => string): Promise<void> {
    const path = prepare();
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
    this.#place = { prepare, path, inode: lstatSync(path).ino };
  }

  /**
   * Listens again where its file is gone or is another's, as when somebody cleans up /tmp: nobody could reach the agent, nor stop it. Called every
   * few seconds; never rejects.
   */
  async check(): Promise<void> {
    const place = this.#place;
    if (place === undefined || this.#opening !== undefined || inodeOf(place.path) === place.inode) return;
    // Who talks over it may end. It removes whatever lies at its path, so it goes first.
    this.#server.close();
    this.#server = this.#create();
    this.#opening = this.listen(place.prepare).then(
      () => this.#onReopened(place.path),
      // Tried again at the next look.
      () => undefined,
    );
    await this.#opening;
    this.#opening = undefined;
  }

  /** Stops listening; connections that still talk have `graceMs` to end. */
  async close(graceMs: number): Promise<void> {
    await this.#opening;
    this.#place = undefined;
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await closed;
    clearTimeout(timer);
  }

  #create(): Server {
    const server = createServer((request, response) => void this.#answer(request, response));
    server.requestTimeout = 30_000;
    server.headersTimeout = 10_000;
    server.maxConnections = 256;
    // A connection that cannot be accepted, for want of descriptors, is lost; the agent is not.
    server.on('error', () => undefined);
    return server;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const { route, params } = this.#routes.match(request.method ?? 'GET', url.pathname);
      const query = Object.fromEntries(url.searchParams);
      const bytes = await readBody(request);
      const isForm = route.form === true && request.headers['content-type']?.startsWith(formType) === true;
      const body = isForm ? null : parsed(bytes);
      const form = isForm ? new URLSearchParams(bytes.toString('utf8')) : [];
      const fields = { fields: [...url.searchParams, ...form] };
      const { accept } = request.headers;
      const asked = { ...(route.form === true && fields), ...(accept !== undefined && { accept }) };
      send(response, await answerBy(route, { params, query, body, ...asked }));
    } catch (error) {
      send(response, refusal(error));
    }
  }
}

function inodeOf(path: string): number | undefined {
  try {
    return lstatSync(path).ino;
  } catch {
    return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimitBytes)
      throw new OpsbroError('OPSBRO_API_INVALID', `the body is over ${bodyLimitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parsed(bytes: Buffer): Json {
  if (bytes.length === 0) return null;
  try {
    return JSON.parse(bytes.toString('utf8')) as Json;
  } catch {
    throw new OpsbroError('OPSBRO_API_INVALID', 'the body is not JSON');
  }
}

function send(response: ServerResponse, { status, type, body, headers }: RouteAnswer): void {
  response.writeHead(status, { ...headers, 'content-type': type, 'content-length': body.byteLength });
  response.end(body);
}
