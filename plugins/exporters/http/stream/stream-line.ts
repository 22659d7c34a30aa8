import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { bracketed, type Json } from 'opsbro/sdk';
import { type Caller, type Gate, lack } from '../gate.ts';
import { withoutBase } from '../reception.ts';
import { errorBody, type Refusal, safeHeaders } from '../refuse.ts';
import { isOwnPage } from '../sessions/session-cookie.ts';

/** Where the stream is. */
export const streamPath = '/api/v1/stream';

/** `websocket` pings every 15 s: a connection without a word for longer is dead. */
const silentMs = 60_000;
const connectMs = 5000;
const tokenProtocol = 'bearer.';
/** What of a request is told to `websocket`: who asks was judged here, and it is to judge by the token alone. */
const handedOn = ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-extensions'];

/** What a stream line needs. */
export interface StreamParts {
  gate: Gate;
  basePath: string;
  /** Origins of other sites whose pages may listen. */
  origins: ReadonlySet<string>;
}

/** Where `websocket` listens, as it tells by the snapshot `stream`. */
interface StreamDoor {
  address: string;
  port: number;
}

/**
 * Hands those who want to listen to the stream over to the service `websocket`, with the token of their session. It knows nothing of WebSocket:
 * bytes pass as they are, and no faster than the client reads.
 */
export class StreamLine {
  readonly #parts: StreamParts;
  readonly #open = new Set<Duplex>();
  #door: StreamDoor | undefined;

  constructor(parts: StreamParts) {
    this.#parts = parts;
  }

  /** Takes the snapshot `stream`. */
  useDoor(snapshot: Json): void {
    this.#door = (snapshot ?? undefined) as unknown as StreamDoor | undefined;
  }

  /** Takes a request to speak another protocol, with what came behind it. */
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    const listener = socket as Socket;
    listener.removeAllListeners('timeout');
    listener.setTimeout(silentMs, () => socket.destroy());
    const judged = this.#judge(request);
    if ('status' in judged) answer(socket, judged);
    else this.#handOver(request, socket, head, judged);
  }

  /** Ends every connection. */
  close(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #judge(request: IncomingMessage): Caller | Refusal {
    const { gate, basePath, origins } = this.#parts;
    const { headers } = request;
    const path = withoutBase(request.url ?? '', basePath).split('?', 1)[0];
    if (headers.upgrade?.toLowerCase() !== 'websocket' || request.method !== 'GET' || path !== streamPath)
      return { status: 400, code: 'OPSBRO_API_INVALID', message: `${streamPath} alone speaks WebSocket` };
    const named = protocols(headers).find((one) => one.startsWith(tokenProtocol));
    if (headers.authorization === undefined && named !== undefined)
      headers.authorization = `Bearer ${named.slice(tokenProtocol.length)}`;
    const judged = gate.judge(request);
    if ('status' in judged) return judged;
    const { origin = '' } = headers;
    // A page of another port of this host is one of another site to the reader of a stream.
    const isForeign = origin !== '' && !origins.has(origin) && !isOwnPage(gate.wayOf(request));
    if (isForeign)
      return { status: 403, code: 'OPSBRO_API_DENIED', message: 'a page of another site may not listen' };
    return lack(judged, 'read', `GET ${streamPath}`) ?? judged;
  }

  #handOver(request: IncomingMessage, socket: Duplex, head: Buffer, { session }: Caller): void {
    const door = this.#door;
    if (door === undefined) {
      answer(socket, absent());
      return;
    }
    const { address, port } = door;
    const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
    const onward = connect({ host, port, noDelay: true });
    const timer = setTimeout(() => onward.destroy(), connectMs);
    let isThrough = false;
    onward.on('error', () => onward.destroy());
    onward.on('close', () => {
      clearTimeout(timer);
      if (isThrough) socket.destroy();
      else answer(socket, absent());
    });
    socket.once('close', () => onward.destroy());
    onward.once('connect', () => {
      clearTimeout(timer);
      isThrough = true;
      onward.write(this.#headFor(request, bracketed(host), session));
      if (head.length > 0) onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
  }

  #headFor({ url = '', headers }: IncomingMessage, host: string, session: string | null): string {
    const lines = [
      `GET ${withoutBase(url, this.#parts.basePath)} HTTP/1.1`,
      `host: ${host}`,
      'upgrade: websocket',
      'connection: Upgrade',
      ...handedOn.flatMap((name) => (headers[name] === undefined ? [] : [`${name}: ${headers[name]}`])),
    ];
    const authorization = session === null ? headers.authorization : `Bearer ${session}`;
    if (authorization !== undefined) lines.push(`authorization: ${authorization}`);
    const spoken = protocols(headers).filter((one) => !one.startsWith(tokenProtocol));
    if (spoken.length > 0) lines.push(`sec-websocket-protocol: ${spoken.join(', ')}`);
    return `${lines.join('\r\n')}\r\n\r\n`;
  }
}

function protocols(headers: IncomingMessage['headers']): string[] {
  return (headers['sec-websocket-protocol'] ?? '')
    .split(',', 16)
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function absent(): Refusal {
  const message = "nothing is told live: 'websocket: { enabled: true }' in a file of config.d starts that";
  return { status: 503, code: 'OPSBRO_AGENT_BUSY', message };
}

function answer(socket: Duplex, { status, code, message, headers }: Refusal): void {
  const text = JSON.stringify(errorBody(code, message));
  const all = {
    ...safeHeaders,
    ...headers,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${text}`);
}
