import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Onward } from '../points.ts';
import { type Destination, HashRing } from './hash-ring.ts';
import { LineBatch } from './line-batch.ts';
import { ForwardQueue } from './queue.ts';
import { Sender } from './sender.ts';

/** Where points go, and how. */
export interface ForwarderParts {
  folder: string;
  destinations: readonly Destination[];
  isPickle: boolean;
  /** To how many destinations each name goes. */
  copies: number;
  /** Of all queues together. */
  maxBytes: number;
  tell(topic: string, message: string): void;
  note(message: string): void;
}

/** Names whose destinations are remembered. */
const maxNames = 100_000;

interface Way {
  destination: Destination;
  queue: ForwardQueue;
  sender: Sender;
  batch: LineBatch;
}

/** Sends points on to other Graphites, each name to the destination that carbon's ring gives it, over a queue on the disk for each. */
export class Forwarder implements Onward {
  readonly #parts: ForwarderParts;
  readonly #ring: HashRing;
  readonly #ways: Way[];
  readonly #owners = new Map<string, number[]>();

  constructor(parts: ForwarderParts) {
    this.#parts = parts;
    this.#ring = new HashRing(parts.destinations);
    this.#ways = parts.destinations.map((destination) => this.#way(destination));
  }

  async open(): Promise<void> {
    for (const { queue } of this.#ways) await queue.open();
    for (const { sender } of this.#ways) sender.start();
  }

  /** Takes a point in; it goes to its queues at the next `settle`, or before. */
  take(bytes: Buffer, from: number, to: number, time: number, value: number): void {
    const name = bytes.toString('utf8', from, to);
    let owners = this.#owners.get(name);
    if (owners === undefined) {
      owners = this.#ring.ownersOf(name, this.#parts.copies);
      if (this.#owners.size >= maxNames) this.#owners.clear();
      this.#owners.set(name, owners);
    }
    const line = `${name} ${value} ${time}\n`;
    for (const owner of owners) this.#ways[owner]!.batch.add(line);
  }

  settle(): void {
    for (const { batch } of this.#ways) batch.hand();
  }

  /** Resolves with true once all that was taken is in queues on the disk. */
  async kept(): Promise<boolean> {
    this.settle();
    const flushed = await Promise.all(this.#ways.map(({ queue }) => queue.flush()));
    return flushed.every(Boolean);
  }

  figures(): { destination: string; connected: boolean; queued_bytes: number; dropped_bytes: number }[] {
    return this.#ways.map(({ destination, sender, queue }) => ({
      destination: nameOf(destination),
      connected: sender.isConnected,
      queued_bytes: queue.bytes,
      dropped_bytes: queue.droppedBytes,
    }));
  }

  async close(): Promise<void> {
    this.settle();
    await Promise.all(this.#ways.map(({ sender }) => sender.stop()));
    await Promise.all(this.#ways.map(({ queue }) => queue.close()));
  }

  #way(destination: Destination): Way {
    const { folder, isPickle, maxBytes, destinations, tell, note } = this.#parts;
    const name = nameOf(destination);
    const own = createHash('sha1').update(name).digest('hex').slice(0, 8);
    let wasConnected: boolean | undefined;
    const queue: ForwardQueue = new ForwardQueue({
      folder: join(folder, `${name.replace(/[^\w.-]/g, '_')}-${own}`),
      maxBytes: maxBytes / destinations.length,
      grown: () => sender.soon(),
      tell: (topic, message) => tell(topic, `${name}: ${message}`),
    });
    const sender: Sender = new Sender({
      destination,
      queue,
      isPickle,
      random: Math.random,
      changed(isConnected, reason) {
        if (isConnected === wasConnected) return;
        wasConnected = isConnected;
        if (isConnected) note(`forwards to ${name}`);
        else tell('forward-down', `${name} takes no points: ${reason}; they wait on the disk`);
      },
    });
    return { destination, queue, sender, batch: new LineBatch((lines) => queue.push(lines)) };
  }
}

function nameOf({ host, port, instance }: Destination): string {
  return `${host}:${port}${instance === null ? '' : `:${instance}`}`;
}
