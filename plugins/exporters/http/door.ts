import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { bracketed } from 'opsbro/sdk';
import { refuseUnreadable } from './refuse.ts';
import type { Pair } from './tls-files.ts';

const maxHeaderBytes = 16 * 1024;
const keepAliveMs = 5000;
const maxRequestsOfConnection = 1000;
/** How often Node looks for requests that are late, at most. */
const lookMs = 1000;

/** Where a door is and what it bears. Times are milliseconds. */
export interface DoorOptions {
  address: string;
  port: number;
  /** For TLS; clear text without it. */
  pair?: Pair | undefined;
  headerTimeoutMs: number;
  requestTimeoutMs: number;
  answerTimeoutMs: number;
  maxConnections: number;
  /** The same for one client, as `clientOf` names it; undefined for one that has no bound of its own. */
  maxConnectionsOfClient: number;
  clientOf(address: string): string | undefined;
  /** Whether a request to speak another protocol is taken; one that is not is a plain request. */
  isUpgrade(request: IncomingMessage): boolean;
  /** Takes a request to speak another protocol, with its connection. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** Answers one request that came through the door. */
export type Responder = (request: IncomingMessage, response: ServerResponse) => void;

/** A TCP port that speaks HTTP/1.1, by TLS or in clear, and bears whatever comes. */
export class Door {
  readonly #options: DoorOptions;
  readonly #server: Server | SecureServer;
  /** Connections by client. */
  readonly #held = new Map<string, number>();
  /** Connections that are read anew. */
  readonly #anew = new WeakSet<Duplex>();
  /** The last request of each connection: an offer may follow before it is answered. */
  readonly #answers = new WeakMap<Duplex, ServerResponse>();
  /** Connections whose offer waits for an answer: Node, which handed them over, closes them no more. */
  readonly #waiting = new Set<Duplex>();

  constructor(options: DoorOptions, respond: Responder) {
    this.#options = options;
    const { headerTimeoutMs, requestTimeoutMs, answerTimeoutMs, pair } = options;
    const listener: Responder = (request, response) => {
      this.#answers.set(request.socket, response);
      respond(request, response);
    };
    const bounds = {
      headersTimeout: Math.min(headerTimeoutMs, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: maxHeaderBytes,
      connectionsCheckingInterval: Math.min(lookMs, headerTimeoutMs, requestTimeoutMs),
    };
    this.#server =
      pair === undefined
        ? createServer(bounds, listener)
        : createSecureServer(
            { ...bounds, ...pair, minVersion: 'TLSv1.2', handshakeTimeout: headerTimeoutMs },
            listener,
          );
    this.#server.maxRequestsPerSocket = maxRequestsOfConnection;
    this.#server.maxConnections = options.maxConnections;
    // Ends a connection that stands still, also one whose client does not read.
    this.#server.setTimeout(requestTimeoutMs + answerTimeoutMs, (socket) => socket.destroy());
    this.#server.on('clientError', (error, socket) => refuseUnreadable(error, socket as Socket));
    this.#server.on('tlsClientError', (_: Error, socket: Socket) => socket.destroy());
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#onceAnswered(socket, () => {
        if (options.isUpgrade(request)) options.upgrade(request, socket, head);
        else this.#readAnew(request, socket, head);
      });
    });
    this.#server.on('connection', (socket: Socket) => {
      if (!this.#anew.has(socket)) this.#count(socket);
    });
  }

  /** Resolves with the URL it listens on. Rejects where it cannot. */
  async open(): Promise<string> {
    const { address, port, pair } = this.#options;
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
    const scheme = pair === undefined ? 'http' : 'https';
    return `${scheme}://${bracketed(address)}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Shows another certificate to those who connect from now on. */
  usePair(pair: Pair): void {
    if ('setSecureContext' in this.#server) this.#server.setSecureContext({ ...pair, minVersion: 'TLSv1.2' });
  }

  /** Takes no more, and gives what is being answered `graceMs`. */
  async close(graceMs: number): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => {
      this.#server.closeAllConnections();
      for (const socket of this.#waiting) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(timer);
  }

  /** Node hands over a connection while requests before the offer wait for their answers, which have to go out first. */
  #onceAnswered(socket: Duplex, goOn: () => void): void {
    const last = this.#answers.get(socket);
    if (last === undefined || last.writableFinished) {
      goOn();
      return;
    }
    const { requestTimeoutMs, answerTimeoutMs } = this.#options;
    const destroy = (): void => void socket.destroy();
    const timer = setTimeout(destroy, requestTimeoutMs + answerTimeoutMs);
    const rest = (): void => {
      clearTimeout(timer);
      this.#waiting.delete(socket);
    };
    this.#waiting.add(socket);
    socket.once('error', destroy).once('close', rest);
    last.once('finish', () => {
      rest();
      socket.off('error', destroy);
      if (socket.writable) goOn();
      else socket.destroy();
    });
  }

  /**
   * Reads a request again without its offer, which RFC 9110 §7.8 lets a server pass over: clients that would rather speak HTTP/2 in clear ask
   * so. Node has given the connection up by then, and what follows the head may be a body.
   */
  #readAnew(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!this.#server.listening) {
      socket.destroy();
      return;
    }
    this.#anew.add(socket);
    socket.unshift(Buffer.concat([headWithoutOffer(request), head]));
    this.#server.emit(this.#options.pair === undefined ? 'connection' : 'secureConnection', socket);
  }

  /** Lets go of a client that holds too many connections, so that one alone never keeps the others out. */
  #count(socket: Socket): void {
    const client = this.#options.clientOf(socket.remoteAddress ?? '');
    if (client === undefined) return;
    const count = (this.#held.get(client) ?? 0) + 1;
    this.#held.set(client, count);
    socket.once('close', () => {
      const left = (this.#held.get(client) ?? 1) - 1;
      if (left === 0) this.#held.delete(client);
      else this.#held.set(client, left);
    });
    if (count > this.#options.maxConnectionsOfClient) socket.destroy();
  }
}

const offers: ReadonlySet<string> = new Set(['upgrade', 'http2-settings']);

/** The head of a request as it came, but for what offers another protocol. */
function headWithoutOffer({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (offers.has(name.toLowerCase())) continue;
    const isConnection = name.toLowerCase() === 'connection';
    const words = value.split(',').filter((word) => !offers.has(word.trim().toLowerCase()));
    if (!isConnection) lines.push(`${name}: ${value}`);
    else if (words.length > 0) lines.push(`${name}: ${words.join(',')}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
