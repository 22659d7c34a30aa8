import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** What a connection is served by. */
export interface Visitor {
  /** Sent at once. */
  greeting: Buffer;
  /** Takes the next part: whether what follows can be read, and whether a packet is whole. */
  push(part: Buffer): { isReadable: boolean; whole: boolean };
}

/** What the door lets in. */
export interface DoorLimits {
  maxConnections: number;
  /** From one whole packet to the next. */
  timeoutMs: number;
}

/** A TCP port. A connection has its time for each packet, however it spends it. */
export class Door {
  readonly #server: Server;
  readonly #limits: DoorLimits;
  readonly #sockets = new Set<Socket>();
  /** Connections: taken, closed at once for want of room, and ended for taking too long. */
  readonly counts = { taken: 0, refused: 0, late: 0 };

  /** `visit` makes what serves a connection of that address. */
  constructor(limits: DoorLimits, visit: (address: string) => Visitor) {
    this.#limits = limits;
    this.#server = createServer((socket) => this.#connected(socket, visit(socket.remoteAddress ?? '')));
    this.#server.maxConnections = limits.maxConnections;
    this.#server.on('drop', () => {
      this.counts.refused += 1;
    });
  }

  /** How many are open. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Resolves with the port. Rejects where it cannot be had, with what to do. */
  async listen(address: string, port: number): Promise<number> {
    const listening = once(this.#server, 'listening');
    this.#server.listen({ host: address, port, exclusive: true });
    await listening.catch((error: NodeJS.ErrnoException) => {
      throw new Error(whyNot(error, address, port), { cause: error });
    });
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

  #connected(socket: Socket, visitor: Visitor): void {
    this.#sockets.add(socket);
    this.counts.taken += 1;
    const late = (): void => {
      this.counts.late += 1;
      socket.destroy();
    };
    let timer = setTimeout(late, this.#limits.timeoutMs);
    socket.on('data', (part: Buffer) => {
      const { isReadable, whole } = visitor.push(part);
      if (!isReadable) socket.destroy();
      if (!whole) return;
      clearTimeout(timer);
      timer = setTimeout(late, this.#limits.timeoutMs);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    });
    socket.write(visitor.greeting);
  }
}

function whyNot({ code, message }: NodeJS.ErrnoException, address: string, port: number): string {
  if (code === 'EADDRINUSE') return `port ${port} is in use; give 'nsca' another 'port'`;
  if (code === 'EADDRNOTAVAIL') return `'address' is none of this host: ${address}`;
  if (code === 'EACCES') return `port ${port}: only root may take a port below 1024`;
  return `cannot listen on ${address} port ${port}: ${code ?? message}`;
}
