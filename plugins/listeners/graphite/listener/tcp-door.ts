import { createServer, type Server, type Socket } from 'node:net';

/** What reads the bytes of one connection. Throwing ends the connection. */
export interface ConnectionReader {
  push(bytes: Buffer): void;
  /** The connection is over. */
  close?(): void;
}

/** What a door needs of what takes its points. */
export interface Intake {
  /** After points were handed over. */
  settle(): void;
  /** Resolves with true once all that was handed over is safe. */
  kept(): Promise<boolean>;
  readonly isPressed: boolean;
  /** Points that were lost for want of room, since the start. */
  readonly dropped: number;
  onRelief(run: () => void): () => void;
}

/** How many may come in, and how long they may be silent. */
export interface DoorLimits {
  connections: number;
  idleMs: number;
}

/** How long a sender waits for our end of a connection while the disk does not answer. */
const keepMs = 10_000;

/**
 * Connections of senders. One that ends its side gets ours when all it sent is on the disk, and a reset when that is not so, or may not be so: our
 * end is the acknowledgement. While memory fills nothing is read from any of them, so that senders wait.
 */
export class TcpDoor {
  readonly #intake: Intake;
  readonly #limits: DoorLimits;
  readonly #open: (source: string) => ConnectionReader;
  readonly #sockets = new Set<Socket>();
  readonly #paused = new Set<Socket>();
  #server: Server | undefined;
  #endRelief: (() => void) | undefined;
  /** Connections refused since there were too many. */
  refused = 0;
  /** Connections that brought what is no protocol of ours. */
  broken = 0;

  constructor(intake: Intake, limits: DoorLimits, open: (source: string) => ConnectionReader) {
    this.#intake = intake;
    this.#limits = limits;
    this.#open = open;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Connections that are not read from while memory fills. */
  get waiting(): number {
    return this.#paused.size;
  }

  /** Listens; resolves with the port. Rejects with what the system says. */
  async open(address: string, port: number): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#welcome(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address, port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', () => undefined);
    this.#endRelief = this.#intake.onRelief(() => this.#resume());
    return (server.address() as { port: number }).port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#endRelief?.();
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    // An end would say that all is on the disk.
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  #welcome(socket: Socket): void {
    if (this.#sockets.size >= this.#limits.connections) {
      this.refused += 1;
      socket.resetAndDestroy();
      return;
    }
    this.#sockets.add(socket);
    const reader = this.#open(socket.remoteAddress ?? '');
    socket.setTimeout(this.#limits.idleMs);
    socket.on('timeout', () => {
      if (!this.#paused.has(socket)) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#paused.delete(socket);
      reader.close?.();
    });
    socket.on('data', (bytes) => this.#read(socket, reader, bytes));
    // What is lost from here on may be what it brought, whoever's points took the room.
    const { dropped } = this.#intake;
    socket.on('end', () => void this.#part(socket, dropped));
    if (this.#intake.isPressed) this.#hold(socket);
  }

  #read(socket: Socket, reader: ConnectionReader, bytes: Buffer): void {
    try {
      reader.push(bytes);
    } catch {
      this.broken += 1;
      socket.destroy();
    }
    this.#intake.settle();
    // The others too: a part of each would be more than there is room for.
    if (this.#intake.isPressed) for (const each of this.#sockets) this.#hold(each);
  }

  #hold(socket: Socket): void {
    if (this.#paused.has(socket)) return;
    this.#paused.add(socket);
    socket.pause();
  }

  #resume(): void {
    for (const socket of this.#paused) {
      socket.resume();
      // It could not be heard meanwhile, and a timeout that passed comes again only when it is set again. One that parts has none.
      if (socket.timeout) socket.setTimeout(this.#limits.idleMs);
    }
    this.#paused.clear();
  }

  async #part(socket: Socket, dropped: number): Promise<void> {
    socket.setTimeout(0);
    const late = setTimeout(() => socket.resetAndDestroy(), keepMs);
    const isKept = await this.#intake.kept();
    clearTimeout(late);
    if (isKept && this.#intake.dropped === dropped) socket.end();
    else socket.resetAndDestroy();
  }
}
