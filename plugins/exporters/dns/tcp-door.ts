import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { maxQueryBytes } from './query.ts';
import { maxTcpBytes } from './responder.ts';

/** Writes the answer to a query to `out` and returns its size, 0 for none. */
export type TcpAnswerer = (query: Uint8Array, length: number, out: Uint8Array) => number;

const defaultIdleMs = 10_000;
const maxConnections = 256;
const maxOfClient = 32;
const lengthBytes = 2;

/** A TCP port for answers that UDP has no room for (RFC 7766): many queries on a connection, each with its length before it. */
export class TcpDoor {
  readonly #server: Server;
  readonly #answer: TcpAnswerer;
  readonly #idleMs: number;
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Map<string, number>();
  readonly #out = Buffer.alloc(lengthBytes + maxTcpBytes);

  /** A connection ends that brings no whole query for `idleMs`. */
  constructor(answer: TcpAnswerer, idleMs = defaultIdleMs) {
    this.#answer = answer;
    this.#idleMs = idleMs;
    this.#server = createServer((socket) => this.#letIn(socket));
    this.#server.maxConnections = maxConnections;
  }

  /** Resolves with the port. Rejects where it cannot be had. */
  async open(address: string, port: number): Promise<number> {
    this.#server.listen({ host: address, port, exclusive: true });
    await once(this.#server, 'listening');
    this.#server.on('error', () => undefined);
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #letIn(socket: Socket): void {
    const client = socket.remoteAddress ?? '';
    const count = (this.#clients.get(client) ?? 0) + 1;
    if (count > maxOfClient) {
      socket.destroy();
      return;
    }
    this.#clients.set(client, count);
    this.#sockets.add(socket);
    // Not the socket's own: that begins anew with each byte, and one byte now and then would hold the connection for ever.
    const idle = setTimeout(() => socket.destroy(), this.#idleMs);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(idle);
      this.#sockets.delete(socket);
      const left = (this.#clients.get(client) ?? 1) - 1;
      if (left > 0) this.#clients.set(client, left);
      else this.#clients.delete(client);
    });
    this.#converse(socket, idle);
  }

  /** Answers in turn, and reads no further while the client does not read. */
  #converse(socket: Socket, idle: NodeJS.Timeout): void {
    let unread: Buffer = Buffer.alloc(0);
    const proceed = (): void => {
      while (!socket.destroyed && !socket.writableNeedDrain && unread.length >= lengthBytes) {
        const length = unread.readUInt16BE(0);
        if (length > maxQueryBytes) socket.destroy();
        if (unread.length < lengthBytes + length) break;
        this.#reply(socket, unread.subarray(lengthBytes, lengthBytes + length));
        if (!socket.destroyed) idle.refresh();
        unread = unread.subarray(lengthBytes + length);
      }
      if (socket.writableNeedDrain) socket.pause();
      else socket.resume();
    };
    socket.on('data', (bytes) => {
      unread = unread.length === 0 ? bytes : Buffer.concat([unread, bytes]);
      proceed();
    });
    socket.on('drain', proceed);
  }

  #reply(socket: Socket, query: Buffer): void {
    const size = this.#answer(query, query.length, this.#out.subarray(lengthBytes));
    if (size === 0) {
      socket.destroy();
      return;
    }
    this.#out.writeUInt16BE(size, 0);
    socket.write(Buffer.from(this.#out.subarray(0, lengthBytes + size)));
  }
}
