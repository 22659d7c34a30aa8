import { connect, type Socket } from 'node:net';
import type { Destination } from './hash-ring.ts';
import { pickleOfLines } from './pickle-writer.ts';
import type { Cursor, ForwardQueue } from './queue.ts';

/** How a sender knocks, and how long it waits. */
export interface SenderParts {
  destination: Destination;
  queue: ForwardQueue;
  isPickle: boolean;
  random(): number;
  /** It is connected, or not any more. */
  changed(isConnected: boolean, reason: string): void;
}

const connectMs = 5000;
const firstPauseMs = 500;
const longestPauseMs = 30_000;
const chunkBytes = 65_536;
/** Nobody acknowledges lines: what was sent so long ago on a connection that still stands has arrived, as far as anybody can tell. */
const settleMs = 2000;

/** Sends the lines of a queue to one destination, again and again from where it was when a connection ends: some lines may come twice, none is left out. */
export class Sender {
  readonly #parts: SenderParts;
  #socket: Socket | undefined;
  #isStopped = false;
  #wake: (() => void) | undefined;
  /** There was more to send since it was looked for. */
  #isWoken = false;
  #isBackingOff = false;
  #running: Promise<void> = Promise.resolve();
  isConnected = false;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** There is more to send. */
  soon(): void {
    this.#isWoken = true;
    if (!this.#isBackingOff) this.#wake?.();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#socket?.destroy();
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!this.#isStopped) {
      const socket = await this.#connected();
      if (socket === undefined) {
        pauseMs = await this.#backOff(pauseMs);
        continue;
      }
      const startedMs = performance.now();
      const reason = await this.#send(socket).then(
        () => 'it ended',
        (error: Error) => error.message,
      );
      socket.destroy();
      this.isConnected = false;
      if (this.#isStopped) return;
      this.#parts.changed(false, reason);
      // A proxy without its backend takes connections only to end them.
      if (performance.now() - startedMs > longestPauseMs) pauseMs = firstPauseMs;
      pauseMs = await this.#backOff(pauseMs);
    }
  }

  /** Waits, whatever comes; gives how long to wait the next time. */
  async #backOff(ms: number): Promise<number> {
    this.#isBackingOff = true;
    await this.#pause(ms * (0.5 + this.#parts.random()));
    this.#isBackingOff = false;
    return Math.min(longestPauseMs, ms * 2);
  }

  async #connected(): Promise<Socket | undefined> {
    const { host, port } = this.#parts.destination;
    const socket = connect({ host, port });
    this.#socket = socket;
    const reason = await new Promise<string>((resolve) => {
      socket.setTimeout(connectMs, () => resolve('it does not answer'));
      socket.once('connect', () => resolve(''));
      socket.once('error', ({ message }) => resolve(message));
      socket.once('close', () => resolve('it closed'));
    });
    socket.on('error', () => undefined);
    if (reason !== '') {
      socket.destroy();
      this.#parts.changed(false, reason);
      return undefined;
    }
    socket.setTimeout(0);
    socket.resume();
    this.isConnected = true;
    this.#parts.changed(true, '');
    return socket;
  }

  /** Sends until the connection ends. */
  async #send(socket: Socket): Promise<void> {
    const { queue, isPickle } = this.#parts;
    let cursor: Cursor = queue.done;
    const sent: { at: number; cursor: Cursor }[] = [];
    socket.once('close', () => this.#wake?.());
    while (!this.#isStopped && !socket.destroyed && !socket.readableEnded) {
      const now = performance.now();
      let settled: Cursor | undefined;
      while (sent.length > 0 && now - sent[0]!.at >= settleMs) settled = sent.shift()!.cursor;
      if (settled !== undefined) await queue.advance(settled);
      this.#isWoken = false;
      const found = await queue.read(cursor, chunkBytes);
      if (found === undefined) {
        if (!this.#isWoken) await this.#pause(sent.length > 0 ? settleMs / 2 : longestPauseMs);
        continue;
      }
      const bytes = isPickle ? pickleOfLines(found.bytes) : found.bytes;
      await new Promise<void>((resolve, reject) =>
        socket.write(bytes, (error) => (error ? reject(error) : resolve())),
      );
      cursor = found.next;
      sent.push({ at: performance.now(), cursor });
    }
  }

  async #pause(ms: number): Promise<void> {
    if (this.#isStopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
