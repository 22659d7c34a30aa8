import type { Json, JsonObject, RouteReply, RouteRequest } from 'opsbro/sdk';
import type { PluginEntry, ServiceObject } from '../../configuration/model.ts';
import type { PlainError } from '../../core/errors.ts';
import type { ErrandRunner } from '../../sandbox/model.ts';
import type { RouteAsker } from '../context/errand-line.ts';
import type { ThreadData } from '../protocol.ts';
import { openServiceThread, type ServiceThread } from '../service-lane.ts';
import { type RestartLimits, restartLimits } from './restart-policy.ts';
import { ServiceInstance, type ServiceState, type ServiceSurroundings } from './service-instance.ts';

/** What a host of services is made of. `openThread` and `limits` are arguments for tests. */
export interface ServiceHostParts
  extends Omit<ServiceSurroundings, 'openThread' | 'snapshots' | 'publish' | 'limits' | 'random'> {
  threadData: ThreadData;
  /** What a service kept when it last stopped. */
  load(id: string): JsonObject;
  openThread?: ServiceSurroundings['openThread'];
  /** Does what services ask of the main thread, for `ctx.kv`; without it that is refused. */
  errand?: ErrandRunner;
  /** Asks routes for services, for `ctx.ask`; without it that is refused. */
  ask?: RouteAsker;
  /** The thread of a plugin's service starts; it ended. For the crash journal. */
  onThreadStart?(plugin: string): void;
  onThreadEnd?(plugin: string): void;
  limits?: RestartLimits;
  random?: () => number;
}

/** One service as `opsbro plugins` shows it and the memory guard judges it. */
export interface ServiceFigures {
  id: string;
  plugin: string;
  state: ServiceState;
  error: PlainError | null;
  restarts: number;
  heapUsedBytes: number;
  externalBytes: number;
  emitsDropped: number;
}

/** How long services that need what others publish wait for their last words. */
const lastWordsMs = 1000;

/** Runs services, one supervised thread each, by object id. Calls on one service never overlap; none of them rejects. */
export class ServiceHost {
  readonly #parts: ServiceHostParts;
  readonly #around: ServiceSurroundings;
  readonly #services = new Map<string, ServiceInstance>();
  readonly #calls = new Map<string, Promise<void>>();
  /** The latest call by service. */
  readonly #latest = new Map<string, symbol>();
  readonly #snapshots = new Map<string, Json>();
  /** Told of what services publish, but for what they say as they stop; undefined when the publisher of a topic has stopped. */
  onPublished: ((topic: string, data: Json | undefined) => void) | undefined;

  constructor(parts: ServiceHostParts) {
    this.#parts = parts;
    const open =
      parts.openThread ??
      ((events, { load }): ServiceThread =>
        openServiceThread(parts.threadData, events, parts.errand, parts.ask, load));
    this.#around = {
      ...parts,
      random: parts.random ?? Math.random,
      limits: parts.limits ?? restartLimits,
      openThread: (events, manifest, plugin) => {
        parts.onThreadStart?.(plugin);
        const gone = (memory: boolean): void => {
          parts.onThreadEnd?.(plugin);
          events.gone(memory);
        };
        return open({ ...events, gone }, manifest, plugin);
      },
      snapshots: () => this.#snapshots,
      publish: (topic, data, isLast) => {
        this.push(topic, data);
        if (!isLast) this.onPublished?.(topic, data);
      },
    };
  }

  /**
   * Starts a service, after it stopped one of the same id. Resolves once it runs or its first start failed; from then on it is restarted
   * with growing pauses, until it has failed too often.
   */
  start(entry: PluginEntry, object: ServiceObject): Promise<void> {
    return this.#call(object.id, async (isLatest) => {
      await this.#release(object.id);
      if (!isLatest()) return;
      const instance = new ServiceInstance(entry, object, this.#parts.load(object.id), this.#around);
      this.#services.set(object.id, instance);
      await instance.start();
    });
  }

  /** Stops a service and forgets it. One that starts at the moment is told so at once. Resolves within three seconds. */
  stop(id: string): Promise<void> {
    return this.#call(id, () => this.#release(id));
  }

  /** Those that publish stop first, so that what they say lastly reaches those that need it; these wait a second at most. */
  async stopAll(): Promise<void> {
    const ids = new Set([...this.#services.keys(), ...this.#calls.keys()]);
    const told = [...ids].filter((id) => this.#isHeard(id)).map((id) => this.stop(id));
    if (told.length > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#around.clock.after(lastWordsMs, resolve);
        void Promise.all(told).then(() => {
          cancel();
          resolve();
        });
      });
    }
    await Promise.all([...ids].map((id) => this.stop(id)));
  }

  /** Hands a snapshot to every service whose manifest `needs` the topic, and to those that start later. */
  push(topic: string, data: Json): void {
    this.#snapshots.set(topic, data);
    for (const service of this.#services.values()) service.push(topic, data);
  }

  /** The last snapshot of a topic; undefined where none was handed on, or its service has stopped. */
  snapshot(topic: string): Json | undefined {
    return this.#snapshots.get(topic);
  }

  /** Asks a service for one of its routes. 404 when there is none of that id, 503 when it does not run, 504 when it is late. */
  request(id: string, request: RouteRequest, deadlineMs: number): Promise<RouteReply> {
    const service = this.#services.get(id);
    if (service !== undefined) return service.request(request, deadlineMs);
    const error = { code: 'OPSBRO_API_NOT_FOUND', message: `no service ${id}` };
    return Promise.resolve({ status: 404, body: { error } });
  }

  /** To be called about once a second: finds threads that stand still. */
  check(): void {
    for (const service of this.#services.values()) service.check();
  }

  /** Ends the thread of a service; it is restarted like one that died. */
  kill(id: string, error: PlainError): void {
    this.#services.get(id)?.kill(error);
  }

  figures(): ServiceFigures[] {
    return [...this.#services.values()].map((service) => {
      const { heapUsedBytes = 0, externalBytes = 0, emitsDropped = 0 } = service.thread?.figures() ?? {};
      return {
        id: service.object.id,
        plugin: service.entry.id,
        state: service.state,
        error: service.error,
        restarts: service.restarts,
        heapUsedBytes,
        externalBytes,
        emitsDropped,
      };
    });
  }

  /** Whether another service needs what this one publishes. */
  #isHeard(id: string): boolean {
    const topics = this.#services.get(id)?.entry.manifest.publishes ?? [];
    return [...this.#services.values()].some(({ entry }) =>
      entry.manifest.needs?.some((topic) => topics.includes(topic)),
    );
  }

  async #release(id: string): Promise<void> {
    const instance = this.#services.get(id);
    if (instance === undefined) return;
    await instance.stop();
    this.#services.delete(id);
    for (const topic of instance.entry.manifest.publishes ?? []) {
      this.#snapshots.delete(topic);
      this.onPublished?.(topic, undefined);
    }
  }

  /** Runs a call after those before it; a start that they wait for is ended, one that has not begun is left out by `isLatest`. */
  #call(id: string, call: (isLatest: () => boolean) => Promise<void>): Promise<void> {
    const own = Symbol(id);
    this.#latest.set(id, own);
    const current = this.#services.get(id);
    if (current?.state === 'starting') void current.stop();
    const done = (this.#calls.get(id) ?? Promise.resolve())
      .then(() => call(() => this.#latest.get(id) === own))
      .finally(() => {
        if (this.#latest.get(id) !== own) return;
        this.#latest.delete(id);
        this.#calls.delete(id);
      });
    this.#calls.set(id, done);
    return done;
  }
}
