import type { HttpRequest, HttpResponse } from 'opsbro/sdk';
import type { ForwardQueue } from '../forward/queue.ts';
import type { LabelMaker } from './labels.ts';
import { snappyOf } from './snappy.ts';
import { type Sample, writeRequest } from './write-request.ts';

/** What a sender works with. */
export interface HttpSenderParts {
  /** The request without its body. */
  request: HttpRequest;
  queue: ForwardQueue;
  labels: LabelMaker;
  http(request: HttpRequest): Promise<HttpResponse>;
  random(): number;
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves after a time, or when the second argument is called. */
  wait(ms: number, wake: (run: () => void) => void): Promise<void>;
  /** It takes points, or not any more. */
  changed(isUp: boolean, reason: string): void;
  /** It took some points for wrong; they are gone. */
  refused(points: number, reason: string): void;
}

const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** How long a receiver may ask us to wait. */
const longestAskedMs = 3_600_000;
const chunkBytes = 65_536;
/** Requests to find what a receiver does not like among points that it refused: one point of 1,500 takes 22. */
const maxHalvings = 40;

/**
 * Sends the lines of a queue as remote-write requests, one after the other, and goes on when one was taken. What a receiver calls wrong (4xx, but for
 * 429) is dropped, but only what it is: a request that is refused is halved. Everything else is tried again, later and later.
 */
export class HttpSender {
  readonly #parts: HttpSenderParts;
  #isStopped = false;
  #isWoken = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #isBackingOff = false;
  #endRequest: (() => void) | undefined;
  isUp = false;
  readonly counts = { sent: 0, refused: 0, retries: 0 };

  constructor(parts: HttpSenderParts) {
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

  /** What is under way is not waited for: it comes again after the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#endRequest?.();
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { queue } = this.#parts;
    while (!this.#isStopped) {
      this.#isWoken = false;
      const found = await this.#read();
      if (found === undefined) {
        if (!this.#isWoken) await this.#pause(longestPauseMs);
        continue;
      }
      if (await this.#deliver(samplesOf(found.bytes.toString(), this.#parts.labels)))
        await queue.advance(found.next);
    }
  }

  /** What waits. A disk that cannot be read is tried again, as a receiver is. */
  async #read(): ReturnType<ForwardQueue['read']> {
    const { queue } = this.#parts;
    try {
      return await queue.read(queue.done, chunkBytes);
    } catch (error) {
      this.#up(false, `its queue cannot be read: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** False when it was stopped before all were taken or refused. */
  async #deliver(samples: Sample[]): Promise<boolean> {
    const pieces = samples.length === 0 ? [] : [samples];
    let [halvings, pauseMs] = [0, firstPauseMs];
    for (let piece = pieces[0]; piece !== undefined && !this.#isStopped; piece = pieces[0]) {
      const { status, reason, askedMs } = await this.#post(piece);
      if (this.#isStopped && status === 0) return false;
      const isWrong = status >= 400 && status < 500 && status !== 429;
      if (status >= 200 && status < 300) {
        this.#up(true, '');
        this.counts.sent += piece.length;
        pauseMs = firstPauseMs;
        pieces.shift();
      } else if (!isWrong) {
        this.#up(false, reason);
        this.counts.retries += 1;
        this.#isBackingOff = true;
        await this.#pause(Math.max(askedMs, pauseMs * (0.5 + this.#parts.random())));
        this.#isBackingOff = false;
        pauseMs = Math.min(longestPauseMs, pauseMs * 2);
      } else if ((status === 400 || status === 413) && piece.length > 1 && halvings < maxHalvings) {
        halvings += 1;
        const middle = piece.length >> 1;
        pieces.splice(0, 1, piece.slice(0, middle), piece.slice(middle));
      } else {
        this.counts.refused += piece.length;
        this.#parts.refused(piece.length, reason);
        pieces.shift();
      }
    }
    return pieces.length === 0;
  }

  /** Status 0 when there was no answer. */
  async #post(samples: readonly Sample[]): Promise<{ status: number; reason: string; askedMs: number }> {
    const { request, http, now } = this.#parts;
    try {
      const ended = new Promise<never>((_, reject) => {
        this.#endRequest = () => reject(new Error('the service stops'));
      });
      const answer = await Promise.race([
        http({ ...request, bytes: snappyOf(writeRequest(samples)) }),
        ended,
      ]);
      const { status, text, headers } = answer;
      const said = text.trim().split('\n')[0]!.slice(0, 200);
      const reason = said === '' ? `it answers ${status}` : `it answers ${status}: ${said}`;
      return { status, reason, askedMs: askedMs(headers['retry-after'], now()) };
    } catch (error) {
      return { status: 0, reason: (error as Error).message, askedMs: 0 };
    }
  }

  #up(isUp: boolean, reason: string): void {
    this.isUp = isUp;
    this.#parts.changed(isUp, reason);
  }

  async #pause(ms: number): Promise<void> {
    if (this.#isStopped) return;
    await this.#parts.wait(ms, (run) => {
      this.#wake = run;
    });
    this.#wake = undefined;
  }
}

/** Samples of lines: those of one series together, in order of time, and of one second the last. */
export function samplesOf(lines: string, labels: LabelMaker): Sample[] {
  const series = new Map<string, Map<number, number>>();
  for (const line of lines.split('\n')) {
    const [name, value, time] = line.split(' ');
    if (name === undefined || value === undefined || time === undefined) continue;
    const points = series.get(name) ?? new Map<number, number>();
    series.set(name, points.set(Number(time), Number(value)));
  }
  return [...series].flatMap(([name, points]) => {
    const made = labels.of(name);
    return [...points]
      .sort(([one], [other]) => one - other)
      .map(([time, value]): Sample => ({ labels: made, time, value }));
  });
}

/** `Retry-After`: seconds, or a date (RFC 9110 §10.2.3); 0 for none. */
export function askedMs(header: string | undefined, now: number): number {
  const text = header?.trim() ?? '';
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return ms > 0 ? Math.min(longestAskedMs, ms) : 0;
}
