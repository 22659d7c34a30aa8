import type { Json, Permissions } from 'opsbro/sdk';
import type { PendingLooks } from '../threads/context/pending-looks.ts';
import type { ThreadData } from '../threads/protocol.ts';

/** What one sandboxed plugin may use up. A run that goes over one of them fails as over its budget. */
export interface PluginLimits {
  /** Processor time of one run. */
  cpuMs: number;
  /** Processor time of all its runs within a minute. */
  cpuPerMinuteMs: number;
  /** Of its WebAssembly memory; the engine does not start with less than 16 MiB. */
  memoryBytes: number;
  /** Of what one run yields, as JSON. */
  outputBytes: number;
  /** Metrics of different names that one object of the plugin may yield within a day: each becomes a series. */
  metrics: number;
  logLines: number;
  /** Calls of the host by one run. */
  hostCalls: number;
}

/** How an approved plugin runs: code that is pinned, what it may do, what it may use up. Plain data: it travels with each job. */
export interface Sandboxed {
  /** Absolute path of the kept bundle, a file that `readBundle` reads. */
  bundle: string;
  /** SHA-256 of that file, hex. Nothing else of this digest's plugin is ever run. */
  digest: string;
  permissions: Permissions;
  limits: PluginLimits;
}

/** What a run asks of the main thread, which owns the shells and the store. `get` gives null for a key that is not there. */
export type Errand =
  | { type: 'exec'; file: string; args: string[]; timeoutMs: number; maxBytes: number; stdin?: string }
  | { type: 'kv'; op: 'get' | 'delete' | 'list'; key: string }
  | { type: 'kv'; op: 'put'; key: string; value: Json };

/** Does, on the main thread, what a plugin's thread asked for. `signal` fires when nobody waits for it any more. */
export type ErrandRunner = (plugin: string, errand: Errand, signal: AbortSignal) => Promise<Json>;

/** What the calls of one run are made of. */
export interface HostCallParts {
  /** Id of the plugin. */
  plugin: string;
  permissions: Permissions;
  data: ThreadData;
  /** The thread's, so that a hung mount is not looked at again. */
  looks: PendingLooks;
  /** Fires when the run is over, however it ended: nothing it began goes on. */
  signal: AbortSignal;
  /** Sends an errand to the main thread. Rejects like a host call. */
  errand(errand: Errand): Promise<Json>;
  /** Told of each call that the permissions do not cover, in words. */
  denied(what: string): void;
}

/** The host as one run of a sandboxed plugin may use it. */
export interface HostCalls {
  /**
   * Does one thing by the name it has in `ctx` (`readText`, `http`, `tcp.connect` …). Arguments are an attacker's: plain data of any shape.
   * What JSON cannot say comes as null (undefined) or as a list of numbers (bytes). `tcp.connect` gives `{id, certificate?}`, where `id` stands
   * for the connection in `tcp.write(id, text)`, `tcp.read(id, options)` and `tcp.close(id)`.
   * Rejects with `OPSBRO_API_INVALID` where an argument is not what the call takes, and with `OPSBRO_PLUGIN_DENIED` where the permissions do
   * not cover it; no message tells more than the plugin may know.
   */
  call(name: string, args: Json[]): Promise<Json>;
  /** Closes what the run left open. */
  close(): void;
}
