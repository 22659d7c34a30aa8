import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { allowedNames, bracketed, strangeness } from './host-name.ts';
import { refuse, refuseUnreadable } from './refuse.ts';

const maxHeaderBytes = 16 * 1024;
const keepAliveMs = 5000;
const maxRequestsOfConnection = 1000;
/** How often Node looks for requests that are late, at most. */
const lookMs = 1000;

/** Where a door is and what it bears. Times are milliseconds. */
export interface DoorOptions {
  address: string;
  port: number;
  names: readonly string[];
  headerTimeoutMs: number;
  requestTimeoutMs: number;
  answerTimeoutMs: number;
  maxConnections: number;
}

/** Answers one request that came through the door. */
export type Responder = (request: IncomingMessage, response: ServerResponse) => void;

/** A TCP port that speaks HTTP/1.1, lets in what was meant for this agent, and bears whatever else comes. */
export class Door {
  readonly #options: DoorOptions;
  readonly #names: ReadonlySet<string>;
  readonly #server: Server;
  readonly #respond: Responder;

  constructor(options: DoorOptions, respond: Responder) {
    this.#options = options;
    this.#respond = respond;
    this.#names = allowedNames(options.address, options.names);
    const { headerTimeoutMs, requestTimeoutMs, answerTimeoutMs } = options;
    this.#server = createServer(
      {
        headersTimeout: Math.min(headerTimeoutMs, requestTimeoutMs),
        requestTimeout: requestTimeoutMs,
        keepAliveTimeout: keepAliveMs,
        maxHeaderSize: maxHeaderBytes,
        connectionsCheckingInterval: Math.min(lookMs, headerTimeoutMs, requestTimeoutMs),
      },
      (request, response) => this.#letIn(request, response),
    );
    this.#server.maxRequestsPerSocket = maxRequestsOfConnection;
    this.#server.maxConnections = options.maxConnections;
    // Ends a connection that stands still, also one whose client does not read.
    this.#server.setTimeout(requestTimeoutMs + answerTimeoutMs, (socket) => socket.destroy());
    this.#server.on('clientError', (error, socket) => refuseUnreadable(error, socket as Socket));
  }

  /** Resolves with the URL it listens on. Rejects where it cannot. */
  async open(): Promise<string> {
    const { address, port } = this.#options;
    this.#server.listen({ host: address, port, backlog: 128 });
    try {
      await once(this.#server, 'listening');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const where = `${bracketed(address)}:${port}`;
      if (code === 'EADDRINUSE')
        throw new Error(`${where} is in use; give 'http' another 'port' in the configuration`);
      throw new Error(`cannot listen on ${where}: ${code}`);
    }
    // A connection that cannot be accepted, for want of descriptors, is lost; the service is not.
    this.#server.on('error', () => undefined);
    return `http://${bracketed(address)}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Takes no more, and gives what is being answered `graceMs`. */
  async close(graceMs: number): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await closed;
    clearTimeout(timer);
  }

  #letIn(request: IncomingMessage, response: ServerResponse): void {
    const strange = strangeness(request.headers, this.#names);
    if (strange !== undefined) refuse(response, strange.status, 'OPSBRO_API_DENIED', strange.message);
    else if (request.url?.startsWith('/') !== true)
      refuse(response, 400, 'OPSBRO_API_INVALID', 'ask for a path, such as /api/v1/agent');
    else this.#respond(request, response);
  }
}
