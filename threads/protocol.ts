import type { HandlerEvent, Json, JsonObject, RouteReply, RouteRequest } from 'opsbro/sdk';
import type {
  AgentSettings,
  ConfigPlan,
  PluginEntry,
  RunningObject,
  ShownObject,
} from '../configuration/model.ts';
import type { PlainError } from '../core/errors.ts';
import type { Program } from '../language/program.ts';
import type { Sandboxed } from '../sandbox/model.ts';
import type { Emits } from './context/run-emits.ts';

/** One line a plugin logged during a run. */
export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  fields?: JsonObject;
}

/** A job for a pooled thread: one verb of one object, or one call of a host-touching function. */
export interface Job {
  type: 'collect' | 'detect' | 'check' | 'handle' | 'export' | 'call';
  plugin: string;
  /** The code a pooled thread imports; '' where `sandbox` says what runs. */
  module: string;
  /** A third-party plugin's: it runs in a sandbox thread. */
  sandbox?: Sandboxed;
  /** Object id; for `call` the function's name. */
  object: string;
  name: string;
  options: JsonObject;
  /** JSON Schema of the options, when it has secrets that the thread is to open. */
  schema?: JsonObject;
  state: JsonObject;
  timeoutMs: number;
  /** `handle`. */
  event?: HandlerEvent;
  /** `call`. */
  args?: Json[];
  /** `export`, and collectors whose manifest `needs` facts of the core: they see them as `options.facts`. */
  facts?: JsonObject;
}

/** What a job came to. Never an Error: `postMessage` would lose its code. */
export type JobResult = {
  logs: LogLine[];
  logsDropped: number;
  /** Absent for a run that emitted nothing. */
  emits?: Emits;
  /** Of the thread, after the run. */
  heapUsedBytes: number;
  heapLimitBytes: number;
  durationMs: number;
} & (
  | { status: 'done'; value: Json; state: JsonObject | null }
  | { status: 'not-eligible'; reason: string; state: JsonObject | null }
  // A handler's state is kept all the same: whom it has told it need not tell again.
  | { status: 'failed'; error: PlainError; state?: JsonObject | null }
);

/** Main thread to config thread. */
export type ConfigRequest =
  | { type: 'load'; id: number; directories: ConfigDirectories; running: RunningObject[] }
  | {
      type: 'compile';
      id: number;
      expression: string;
      language: 'opsbro' | 'javascript';
      /** The check whose parameters and data it sees. */
      as: string | null;
      /** Read first by a thread that has loaded nothing yet. */
      directories?: ConfigDirectories;
    }
  | { type: 'show'; id: number; object: string | null; directories?: ConfigDirectories }
  | { type: 'warm'; id: number };

/** Where configuration and plugins come from, base first; a later directory overrides by object id. */
export interface ConfigDirectories {
  /** `config.d` directories in order, absolute. */
  config: string[];
  /** Directories of shipped plugins: manifests under `manifests`, code under `modules`. */
  plugins: { manifests: string; modules: string };
  /** `plugins.lock` candidates, first existing wins. */
  locks: string[];
}

/** Config thread to main thread; `id` answers the request's. */
export type ConfigReply =
  | { type: 'loaded'; id: number; plan: ConfigPlan }
  | { type: 'compiled'; id: number; program: Program; tree: Json }
  | { type: 'shown'; id: number; objects: ShownObject[] }
  | { type: 'warmed'; id: number }
  | { type: 'refused'; id: number; error: PlainError };

/** Main thread to a service thread. */
export type ServiceRequest =
  | { type: 'start'; entry: PluginEntry; name: string; options: JsonObject; state: JsonObject }
  | { type: 'stop' }
  | { type: 'push'; topic: string; data: Json }
  | ({ type: 'request'; id: number } & RouteRequest);

/** Service thread to main thread. */
export type ServiceReply =
  | { type: 'started' }
  | { type: 'stopped'; state: JsonObject | null }
  | { type: 'failed'; error: PlainError }
  | { type: 'state'; state: JsonObject }
  | { type: 'emit'; topic: string; data: Json }
  | { type: 'publish'; topic: string; data: Json }
  | { type: 'log'; line: LogLine }
  | { type: 'reply'; id: number; reply: RouteReply };

/** Settings every thread gets as workerData. */
export interface ThreadData {
  hostProc: string;
  hostSys: string;
  hostRoot: string;
  /** The agent's environment, for `ctx.env`; the thread's own `process.env` is empty. */
  environment: { [name: string]: string };
}

export type { AgentSettings };
