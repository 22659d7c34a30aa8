import { pathToFileURL } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import type {
  Context,
  Json,
  JsonObject,
  RouteReply,
  RouteRequest,
  ServiceContext,
  ServiceDefinition,
} from 'opsbro/sdk';
import { nextCron } from '../alerting/calendar/cron.ts';
import { secretSchema } from '../configuration/sources/options.ts';
import { OpsbroError, type PlainError, plainError } from '../core/errors.ts';
import { LeveledLog } from '../core/leveled-log.ts';
import { containThread, type Scope } from './containment.ts';
import { createContext, logLine, threadClock } from './context/context.ts';
import { ErrandLine } from './context/errand-line.ts';
import { openOwnStore } from './context/own-store.ts';
import { PendingLooks } from './context/pending-looks.ts';
import { plainReply } from './context/plain-reply.ts';
import { type Emit, readEmit } from './context/run-emits.ts';
import { openSecrets, saidWithoutSecrets, secretTexts } from './context/secrets.ts';
import { copyTree, stateLimits } from './context/tree.ts';
import { takeUnixDatagrams } from './context/unix-datagrams.ts';
import type { LogLine, ServiceReply, ServiceRequest } from './protocol.ts';
import { EmitQueue } from './services/emit-queue.ts';
import { SnapshotQueue } from './services/snapshot-queue.ts';
import { cellOf, type ServiceThreadData } from './worker-data.ts';

const { thread, shared, looks: table, lane, line } = workerData as ServiceThreadData;
const errands = new ErrandLine(line);
const cells = new Int32Array(shared);
const looks = new PendingLooks(table, lane, () => threadClock.monotonic() / 1000);
const port = parentPort!;
const beatMs = 1000;
const saveEveryBeats = 60;
const linesAWindow = 100;
const windowMs = 10_000;
const flushMs = 20;
/** Half a second, of the three that a stop may take. */
const lastTurns = 25;
const emitBounds = { window: 256, size: 1024 };

function post(reply: ServiceReply): void {
  port.postMessage(reply);
}

/** What the service was given to keep to itself. */
let secrets: readonly string[] = [];

function postLine(level: LogLine['level'], message: string, fields?: JsonObject): void {
  const { logs } = saidWithoutSecrets({ logs: [logLine(level, message, fields)] }, secrets);
  for (const line of logs) post({ type: 'log', line });
}

function errorOf(thrown: unknown): PlainError {
  const error = plainError(thrown, 'OPSBRO_PLUGIN_FAILED');
  return saidWithoutSecrets({ error }, secrets).error;
}

/** Passes lines on at once, at most a hundred in ten seconds. */
class ServiceLog extends LeveledLog {
  #windowEnds = 0;
  #lines = 0;

