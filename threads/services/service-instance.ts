import type { Json, JsonObject, Manifest, RouteReply, RouteRequest } from 'opsbro/sdk';
import type { PluginEntry, ServiceObject } from '../../configuration/model.ts';
import type { TimerClock } from '../../core/clock.ts';
import type { ErrorCode, PlainError } from '../../core/errors.ts';
import { endAfter } from '../deadline/deadline.ts';
import { moreMs, type ThreadTimes, timesSince } from '../deadline/starvation.ts';
import type { LogLine, ServiceReply } from '../protocol.ts';
import type { ServiceThread, ServiceThreadEvents } from '../service-lane.ts';
import { decideRestart, type RestartLimits, recentFailures } from './restart-policy.ts';

/** Where a service is in its life. `backoff`: it died and waits for its next start. `failed`: it died too often. */
export type ServiceState = 'starting' | 'running' | 'backoff' | 'stopping' | 'stopped' | 'failed';

/** What a service needs of the core. */
export interface ServiceSurroundings {
  clock: TimerClock;
  /** In [0, 1). */
  random(): number;
  limits: RestartLimits;
  openThread(events: ServiceThreadEvents, manifest: Manifest, plugin: string): ServiceThread;
  /** An event of a plugin's service. */
  emit(plugin: string, topic: string, data: Json): void;
  /** A snapshot of a plugin's service, of a topic that its manifest lists; `isLast` while it stops. */
  publish(topic: string, data: Json, isLast: boolean): void;
  log(id: string, line: LogLine): void;
  /** The state to keep; called when it changed. */
  save(id: string, state: JsonObject): void;
  /** Each change of state; `failed` comes once. */
  changed(id: string, state: ServiceState, error: PlainError | null): void;
  /** The last snapshot of each topic. */
  snapshots(): ReadonlyMap<string, Json>;
}

/** How long `start` may take. */
const startMs = 30_000;
/** How long `stop` may take; within the five seconds an agent has to stop. */
const stopMs = 3000;
/** A service whose loop did not turn for this long is dead. */
const silentMs = 30_000;
/** Of the time between two looks, which is a second, what counts at most: in the rest this process stood still itself, and the service with it. */
const lookMs = 2000;
const maxRequests = 100;
const maxPushes = 64;

/** The beat of a thread at the last look, for how long it has been that, and what the thread had used when it came. */
interface Beat {
  count: number;
  silentMs: number;
  times: ThreadTimes | undefined;
  lookedAt: number;
}

/**
 * One service from its start to its stop: a thread at a time, restarted with growing pauses when it dies. Used once; a changed object gets a new one.
 */
export class ServiceInstance {
  readonly entry: PluginEntry;
  readonly object: ServiceObject;
  readonly #around: ServiceSurroundings;
  #state: ServiceState = 'stopped';
  #kept: JsonObject;
  #thread: ServiceThread | null = null;
  /** Set while the service is told to release what it holds; `error` is why, null for an ordinary stop. */
  #releasing: { error: PlainError | null } | null = null;
  #failures: number[] = [];
  #restarts = 0;
  #error: PlainError | null = null;
  #cancel: () => void = () => undefined;
  #settled: (() => void)[] = [];
  #requests = new Map<number, (reply: RouteReply) => void>();
  #lastRequest = 0;
  #pushed = 0;
  #owed = new Set<string>();
  #beat: Beat = { count: -1, silentMs: 0, times: undefined, lookedAt: 0 };

  constructor(entry: PluginEntry, object: ServiceObject, state: JsonObject, around: ServiceSurroundings) {
    this.entry = entry;
    this.object = object;
    this.#kept = state;
    this.#around = around;
  }

  get state(): ServiceState {
    return this.#state;
  }

  get error(): PlainError | null {
    return this.#error;
  }

  get restarts(): number {
    return this.#restarts;
  }

  get thread(): ServiceThread | null {
    return this.#thread;
  }

