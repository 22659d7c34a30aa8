import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIPv6, type Socket } from 'node:net';
import { Refused, Unavailable } from '../api/refused.ts';
import { ShortWay } from './short-way.ts';

const maxHeaderBytes = 16 * 1024;
const keepAliveMs = 65_000;
const maxRequestsOfConnection = 100_000;
/** Bodies that are being read, together: many connections that send slowly must not fill the memory. */
const maxReadingBytes = 32 * 1024 * 1024;

/** What a door bears. Times are milliseconds. */
export interface DoorLimits {
  headerTimeoutMs: number;
  requestTimeoutMs: number;
  maxConnections: number;
  maxBodyBytes: number;
  /** Paths of which a request that is as clients send it is read without Node's server. */
  shortPaths: ReadonlySet<string>;
}

/** A request that was read whole. */
export interface Asked {
  method: string;
  /** Without the query, as it was sent. */
  path: string;
  readonly query: URLSearchParams;
  headers: IncomingMessage['headers'];
  /** The address of the other side of the connection. */
  peer: string;
  body: Buffer;
}

/** What it is answered with: JSON, or a text of its own. */
export interface Answer {
  status: number;
  body: unknown;
  type?: string;
  headers?: { [name: string]: string };
}

const busy: Answer = {
  status: 503,
  body: { error: 'too much is being sent at the same time' },
  headers: { connection: 'close', 'retry-after': '1' },
};

const safeHeaders = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** A port that speaks HTTP/1.1 to clients nobody knows: what is late, large or too much ends. */
export class Door {
  readonly #server: Server;
  readonly #limits: DoorLimits;
  readonly #respond: (asked: Asked) => Promise<Answer> | Answer;
  #readingBytes = 0;
  readonly #short = new Map<Socket, ShortWay>();

  constructor(limits: DoorLimits, respond: (asked: Asked) => Promise<Answer> | Answer) {
    this.#limits = limits;
    this.#respond = respond;
    const { headerTimeoutMs, requestTimeoutMs, maxConnections } = limits;
    this.#server = createServer(
      {
        headersTimeout: Math.min(headerTimeoutMs, requestTimeoutMs),
        requestTimeout: requestTimeoutMs,
        keepAliveTimeout: keepAliveMs,
        maxHeaderSize: maxHeaderBytes,
        connectionsCheckingInterval: Math.min(1000, headerTimeoutMs),
      },
      (request, response) => this.#read(request, response),
    );
    this.#server.maxRequestsPerSocket = maxRequestsOfConnection;
    this.#server.maxConnections = maxConnections;
    this.#server.setTimeout(Math.max(requestTimeoutMs, keepAliveMs) + 5000, (socket) => socket.destroy());
    this.#server.on('clientError', (error, socket) => refuseUnreadable(error, socket as Socket));
    this.#shorten();
  }

  /** Connections take the short way first; Node's server is what its own listener would have made of them. */
  #shorten(): void {
    const { headerTimeoutMs, shortPaths: paths } = this.#limits;
    const goOn = this.#server.listeners('connection') as ((socket: Socket) => void)[];
    this.#server.removeAllListeners('connection');
    const parts = {
      ...{ paths, firstMs: headerTimeoutMs, keepAliveMs },
      respond: (asked: Asked) => this.#answerOf(asked),
      handOver: (socket: Socket) => {
        this.#short.delete(socket);
        for (const listener of goOn) listener.call(this.#server, socket);
      },
    };
    this.#server.on('connection', (socket: Socket) => {
      this.#short.set(socket, new ShortWay(socket, parts));
      socket.once('close', () => this.#short.delete(socket));
    });
  }

  /** Resolves with the port. Rejects where it cannot listen. */
  async open(address: string, port: number): Promise<number> {
    this.#server.listen({ host: address, port, backlog: 511 });
    try {
      await once(this.#server, 'listening');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const where = `${isIPv6(address) ? `[${address}]` : address}:${port}`;
      if (code === 'EADDRINUSE')
        throw new Error(`${where} is in use; give 'overc' another 'port' in the configuration`);
      throw new Error(`cannot listen on ${where}: ${code}`);
    }
    this.#server.on('error', () => undefined);
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes no more, and gives what is being answered `graceMs`. */
  async close(graceMs: number): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    for (const way of this.#short.values()) way.close();
    const timer = setTimeout(() => {
      this.#server.closeAllConnections();
      for (const socket of this.#short.keys()) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(timer);
  }

  #read(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const { maxBodyBytes } = this.#limits;
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) {
      tooLarge(response, maxBodyBytes);
      return;
    }
    request.once('close', () => {
      this.#readingBytes -= bytes;
    });
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      this.#readingBytes += chunk.length;
      if (response.headersSent) return;
      if (this.#readingBytes > maxReadingBytes) {
        chunks.length = 0;
        send(response, busy);
      } else if (bytes <= maxBodyBytes) chunks.push(chunk);
      else tooLarge(response, maxBodyBytes);
    });
    request.on('error', () => undefined);
    request.on('end', () => {
      if (!response.headersSent) void this.#answer(request, response, chunks);
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse, chunks: Buffer[]): Promise<void> {
    const { method = 'GET', headers, socket } = request;
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const asked: Asked = {
      method,
      path: mark === -1 ? url : url.slice(0, mark),
      get query() {
        return new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1));
      },
      headers,
      peer: socket.remoteAddress ?? '',
      body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks),
    };
    send(response, await this.#answerOf(asked));
  }

  async #answerOf(asked: Asked): Promise<Answer> {
    try {
      return await this.#respond(asked);
    } catch (error) {
      return refusal(error);
    }
  }
}

/** What a request is answered with that `error` ended. */
export function refusal(error: unknown): Answer {
  if (error instanceof Refused)
    return {
      status: error.status,
      body: { error: error.message },
      ...(error.headers && { headers: error.headers }),
    };
  if (error instanceof Unavailable) return { status: 503, body: { error: 'the database does not answer' } };
  const { code, message } = error as { code?: string; message?: string };
  const isStore = code?.startsWith('OPSBRO_AGENT_') === true;
  return { status: isStore ? 503 : 500, body: { error: message ?? 'failed' } };
}

function tooLarge(response: ServerResponse, maxBytes: number): void {
  send(response, {
    status: 413,
    body: { error: `the body is over ${maxBytes} bytes` },
    headers: { connection: 'close' },
  });
}

function send(response: ServerResponse, { status, body, type, headers }: Answer): void {
  if (response.destroyed) return;
  const text = type === undefined ? JSON.stringify(body) : String(body);
  response.writeHead(status, {
    ...safeHeaders,
    'content-type': type ?? 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

const unreadable: { [code: string]: [status: number, reason: string, message: string] } = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'the headers are over 16 KiB'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'the request did not come in time'],
};

/** Answers what could not be read as a request, when it still can, and ends the connection. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const [status, reason, message] = unreadable[error.code ?? ''] ?? [400, 'Bad Request', 'this is not HTTP'];
  const text = JSON.stringify({ error: message });
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
    () => socket.destroy(),
  );
}