  protected pass(level: LogLine['level'], message: string, fields?: JsonObject): void {
    const now = performance.now();
    if (now >= this.#windowEnds) {
      const dropped = this.#lines - linesAWindow;
      if (dropped > 0) postLine('warn', `${dropped} lines were left out of the log`);
      this.#windowEnds = now + windowMs;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines <= linesAWindow) postLine(level, message, fields);
  }
}

/** The one service of this thread. An error that nobody catches ends it: the core then starts another thread. */
class Service implements Scope {
  readonly plugin: string;
  readonly log = new ServiceLog();
  readonly #request: Extract<ServiceRequest, { type: 'start' }>;
  readonly #abort = new AbortController();
  readonly #listeners = new Map<string, Set<(data: Json) => void>>();
  readonly #emits = new EmitQueue<Emit>(
    ({ topic, data }) => post({ type: 'emit', topic, data }),
    () => Atomics.load(cells, cellOf.acknowledged),
    emitBounds,
  );
  readonly #snapshots = new SnapshotQueue(
    (topic, data) => post({ type: 'publish', topic, data }),
    () => Atomics.load(cells, cellOf.received),
  );
  /** Fires once `stop` has ended. */
  readonly #over = new AbortController();
  #definition: ServiceDefinition | undefined;
  #answer: ((request: RouteRequest) => Promise<RouteReply> | RouteReply) | undefined;
  #started: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  #saved: string;
  #beats = 0;
  #flush: NodeJS.Timeout | undefined;

  constructor(request: Extract<ServiceRequest, { type: 'start' }>) {
    this.#request = request;
    this.plugin = request.entry.id;
    this.#saved = JSON.stringify(request.state);
  }

  blame(error: unknown): void {
    post({ type: 'failed', error: errorOf(error) });
  }

  start(): void {
    this.#started = this.#start();
    this.#started.then(
      () => post({ type: 'started' }),
      (thrown) => this.blame(thrown),
    );
  }

  /** Waits for the start to end, however it does, then stops once. */
  stop(): Promise<void> {
    this.#abort.abort(new OpsbroError('OPSBRO_PLUGIN_EXITED', 'the service was told to stop'));
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  push(topic: string, data: Json): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener(data);
  }

  async request(id: number, request: RouteRequest): Promise<void> {
    try {
      const answer = this.#answer;
      if (answer === undefined)
        throw new OpsbroError('OPSBRO_API_NOT_FOUND', `${this.plugin} answers no routes`);
      const reply = plainReply(await answer(request));
      const bytes = reply.body instanceof Uint8Array ? [reply.body.buffer as ArrayBuffer] : [];
      port.postMessage({ type: 'reply', id, reply } satisfies ServiceReply, bytes);
    } catch (thrown) {
      const { code, message } = errorOf(thrown);
      const status = code === 'OPSBRO_API_NOT_FOUND' ? 404 : 500;
      post({ type: 'reply', id, reply: { status, body: { error: { code, message } } } });
    }
  }

  /** Once a second: shows that the loop turns and what it holds, and once a minute saves the state. */
  beat(): void {
    const heap = getHeapStatistics();
    Atomics.store(cells, cellOf.externalKiB, Math.round(heap.external_memory / 1024));
    Atomics.store(cells, cellOf.heapKiB, Math.round(heap.used_heap_size / 1024));
    Atomics.store(cells, cellOf.dropped, this.#emits.dropped);
    Atomics.add(cells, cellOf.beat, 1);
    this.#beats += 1;
    if (this.#beats % saveEveryBeats !== 0) return;
    const state = this.#changedState();
    if (state !== null) post({ type: 'state', state });
  }

  async #start(): Promise<void> {
    const { module } = this.#request.entry;
    if (module === null) throw new OpsbroError('OPSBRO_PLUGIN_NO_VERB', `${this.plugin} has no code`);
    let loaded: { default?: ServiceDefinition };
    try {
      loaded = await import(pathToFileURL(module).href);
    } catch (thrown) {
      const { message } = plainError(thrown, 'OPSBRO_PLUGIN_IMPORT');
      throw new OpsbroError('OPSBRO_PLUGIN_IMPORT', `cannot load ${module}: ${message}`, { cause: thrown });
    }
    const definition = loaded.default;
    if (typeof definition?.start !== 'function' || typeof definition.stop !== 'function') {
      throw new OpsbroError('OPSBRO_PLUGIN_NO_VERB', `${module} lacks start or stop`);
    }
    this.#definition = definition;
    this.#abort.signal.throwIfAborted();
    await definition.start(this.#context());
  }

  async #stop(): Promise<void> {
    await this.#started.catch(() => undefined);
    try {
      await this.#definition?.stop();
    } catch (thrown) {
      this.log.error(`stop failed: ${plainError(thrown, 'OPSBRO_PLUGIN_FAILED').message}`);
    }
    this.#over.abort(new OpsbroError('OPSBRO_PLUGIN_EXITED', 'the service has stopped'));
    await this.#lastWords();
    post({ type: 'stopped', state: this.#changedState() });
  }

  #context(): ServiceContext {
    const { name, entry, state } = this.#request;
    const options = openSecrets(
      secretSchema(entry.manifest.options),
      this.#request.options,
      thread.environment,
    );
    secrets = secretTexts(secretSchema(entry.manifest.options), options);
    const { signal } = this.#abort;
    const context: Context = createContext({
      data: thread,
      name,
      options,
      state,
      signal,
      log: this.log,
      emit: (topic, data) => {
        this.#emits.push(readEmit(topic, data));
        this.#flushSoon();
      },
      cells,
      looks,
      // What it has not kept yet it may still keep as it stops; the host ends the thread when that takes too long.
      errand: (errand) => errands.send(this.plugin, errand, this.#over.signal),
    });
    return {
      ...context,
      subscribe: (topic, listener) => {
        const listeners = this.#listeners.get(topic) ?? new Set();
        this.#listeners.set(topic, listeners.add(listener));
        const known = latest.get(topic);
        if (known !== undefined) queueMicrotask(() => listeners.has(listener) && listener(known));
        return () => listeners.delete(listener);
      },
      publish: (topic, data) => {
        if (entry.manifest.publishes?.includes(topic) !== true)
          throw new OpsbroError(
            'OPSBRO_API_DENIED',
            `${this.plugin} does not declare 'publishes: [${topic}]'`,
          );
        this.#snapshots.push(topic, data);
        this.#flushSoon();
      },
      onRequest: (handler) => {
        this.#answer = handler;
      },
      ask: (request, { timeoutMs } = {}) => errands.ask(this.plugin, request, signal, timeoutMs),
      takeUnixDatagrams,
      openStore: openOwnStore,
      nextCron,
    };
  }

  /** The core does not say when it has taken what was sent, so what waits is tried again shortly. */
  #flushSoon(): void {
    if (this.#emits.waiting + this.#snapshots.waiting === 0 || this.#flush !== undefined) return;
    this.#flush = setTimeout(() => {
      this.#flush = undefined;
      this.#emits.flush();
      this.#snapshots.flush();
      this.#flushSoon();
    }, flushMs);
  }

  /** Gives the core a moment to take what the service sent as it stopped. */
  async #lastWords(): Promise<void> {
    for (let turn = 0; turn < lastTurns && this.#emits.waiting + this.#snapshots.waiting > 0; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, flushMs));
      this.#emits.flush();
      this.#snapshots.flush();
    }
  }

  #changedState(): JsonObject | null {
    try {
      const { value } = copyTree(this.#request.state, stateLimits);
      const text = JSON.stringify(value);
      if (text === this.#saved) return null;
      this.#saved = text;
      return value as JsonObject;
    } catch (thrown) {
      this.log.error(plainError(thrown, 'OPSBRO_PLUGIN_STATE').message);
      return null;
    }
  }
}

/** The last snapshot of each topic, for listeners that come later. */
const latest = new Map<string, Json>();
let service: Service | undefined;

containThread(
  () => service,
  (error) => post({ type: 'failed', error: plainError(error, 'OPSBRO_PLUGIN_FAILED') }),
);

port.on('message', (request: ServiceRequest) => {
  if (request.type === 'start') {
    service = new Service(request);
    service.start();
    setInterval(() => service?.beat(), beatMs);
  } else if (request.type === 'stop') {
    void service?.stop();
  } else if (request.type === 'push') {
    Atomics.add(cells, cellOf.taken, 1);
    latest.set(request.topic, request.data);
    service?.push(request.topic, request.data);
  } else {
    const { type: _, id, ...asked } = request;
    void service?.request(id, asked);
  }
});
