import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { maxPacketBytes } from '../grammar/parser.ts';
import { StreamLines } from './stream-lines.ts';
import type { TakePacket } from './udp-door.ts';

const maxConnections = 1000;
/** A connection on which nothing comes for so long is ended. */
const idleMs = 600_000;

/** A TCP port that takes lines in. A sender that is faster than they are read is held up by the system: nothing is kept beyond a line. */
export class TcpDoor {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** `tooLong` is told of a line that is longer than a packet may be. */
  constructor(take: TakePacket, tooLong: () => void) {
    this.#server = createServer((socket) => this.#connected(socket, take, tooLong));
    this.#server.maxConnections = maxConnections;
  }

  /** Resolves with the port. Rejects where it cannot be had. */
  async open(address: string, port: number): Promise<number> {
    const listening = once(this.#server, 'listening');
    this.#server.listen({ host: address, port, exclusive: true });
    await listening;
    this.#server.on('error', () => undefined);
    return (this.#server.address() as { port: number }).port;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #connected(socket: Socket, take: TakePacket, tooLong: () => void): void {
    const lines = new StreamLines(maxPacketBytes, take, tooLong);
    this.#sockets.add(socket);
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on('data', (part: Buffer) => lines.push(part));
    socket.on('end', () => lines.end());
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
