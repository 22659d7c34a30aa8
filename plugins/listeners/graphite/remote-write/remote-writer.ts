import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { HttpRequest, HttpResponse } from 'opsbro/sdk';
import { LineBatch } from '../forward/line-batch.ts';
import { ForwardQueue } from '../forward/queue.ts';
import type { Onward } from '../points.ts';
import { HttpSender } from './http-sender.ts';
import type { LabelMaker } from './labels.ts';

/** Where points go, and how. */
export interface RemoteWriterParts {
  folder: string;
  endpoints: readonly URL[];
  /** What requests have in common. */
  request: Pick<HttpRequest, 'headers' | 'verifyTls' | 'caFile' | 'timeoutMs'>;
  labels: LabelMaker;
  /** Of all queues together. */
  maxBytes: number;
  http(request: HttpRequest): Promise<HttpResponse>;
  now(): number;
  tell(topic: string, message: string): void;
  note(message: string): void;
}

/** How one endpoint does. */
export interface EndpointFigures {
  endpoint: string;
  up: boolean;
  queued_bytes: number;
  dropped_bytes: number;
  sent_points: number;
  refused_points: number;
  retries: number;
}

interface Way {
  name: string;
  queue: ForwardQueue;
  sender: HttpSender;
}

const headers = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
  'user-agent': 'opsbro',
};

/** Sends all points on by Prometheus's remote write, to each endpoint over a queue of its own on the disk. */
export class RemoteWriter implements Onward {
  readonly #parts: RemoteWriterParts;
  readonly #ways: Way[];
  readonly #batch: LineBatch;

  constructor(parts: RemoteWriterParts) {
    this.#parts = parts;
    this.#ways = parts.endpoints.map((endpoint) => this.#way(endpoint));
    this.#batch = new LineBatch((lines) => {
      for (const { queue } of this.#ways) queue.push(lines);
    });
  }

  async open(): Promise<void> {
    for (const { queue } of this.#ways) await queue.open();
    for (const { sender } of this.#ways) sender.start();
  }

  take(bytes: Buffer, from: number, to: number, time: number, value: number): void {
    this.#batch.add(`${bytes.toString('utf8', from, to)} ${value} ${time}\n`);
  }

  settle(): void {
    this.#batch.hand();
  }

  async kept(): Promise<boolean> {
    this.settle();
    const flushed = await Promise.all(this.#ways.map(({ queue }) => queue.flush()));
    return flushed.every(Boolean);
  }

  figures(): EndpointFigures[] {
    return this.#ways.map(({ name, queue, sender }) => ({
      endpoint: name,
      up: sender.isUp,
      queued_bytes: queue.bytes,
      dropped_bytes: queue.droppedBytes,
      sent_points: sender.counts.sent,
      refused_points: sender.counts.refused,
      retries: sender.counts.retries,
    }));
  }

  async close(): Promise<void> {
    this.settle();
    await Promise.all(this.#ways.map(({ sender }) => sender.stop()));
    await Promise.all(this.#ways.map(({ queue }) => queue.close()));
  }

  #way(endpoint: URL): Way {
    const { folder, maxBytes, endpoints, request, labels, http, now, tell, note } = this.#parts;
    // A query may hold a token.
    const name = `${endpoint.origin}${endpoint.pathname}`;
    const own = createHash('sha1').update(endpoint.href).digest('hex').slice(0, 8);
    let wasUp: boolean | undefined;
    const queue: ForwardQueue = new ForwardQueue({
      folder: join(folder, `${endpoint.host.replace(/[^\w.-]/g, '_')}-${own}`),
      maxBytes: maxBytes / endpoints.length,
      grown: () => sender.soon(),
      tell: (topic, message) => tell(topic, `${name}: ${message}`),
    });
    const sender: HttpSender = new HttpSender({
      request: {
        ...request,
        url: endpoint.href,
        method: 'POST',
        headers: { ...headers, ...request.headers },
      },
      queue,
      labels,
      http,
      now,
      random: Math.random,
      wait,
      changed(isUp, reason) {
        if (isUp === wasUp) return;
        wasUp = isUp;
        if (isUp) note(`writes to ${name}`);
        else tell('forward-down', `${name} takes no points: ${reason}; they wait on the disk`);
      },
      refused: (points, reason) => tell('forward-refused', `${name} refuses ${points} points: ${reason}`),
    });
    return { name, queue, sender };
  }
}

function wait(ms: number, wake: (run: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
