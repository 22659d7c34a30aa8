import type { Context, FunctionContext, HandlerEvent } from './context.ts';
import type { ExactStore } from './exact-store.ts';
import type { ExportedFacts } from './facts.ts';
import type { Json, JsonObject, Verdict } from './values.ts';

/** A tree of values: numbers become metrics, the rest is shown and can be used in expressions. Key order is kept. */
export type Tree = JsonObject;

/** Measures the host. The tree it resolves to replaces the previous one. */
export interface CollectorDefinition<Options = JsonObject> {
  collect(ctx: Context<Options>): Promise<Tree> | Tree;
}

/** Finds what the host is: the groups it belongs to at this moment. */
export interface DetectorDefinition<Options = JsonObject> {
  detect(ctx: Context<Options>): Promise<string[]> | string[];
}

/** Judges one thing. Throwing makes the verdict UNKNOWN with the error's message. */
export interface CheckDefinition<Options = JsonObject> {
  check(ctx: Context<Options>): Promise<Verdict> | Verdict;
}

/** Tells people or machines. Resolving means delivered; throwing means the agent tries again later. */
export interface HandlerDefinition<Options = JsonObject> {
  handle(ctx: Context<Options>, event: HandlerEvent): Promise<void> | void;
}

/** Carries facts out, once per interval. Throwing counts as an error of the plugin; the next interval has newer facts, so nothing is sent again. */
export interface ExporterDefinition<Options = JsonObject> {
  export(ctx: Context<Options>, facts: ExportedFacts): Promise<void> | void;
}

/** Names usable inside expressions that touch the host. Each is called with plain data in the manifest's parameter order. */
export interface FunctionsDefinition {
  functions: { [name: string]: (ctx: FunctionContext, ...args: Json[]) => Promise<Json> | Json };
}

/**
 * A long-lived plugin with a thread of its own. Importing it does nothing; `start` acquires, `stop` releases, also after a
 * failed `start`, also twice; calls on one instance never overlap.
 */
export interface ServiceDefinition<Options = JsonObject> {
  start(ctx: ServiceContext<Options>): Promise<void> | void;
  stop(): Promise<void> | void;
}

/**
 * What a service gets: a context whose `signal` fires at stop, and a door to the core. What it emits goes out at once, through a bounded queue:
 * the oldest are dropped and counted when the core lags.
 */
export interface ServiceContext<Options = JsonObject> extends Context<Options> {
  /** Called with every snapshot the core pushes for `topic`, e.g. `groups`. Returns an unsubscribe function. */
  subscribe(topic: string, listener: (data: Json) => void): () => void;
  /**
   * Hands a snapshot to every service that `needs` the topic, and to those that start later, until this service stops. For topics that the
   * manifest lists in `publishes`; throws `OPSBRO_API_DENIED` for others. `data` is plain and not changed afterwards. When the core lags,
   * only the last snapshot of a topic goes out.
   * @example `ctx.publish('nodes', { self, zone, zones: [], nodes: [] });`
   */
  publish(topic: string, data: Json): void;
  /** Answers a route that the manifest declares. Rejecting answers 500 with the message. */
  onRequest(handler: (request: RouteRequest) => Promise<RouteReply> | RouteReply): void;
  /**
   * Asks a route of the agent, whoever answers it: one of those that the snapshot `routes` lists (`RouteView[]`). For plugins whose manifest
   * `needs: [routes]`, with all rights: who asks on behalf of somebody checks the route's scope first. Resolves with whatever was answered,
   * errors too (404, 503 when its owner does not run, 504 when that is late). Rejects with `OPSBRO_API_DEADLINE` after `timeoutMs` (10,000
   * when not said), with `OPSBRO_AGENT_BUSY` while 64 wait already, and when `signal` fires.
   */
  ask(request: RouteRequest, options?: { timeoutMs?: number }): Promise<RouteAnswer>;
  /**
   * Takes datagrams at a Unix socket, which Node itself cannot; to be closed at stop. Owner and group of the file may send. Rejects where the
   * path is in use or is no socket; one that nobody listens on any more is taken over.
   * @example `const door = await ctx.takeUnixDatagrams('/run/statsd.sock', (bytes) => parser.packet(bytes));`
   */
  takeUnixDatagrams(path: string, take: (bytes: Uint8Array) => void): Promise<UnixDatagrams>;
  /**
   * Opens a store in a directory, which is made where it is absent; to be closed at stop. `memoryBytes` is what it may keep of each kind, for
   * what is written and what is read (1 MiB). Rejects where another holds the directory, and where it cannot be used.
   * @example `const store = await ctx.openStore(join(data, 'overc'));`
   */
  openStore(directory: string, options?: { memoryBytes?: number }): Promise<ExactStore>;
  /**
   * When a cron expression of five fields comes next after `at`, epoch milliseconds; null when it never does. Throws `OPSBRO_API_INVALID` for
   * an expression that is none, and a time zone that does not exist.
   * @example `const due = ctx.nextCron('30 2 * * sun', 'Europe/Paris', ctx.clock.now());`
   */
  nextCron(expression: string, timezone: string, at: number): number | null;
}