  /** Starts the thread; resolves once the service runs, or its first start failed. Never rejects. */
  start(): Promise<void> {
    const settled = new Promise<void>((resolve) => this.#settled.push(resolve));
    this.#open();
    return settled;
  }

  /** Stops the service and ends its thread; resolves within `stopMs`. Never rejects. Again: waits for the same end. */
  stop(): Promise<void> {
    if (this.#state === 'stopped' || this.#state === 'failed' || this.#state === 'backoff') {
      this.#cancel();
      if (this.#state !== 'stopped') this.#enter('stopped', null);
      return Promise.resolve();
    }
    const stopped = new Promise<void>((resolve) => this.#settled.push(resolve));
    if (this.#state !== 'stopping') {
      this.#enter('stopping', this.#error);
      this.#release(null);
    }
    return stopped;
  }

  /** Hands on a snapshot; a thread that lags gets only the last of each topic. */
  push(topic: string, data: Json): void {
    const thread = this.#thread;
    if (thread === null || !(this.entry.manifest.needs ?? []).includes(topic)) return;
    if (((this.#pushed - thread.taken()) | 0) >= maxPushes) {
      this.#owed.add(topic);
      return;
    }
    this.#owed.delete(topic);
    this.#pushed = (this.#pushed + 1) | 0;
    thread.post({ type: 'push', topic, data });
  }

  /** Asks the service; never rejects. 503 when it does not run or has too much to answer, 504 when it is late. */
  request(request: RouteRequest, deadlineMs: number): Promise<RouteReply> {
    const thread = this.#thread;
    if (this.#state !== 'running' || thread === null || this.#releasing !== null) {
      return Promise.resolve(refusal(503, 'OPSBRO_AGENT_BUSY', `${this.object.id} is ${this.#state}`));
    }
    if (this.#requests.size >= maxRequests) {
      return Promise.resolve(
        refusal(503, 'OPSBRO_AGENT_BUSY', `${this.object.id} has ${maxRequests} requests to answer`),
      );
    }
    this.#lastRequest += 1;
    const id = this.#lastRequest;
    return new Promise((resolve) => {
      const cancel = this.#around.clock.after(deadlineMs, () => {
        this.#answer(
          id,
          refusal(504, 'OPSBRO_API_DEADLINE', `${this.object.id} did not answer within ${deadlineMs} ms`),
        );
      });
      this.#requests.set(id, (reply) => {
        cancel();
        resolve(reply);
      });
      thread.post({ type: 'request', id, ...request });
    });
  }

  /** Pays owed snapshots and ends a thread whose loop stands still. Called about once a second. */
  check(): void {
    const thread = this.#thread;
    if (thread === null) return;
    for (const topic of this.#owed) {
      const data = this.#around.snapshots().get(topic);
      if (data !== undefined) this.push(topic, data);
    }
    if (this.#state === 'running' && this.#isSilent(thread)) {
      this.kill({
        code: 'OPSBRO_PLUGIN_TIMEOUT',
        message: `${this.object.id}: its loop stood still for ${silentMs} ms`,
      });
    }
  }

