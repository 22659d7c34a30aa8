import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { BatchSocket } from './batch-socket.ts';
import { maxUdpBytes } from './responder.ts';

/** Writes the answer to a query to `out` and returns its size, 0 for none. */
export type UdpAnswerer = (query: Uint8Array, length: number, client: string, out: Uint8Array) => number;

/** Answers that the system has not taken yet; what comes beyond is lost, as datagrams are. */
const maxUnsent = 64;
/** More than may be unsent, so that none is written over before it is sent. */
const buffers = 2 * maxUnsent;
/** Room for queries that come while others are answered, as far as the system grants it. */
const receiveBytes = 4 * 1024 * 1024;

/**
 * A UDP port that answers each datagram at once. Node tells when the first of some has come and answers it; those behind it are answered in
 * batches where the system can, by Node one by one where not.
 */
export class UdpDoor {
  readonly #socket: Socket;
  readonly #outs = Array.from({ length: buffers }, () => Buffer.alloc(maxUdpBytes));
  readonly #openBatch: typeof BatchSocket.open;
  #batch: BatchSocket | undefined;
  #turn = 0;

  /** Without batches where `openBatch` gives none. */
  constructor(address: string, answer: UdpAnswerer, openBatch = BatchSocket.open) {
    const type = isIPv6(address) ? 'udp6' : 'udp4';
    const family = type === 'udp6' ? 6 : 4;
    // Senders are addresses already: without this each answer would wait for a lookup that looks nothing up.
    const lookup = (host: string, _: object, done: (error: null, address: string, family: number) => void) =>
      done(null, host, family);
    const socket = createSocket({ type, lookup: lookup as never, recvBufferSize: receiveBytes });
    this.#socket = socket;
    this.#openBatch = openBatch;
    socket.on('message', (query, { address: client, port }) => {
      if (port !== 0) this.#answer(answer, query, client, port);
      this.#batch?.drain(answer);
    });
  }

  /** Resolves with the port. Rejects where it cannot be had; then another may be tried. */
  async open(address: string, port: number): Promise<number> {
    const batch = this.#openBatch(address, port);
    const listening = once(this.#socket, 'listening');
    if (batch === undefined) this.#socket.bind({ address, port, exclusive: true });
    else this.#socket.bind({ fd: batch.fd, exclusive: true });
    await listening;
    batch?.keepAlone();
    this.#batch = batch;
    // An answer that cannot be sent is lost; the service is not.
    this.#socket.on('error', () => undefined);
    return this.#socket.address().port;
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    try {
      this.#socket.close();
    } catch {
      return;
    }
    await closed;
  }

  #answer(answer: UdpAnswerer, query: Buffer, client: string, port: number): void {
    const out = this.#outs[this.#turn]!;
    const size = answer(query, query.length, client, out);
    if (size === 0 || this.#socket.getSendQueueCount() >= maxUnsent) return;
    this.#turn = (this.#turn + 1) % buffers;
    this.#socket.send(out, 0, size, port, client);
  }
}
