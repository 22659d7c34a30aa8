import { createHmac, timingSafeEqual } from 'node:crypto';
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
const maxHeadBytes = 16 * 1024;
const tokenProtocol = 'bearer.';
/** What of a request is told to `websocket`: who asks was judged here, and no secret of theirs leaves this service. */
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
  /** What the two know of each other; another one at each start of `websocket`. It is never sent. */
  key: string;
}

/**
 * Hands those who want to listen to the stream over to the service `websocket`, by the name of their token or session. Any program of this host
 * may listen on a port that `websocket` has left, so each side proves that it knows the key before a byte passes. It knows nothing of
 * WebSocket: bytes pass as they are, and no faster than the client reads.
 */
export class StreamLine {
  readonly #parts: StreamParts;
  readonly #open = new Set<Duplex>();
  #door: StreamDoor | undefined;
  #isClosed = false;

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
    if (this.#isClosed) {
      socket.destroy();
      return;
    }
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    const listener = socket as Socket;
    listener.removeAllListeners('timeout');
    listener.setTimeout(silentMs, () => socket.destroy());
    const judged = this.#judge(request);
    if ('status' in judged) answer(socket, judged);
    else this.#handOver(request, socket, head, judged);
  }

  /** Whether a request is for the stream; any other that offers to change the protocol is a plain request. */
  isFor({ headers, method, url = '' }: IncomingMessage): boolean {
    const path = withoutBase(url, this.#parts.basePath).split('?', 1)[0];
    return headers.upgrade?.toLowerCase() === 'websocket' && method === 'GET' && path === streamPath;
  }

  /** Ends every connection, and each that still comes. */
  close(): void {
    this.#isClosed = true;
    for (const socket of this.#open) socket.destroy();
  }

  #judge(request: IncomingMessage): Caller | Refusal {
    const { gate, origins } = this.#parts;
    const { headers } = request;
    const named = protocols(headers).find((one) => one.startsWith(tokenProtocol));
    if (headers.authorization === undefined && named !== undefined)
      headers.authorization = `Bearer ${named.slice(tokenProtocol.length)}`;
    const judged = gate.judge(request);
    if ('status' in judged) return judged;
    if (!/^[+/\dA-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? ''))
      return { status: 400, code: 'OPSBRO_API_INVALID', message: 'WebSocket takes a Sec-WebSocket-Key' };
    if (headers['sec-websocket-version'] !== '13') return otherVersion;
    const { origin = '' } = headers;
    // A page of another port of this host is one of another site to the reader of a stream.
    const isForeign = origin !== '' && !origins.has(origin) && !isOwnPage(gate.wayOf(request));
    if (isForeign)
      return { status: 403, code: 'OPSBRO_API_DENIED', message: 'a page of another site may not listen' };
    return lack(judged, 'read', `GET ${streamPath}`) ?? judged;
  }

  #handOver(request: IncomingMessage, socket: Duplex, head: Buffer, { token }: Caller): void {
    const door = this.#door;
    if (door === undefined) {
      answer(socket, absent());
      return;
    }
    const { address, port, key } = door;
    const nonce = String(request.headers['sec-websocket-key'] ?? '');
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
      const name = Buffer.from(token ?? '').toString('base64url');
      const proof = prove(key, 'http', nonce, name);
      onward.write(this.#headFor(request, bracketed(host), `Opsbro-Stream ${name}.${proof}`));
    });
    let said = Buffer.alloc(0);
    const hear = (chunk: Buffer): void => {
      said = Buffer.concat([said, chunk]);
      const answered = readAnswer(said, prove(key, 'websocket', nonce, ''));
      if (answered === 'part') return;
      onward.off('data', hear);
      if (answered === 'strange') {
        onward.destroy();
        return;
      }
      clearTimeout(timer);
      isThrough = true;
      socket.write(answered);
      if (head.length > 0) onward.write(head);
      socket.pipe(onward).pipe(socket);
    };
    onward.on('data', hear);
  }

  #headFor({ url = '', headers }: IncomingMessage, host: string, authorization: string): string {
    const lines = [
      `GET ${withoutBase(url, this.#parts.basePath)} HTTP/1.1`,
      `host: ${host}`,
      'upgrade: websocket',
      'connection: Upgrade',
      ...handedOn.flatMap((name) => (headers[name] === undefined ? [] : [`${name}: ${headers[name]}`])),
    ];
    lines.push(`authorization: ${authorization}`);
    const spoken = protocols(headers).filter((one) => !one.startsWith(tokenProtocol));
    if (spoken.length > 0) lines.push(`sec-websocket-protocol: ${spoken.join(', ')}`);
    return `${lines.join('\r\n')}\r\n\r\n`;
  }
}

/** What only who knows `key` can say of a connection; `websocket` makes the same. */
function prove(key: string, side: 'http' | 'websocket', nonce: string, name: string): string {
  return createHmac('sha256', key).update(`${side}\n${nonce}\n${name}`).digest('base64url');
}

/** What `websocket` answered so far, without its proof: `part` until its head is there, `strange` where that is not of `websocket`. */
function readAnswer(said: Buffer, proof: string): Buffer | 'part' | 'strange' {
  const end = said.indexOf('\r\n\r\n');
  if (end === -1) return said.length > maxHeadBytes ? 'strange' : 'part';
  const head = said.toString('latin1', 0, end);
  const line = /\r\nx-opsbro-proof: ([\w-]+)(?=\r\n|$)/i.exec(head);
  const [found, told] = [Buffer.from(line?.[1] ?? ''), Buffer.from(proof)];
  if (line === null || found.length !== told.length || !timingSafeEqual(found, told)) return 'strange';
  return Buffer.concat([Buffer.from(head.replace(line[0], ''), 'latin1'), said.subarray(end)]);
}

function protocols(headers: IncomingMessage['headers']): string[] {
  return (headers['sec-websocket-protocol'] ?? '')
    .split(',', 16)
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

const otherVersion: Refusal = {
  ...{ status: 426, code: 'OPSBRO_API_INVALID', message: 'the stream speaks version 13 of WebSocket' },
  headers: { upgrade: 'websocket', 'sec-websocket-version': '13' },
};

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