/** A socket that takes datagrams at a path. */
export interface UnixDatagrams {
  /** Lets go of the path. Also twice. */
  close(): void;
}

/** One route of the agent, as the snapshot `routes` lists it. `:name` in the path takes one step, `*name` the rest. */
export interface RouteView {
  method: string;
  path: string;
  /** `public` is answered to whoever asks by a name of the agent. */
  scope: string;
  schema?: RouteSchema;
  /** It takes forms, and names that repeat. */
  form?: boolean;
  /** What it does, in a sentence without a final dot. */
  summary?: string;
  /** Status of a good answer, 200 when not said. */
  status?: number;
  /** Media type of its answers, JSON when not said. */
  answer_type?: string;
}

/**
 * JSON Schemas of what a request carries; what is absent is not looked at. Values of `params` and `query` are text until a schema says more.
 * `answer` is that of a good answer: documentation, which nobody holds the answer to.
 */
export interface RouteSchema {
  params?: JsonObject;
  query?: JsonObject;
  body?: JsonObject;
  answer?: JsonObject;
}

/** What a route answered, ready to be sent: JSON text, unless `type` says otherwise. */
export interface RouteAnswer {
  status: number;
  /** For the header `content-type`. */
  type: string;
  body: Uint8Array;
  /** Those of `RouteReply`. */
  headers?: { [name: string]: string };
}

/** A request for a route; `route` is its path as the manifest declares it. */
export interface RouteRequest {
  route: string;
  method: string;
  params: { [name: string]: string };
  query: { [name: string]: string };
  body: Json;
  /** For a route that takes forms: names and values of the query and then of a form in the body, in order, repeated ones too. */
  fields?: [name: string, value: string][];
  /** The header `accept`, where who asks sent one. */
  accept?: string;
}

/** An answer to a route: a status and plain data, or bytes, which are given away: the sender's array is empty afterwards. */
export interface RouteReply {
  status: number;
  body: Json | Uint8Array;
  /** Content type of bytes, `application/octet-stream` when not said. */
  type?: string;
  /**
   * How the answer may be kept and shown: `cache-control`, `etag`, `content-security-policy`, `cross-origin-resource-policy`, `location` below the
   * path that was asked for, and `content-encoding: gzip` of bytes that are. Others are left out.
   */
  headers?: { [name: string]: string };
}

/** Declares a collector. @example `export default defineCollector({ async collect(ctx) { return { up: 1 }; } })` */
export function defineCollector<Options = JsonObject>(
  definition: CollectorDefinition<Options>,
): CollectorDefinition<Options> {
  return Object.freeze(definition);
}

/** Declares a detector. @example `export default defineDetector({ async detect(ctx) { return (await ctx.stat('/proc/vz')) ? ['openvz'] : []; } })` */
export function defineDetector<Options = JsonObject>(
  definition: DetectorDefinition<Options>,
): DetectorDefinition<Options> {
  return Object.freeze(definition);
}

/** Declares a check. @example `export default defineCheck({ check: () => ({ state: 'ok', output: 'fine' }) })` */
export function defineCheck<Options = JsonObject>(
  definition: CheckDefinition<Options>,
): CheckDefinition<Options> {
  return Object.freeze(definition);
}

/** Declares a handler. @example `export default defineHandler({ handle(ctx, event) { ctx.log.info(event.summary); } })` */
export function defineHandler<Options = JsonObject>(
  definition: HandlerDefinition<Options>,
): HandlerDefinition<Options> {
  return Object.freeze(definition);
}

/** Declares an exporter. @example `export default defineExporter({ async export(ctx, facts) {} })` */
export function defineExporter<Options = JsonObject>(
  definition: ExporterDefinition<Options>,
): ExporterDefinition<Options> {
  return Object.freeze(definition);
}

/** Declares expression functions. @example `export default defineFunctions({ functions: { get_env: (ctx, name) => ctx.env(String(name)) ?? '' } })` */
export function defineFunctions(definition: FunctionsDefinition): FunctionsDefinition {
  return Object.freeze(definition);
}

/** Declares a service. @example `export default defineService({ start(ctx) {}, stop() {} })` */
export function defineService<Options = JsonObject>(
  definition: ServiceDefinition<Options>,
): ServiceDefinition<Options> {
  return Object.freeze(definition);
}
