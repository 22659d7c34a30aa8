import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { bracketed } from 'opsbro/sdk';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Admission } from './admission.ts';

const beatMs = 15_000;
const headMs = 10_000;
/** For those that are being refused. */
const spareConnections = 32;
const maxMessageBytes = 4096;
const protocol = 'opsbro.v1';
/** Why a connection is closed, by RFC 6455 §7.4.1 and IANA's registry. */
const reasons = { goingAway: 1001, policy: 1008 };

/** What a door of clients bears. */
export interface ClientsOptions {
  address: string;
  port: number;
  maxClients: number;
  backlogBytes: number;
}

/** Somebody who came to listen. */
export interface Client {
  url: URL;
  /** Sends text, which may be encoded already. */
  send(text: string | Buffer): void;
}

/** Who decides about clients. */
export interface ClientsParts {
  judge(request: IncomingMessage): Admission;
  /** What a request is answered with that proves whose port this is, where it asks for that. */
  proofFor(request: IncomingMessage): string | undefined;
  /** Whether a token that somebody came with still opens. */
  isValid(token: string): boolean;
  /** Sends what a client gets first, and says what it listens to. */
  welcome(client: Client): 'stream' | 'old';
  dropped(why: string): void;
}

interface Held {
  socket: WebSocket;
  token: string | null;
  listensTo: 'stream' | 'old';
  /** It answered the last ping. */
  isAlive: boolean;
}

/** The clients of a port: who is slow, silent or has lost its token is let go. */
export class Clients {
  readonly #options: ClientsOptions;
  readonly #parts: ClientsParts;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #held = new Set<Held>();
  #beat: NodeJS.Timeout | undefined;

  constructor(options: ClientsOptions, parts: ClientsParts) {
    this.#options = options;
    this.#parts = parts;
    const bounds = { headersTimeout: headMs, requestTimeout: headMs, connectionsCheckingInterval: 1000 };
    this.#http = createServer(bounds, (_, response) => {
      response.writeHead(426, { upgrade: 'websocket', connection: 'close', 'content-type': 'text/plain' });
      response.end('this port speaks WebSocket\n');
    });
    this.#http.maxConnections = options.maxClients + spareConnections;
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      handleProtocols: (asked) => (asked.has(protocol) ? protocol : false),
    });
    this.#sockets.on('headers', (lines, request) => {
      const proof = this.#parts.proofFor(request);
      if (proof !== undefined) lines.push(`x-opsbro-proof: ${proof}`);
    });
    this.#http.on('upgrade', (request, socket, head) => this.#take(request, socket, head));
  }

  /** Resolves with the URL it listens on. Rejects where it cannot. */
  async open(): Promise<string> {
    const { address, port } = this.#options;
    this.#http.listen({ host: address, port });
    try {
      await once(this.#http, 'listening');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Error(
        `cannot listen on ${bracketed(address)}:${port}: ${code}; give 'websocket' another 'port'`,
      );
    }
    this.#http.on('error', () => undefined);
    this.#beat = setInterval(() => this.#look(), beatMs);
    return `ws://${bracketed(address)}:${this.port}`;
  }

  /** The port it listens on. */
  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  /** Tells those that listen to the stream. */
  tell(text: string): void {
    for (const held of this.#held) if (held.listensTo === 'stream') this.#send(held, text);
  }

  /** Tells clients of the first OpsBro. */
  tellOld(text: string): void {
    for (const held of this.#held) if (held.listensTo === 'old') this.#send(held, text);
  }

  /** Lets go of who came with a token that no longer opens. */
  review(): void {
    for (const { socket, token } of this.#held)
      if (token !== null && !this.#parts.isValid(token))
        socket.close(reasons.policy, 'the token is no longer valid');
  }

  async close(): Promise<void> {
    clearInterval(this.#beat);
    for (const { socket } of this.#held) socket.close(reasons.goingAway, 'the agent stops');
    if (!this.#http.listening) return;
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    const timer = setTimeout(() => {
      for (const { socket } of this.#held) socket.terminate();
      this.#http.closeAllConnections();
    }, 500);
    await closed;
    clearTimeout(timer);
  }

  #take(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    const judged: Admission =
      this.#held.size >= this.#options.maxClients
        ? { status: 503, message: `there are ${this.#options.maxClients} clients already` }
        : this.#parts.judge(request);
    const isPath = request.url?.startsWith('/') === true;
    if ('status' in judged || !isPath) {
      const { status, message } = 'status' in judged ? judged : { status: 400, message: 'ask for a path' };
      const body = JSON.stringify({ error: { code: 'OPSBRO_API_DENIED', message } });
      const proof = this.#parts.proofFor(request);
      const headers = [
        'content-type: application/json',
        `content-length: ${Buffer.byteLength(body)}`,
        'connection: close',
        ...(proof === undefined ? [] : [`x-opsbro-proof: ${proof}`]),
      ].join('\r\n');
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}\r\n\r\n${body}`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (opened) =>
      this.#hold(opened, judged.token, new URL(request.url ?? '/', 'http://localhost')),
    );
  }

  #hold(socket: WebSocket, token: string | null, url: URL): void {
    const held: Held = { socket, token, listensTo: 'old', isAlive: true };
    this.#held.add(held);
    socket.on('close', () => this.#held.delete(held));
    socket.on('error', () => undefined);
    socket.on('pong', () => {
      held.isAlive = true;
    });
    held.listensTo = this.#parts.welcome({ url, send: (text) => socket.send(text, { binary: false }) });
  }

  /** What a client does not read is not kept for it: it is dropped, and may resume. */
  #send(held: Held, text: string): void {
    const { socket } = held;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount <= this.#options.backlogBytes) {
      socket.send(text);
      return;
    }
    this.#parts.dropped(`it has not read ${socket.bufferedAmount} bytes`);
    this.#held.delete(held);
    socket.terminate();
  }

  #look(): void {
    this.review();
    for (const held of this.#held) {
      if (held.isAlive) {
        held.isAlive = false;
        held.socket.ping();
      } else held.socket.terminate();
    }
  }
}