  /** Whether the loop of its thread stands still, and neither this process did nor the thread for want of a processor. */
  #isSilent(thread: ServiceThread): boolean {
    const now = this.#around.clock.monotonic();
    const { beat } = thread.figures();
    const last = this.#beat;
    if (beat !== last.count) {
      this.#beat = { count: beat, silentMs: 0, times: thread.times(), lookedAt: now };
      return false;
    }
    last.silentMs += Math.min(now - last.lookedAt, lookMs);
    last.lookedAt = now;
    if (last.silentMs <= silentMs) return false;
    return moreMs(silentMs, last.silentMs, timesSince(last.times, thread.times()).waitedMs) === 0;
  }

  /** Ends the thread at once; counts as a failure. */
  kill(error: PlainError): void {
    this.#thread?.terminate();
    this.#thread = null;
    this.#failed(error);
  }

  #open(): void {
    const { clock } = this.#around;
    this.#pushed = 0;
    this.#owed.clear();
    this.#beat = { count: -1, silentMs: 0, times: undefined, lookedAt: clock.monotonic() };
    this.#enter('starting', this.#error);
    const { entry, object } = this;
    const thread = this.#around.openThread(
      {
        reply: (reply) => {
          if (this.#thread === thread) this.#reply(thread, reply);
        },
        gone: (memory) => {
          if (this.#thread === thread) this.#gone(memory);
        },
      },
      entry.manifest,
      entry.id,
    );
    this.#thread = thread;
    thread.post({ type: 'start', entry, name: object.name, options: object.options, state: this.#kept });
    for (const [topic, data] of this.#around.snapshots()) this.push(topic, data);
    const message = `${object.id}: did not start within ${startMs} ms`;
    const late = (): void => this.#release({ code: 'OPSBRO_PLUGIN_TIMEOUT', message });
    this.#cancel = endAfter(startMs, clock, () => thread.times(), late, true);
  }

  #reply(thread: ServiceThread, reply: ServiceReply): void {
    const { id } = this.object;
    if (reply.type === 'emit') {
      thread.acknowledge('emit');
      this.#around.emit(this.entry.id, reply.topic, reply.data);
    } else if (reply.type === 'publish') {
      thread.acknowledge('publish');
      if (this.entry.manifest.publishes?.includes(reply.topic) === true)
        this.#around.publish(reply.topic, reply.data, this.#state === 'stopping');
    } else if (reply.type === 'log') this.#around.log(id, reply.line);
    else if (reply.type === 'reply') this.#answer(reply.id, reply.reply);
    else if (reply.type === 'state') this.#save(reply.state);
    else if (reply.type === 'started') this.#running();
    else if (reply.type === 'failed') this.#release(reply.error);
    else {
      if (reply.state !== null) this.#save(reply.state);
      this.#ended();
    }
  }

  #running(): void {
    if (this.#state !== 'starting' || this.#releasing) return;
    this.#cancel();
    this.#enter('running', null);
    this.#settle();
  }

  /** Lets the service release what it holds, also after a failed start, then ends its thread. */
  #release(error: PlainError | null): void {
    if (this.#releasing !== null) return;
    this.#releasing = { error };
    this.#refuseRequests();
    this.#cancel();
    this.#thread?.post({ type: 'stop' });
    this.#cancel = this.#around.clock.after(stopMs, () => this.#ended());
  }

  #ended(): void {
    const error = this.#releasing?.error ?? null;
    this.#thread?.terminate();
    this.#thread = null;
    if (this.#state === 'stopping') this.#stopped();
    else
      this.#failed(
        error ?? { code: 'OPSBRO_PLUGIN_EXITED', message: `${this.object.id}: stopped by itself` },
      );
  }

  #gone(memory: boolean): void {
    this.#thread = null;
    if (this.#state === 'stopping') {
      this.#stopped();
      return;
    }
    const { id } = this.object;
    this.#failed(
      this.#releasing?.error ??
        (memory
          ? { code: 'OPSBRO_PLUGIN_MEMORY', message: `${id}: its thread ran out of memory` }
          : { code: 'OPSBRO_PLUGIN_EXITED', message: `${id}: its thread ended` }),
    );
  }

  #stopped(): void {
    this.#cancel();
    this.#releasing = null;
    this.#refuseRequests();
    this.#enter('stopped', null);
    this.#settle();
  }

  #failed(error: PlainError): void {
    const { clock, limits, random } = this.#around;
    this.#cancel();
    this.#releasing = null;
    this.#refuseRequests();
    if (this.#state === 'stopping') {
      this.#stopped();
      return;
    }
    const now = clock.monotonic();
    this.#failures = [...recentFailures(this.#failures, now, limits), now];
    const decision = decideRestart(this.#failures, now, random(), limits);
    if (decision.action === 'give-up') {
      const message = `${this.object.id}: died ${this.#failures.length} times, lastly: ${error.message}`;
      this.#enter('failed', { code: 'OPSBRO_PLUGIN_SERVICE_FAILED', message });
    } else {
      this.#enter('backoff', error);
      this.#cancel = clock.after(decision.afterMs, () => {
        this.#restarts += 1;
        this.#open();
      });
    }
    this.#settle();
  }

  #enter(state: ServiceState, error: PlainError | null): void {
    this.#state = state;
    this.#error = error;
    this.#around.changed(this.object.id, state, error);
  }

  #settle(): void {
    for (const resolve of this.#settled.splice(0)) resolve();
  }

  #save(state: JsonObject): void {
    this.#kept = state;
    this.#around.save(this.object.id, state);
  }

  #answer(id: number, reply: RouteReply): void {
    const answer = this.#requests.get(id);
    this.#requests.delete(id);
    answer?.(reply);
  }

  #refuseRequests(): void {
    for (const id of [...this.#requests.keys()]) {
      this.#answer(id, refusal(503, 'OPSBRO_AGENT_BUSY', `${this.object.id} stopped before it answered`));
    }
  }
}

function refusal(status: number, code: ErrorCode, message: string): RouteReply {
  return { status, body: { error: { code, message } } };
}
