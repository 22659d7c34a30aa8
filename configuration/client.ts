import { Worker } from 'node:worker_threads';
import type { Json } from 'opsbro/sdk';
import type { TimerClock } from '../core/clock.ts';
import { type ErrorCode, OpsbroError } from '../core/errors.ts';
import type { Program } from '../language/program.ts';
import type { ConfigDirectories, ConfigReply, ConfigRequest } from '../threads/protocol.ts';
import type { ConfigPlan, RunningObject, ShownObject } from './model.ts';

/** What the client needs of a thread; `Worker` has it, and so has a test's. */
export interface ConfigWorker {
  postMessage(request: ConfigRequest): void;
  on(event: 'message', listener: (reply: ConfigReply) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
  terminate(): Promise<unknown>;
  unref(): void;
}

/** What a client is made with; the clock wakes its deadlines. */
export interface ConfigClientOptions {
  directories: ConfigDirectories;
  clock: TimerClock;
  startWorker?: () => ConfigWorker;
}

type WithoutId<Request> = Request extends ConfigRequest ? Omit<Request, 'id'> : never;

interface Pending {
  request: ConfigRequest;
  crashes: number;
  resolve(reply: ConfigReply): void;
  reject(error: OpsbroError): void;
  cancelDeadline(): void;
}

/** How long the thread stays after its last request. */
const lingerMs = 60_000;
/**
 * The time for one request, after which the thread is terminated. Five thousand objects take three seconds of a processor, of which a busy host may
 * give a twentieth: an agent that gives up does not start.
 */
export const loadDeadlineMs = 180_000;
const maxPending = 64;
const maxCrashes = 2;

/**
 * The main thread's door to the configuration thread: starts it on demand, ends it when it has been idle for a minute, and starts it
 * again, once per request, when it crashes. Loads no YAML, schema or expression code itself.
 */
export class ConfigClient {
  private readonly options: Required<ConfigClientOptions>;
  private readonly pending = new Map<number, Pending>();
  private worker: ConfigWorker | undefined;
  private cancelLinger: () => void = () => {};
  private nextId = 1;
  private generation = 0;
  private closed = false;

  constructor(options: ConfigClientOptions) {
    this.options = { startWorker, ...options };
  }

  /** Starts the thread ahead of a request that is likely to come. Never fails. */
  warm(): void {
    if (this.pending.size === 0 && !this.closed) void this.send({ type: 'warm' }).catch(() => {});
  }

  /** Reads the configuration and tells what to change. Rejects with OPSBRO_API_DEADLINE, OPSBRO_PLUGIN_EXITED or OPSBRO_AGENT_BUSY. */
  async load(running: RunningObject[]): Promise<ConfigPlan> {
    const reply = await this.send({ type: 'load', directories: this.options.directories, running });
    if (reply.type !== 'loaded') throw unexpected(reply);
    this.generation += 1;
    return { ...reply.plan, generation: this.generation };
  }

  /** Compiles one expression, as one of the check `as`; rejects with the code of its first error. `tree` is for `eval --explain`. */
  async compile(
    expression: string,
    language: 'opsbro' | 'javascript',
    as: string | null = null,
  ): Promise<{ program: Program; tree: Json }> {
    const { directories } = this.options;
    const reply = await this.send({ type: 'compile', expression, language, as, directories });
    if (reply.type !== 'compiled') throw unexpected(reply);
    return { program: reply.program, tree: reply.tree };
  }

  /** What `opsbro config show` prints of one object, or of all. */
  async show(object: string | null): Promise<ShownObject[]> {
    const reply = await this.send({ type: 'show', object, directories: this.options.directories });
    if (reply.type !== 'shown') throw unexpected(reply);
    return reply.objects;
  }

  /** Ends the thread; requests under way are rejected. */
  async stop(): Promise<void> {
    this.closed = true;
    this.failAll('OPSBRO_PLUGIN_EXITED', 'the agent is stopping');
    await this.end();
  }

  private send(request: WithoutId<ConfigRequest>): Promise<ConfigReply> {
    if (this.closed || this.pending.size >= maxPending)
      return Promise.reject(
        new OpsbroError('OPSBRO_AGENT_BUSY', 'the configuration thread has too many requests'),
      );
    this.cancelLinger();
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const cancelDeadline = this.options.clock.after(loadDeadlineMs, () => this.expire(id));
      const whole = { ...request, id } as ConfigRequest;
      this.pending.set(id, { request: whole, crashes: 0, resolve, reject, cancelDeadline });
      this.ensureWorker().postMessage(whole);
    });
  }

  private ensureWorker(): ConfigWorker {
    if (this.worker !== undefined) return this.worker;
    const worker = this.options.startWorker();
    this.worker = worker;
    worker.unref();
    worker.on('message', (reply) => this.receive(reply));
    // The exit that follows an error is what counts; without a listener it would end the agent.
    worker.on('error', () => {});
    worker.on('exit', () => this.crashed(worker));
    return worker;
  }

  private receive(reply: ConfigReply): void {
    const waiting = this.settle(reply.id);
    if (waiting === undefined) return;
    if (reply.type === 'refused')
      waiting.reject(new OpsbroError(reply.error.code as ErrorCode, reply.error.message));
    else waiting.resolve(reply);
  }

  private settle(id: number): Pending | undefined {
    const waiting = this.pending.get(id);
    waiting?.cancelDeadline();
    this.pending.delete(id);
    if (this.pending.size === 0 && !this.closed) {
      this.cancelLinger();
      this.cancelLinger = this.options.clock.after(lingerMs, () => void this.end());
    }
    return waiting;
  }

  private crashed(worker: ConfigWorker): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    for (const [id, waiting] of [...this.pending]) {
      waiting.crashes += 1;
      if (waiting.crashes < maxCrashes) this.ensureWorker().postMessage(waiting.request);
      else
        this.settle(id)?.reject(
          new OpsbroError('OPSBRO_PLUGIN_EXITED', 'the configuration thread ended during a request'),
        );
    }
  }

  private expire(id: number): void {
    const waiting = this.settle(id);
    void this.end();
    waiting?.reject(
      new OpsbroError('OPSBRO_API_DEADLINE', 'the configuration thread did not answer in time'),
    );
    this.failAll(
      'OPSBRO_API_DEADLINE',
      'the configuration thread was terminated because another request took too long',
    );
  }

  private failAll(code: ErrorCode, message: string): void {
    for (const id of [...this.pending.keys()]) this.settle(id)?.reject(new OpsbroError(code, message));
  }

  private async end(): Promise<void> {
    this.cancelLinger();
    const worker = this.worker;
    this.worker = undefined;
    await worker?.terminate();
  }
}

function unexpected(reply: ConfigReply): OpsbroError {
  return new OpsbroError('OPSBRO_API_INVALID', `the configuration thread answered '${reply.type}'`);
}

function startWorker(): ConfigWorker {
  // Threads load compiled code also when this file runs from source (tests).
  const here = import.meta.url.replace(/\/configuration\/client\.ts$/, '/dist/configuration/client.js');
  return new Worker(new URL('../bundle/config-thread.js', here), {
    env: {},
    // Much garbage, little that stays: a large young generation halves a cold load, and goes with the thread.
    resourceLimits: { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
  });
}
