import type { Context, FunctionContext, HandlerEvent } from './context.ts';
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

/** Carries facts out, once per interval. */
export interface ExporterDefinition<Options = JsonObject> {
  export(ctx: Context<Options>, facts: JsonObject): Promise<void> | void;
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

/** What a service gets: a context whose `signal` fires at stop, and a door to the core. */
export interface ServiceContext<Options = JsonObject> extends Context<Options> {
  /** Sends facts to the core (a bounded queue: the oldest are dropped and counted when the core lags). */
  emit(topic: string, data: Json): void;
  /** Called with every snapshot the core pushes for `topic`, e.g. `groups`. Returns an unsubscribe function. */
  subscribe(topic: string, listener: (data: Json) => void): () => void;
  /** Answers a route that the manifest declares. Rejecting answers 500 with the message. */
  onRequest(handler: (request: RouteRequest) => Promise<RouteReply> | RouteReply): void;
}

/** A request for one of a plugin's routes. */
export interface RouteRequest {
  route: string;
  method: string;
  params: { [name: string]: string };
  query: { [name: string]: string };
  body: Json;
}

/** An answer to a route: a status and plain data. */
export interface RouteReply {
  status: number;
  body: Json;
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
