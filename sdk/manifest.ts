import type { Json, JsonObject } from './values.ts';

/** The kinds a manifest may name; the folder is its plural (`collectors/`, `checks/` …). */
export type PluginKind =
  | 'collector'
  | 'detector'
  | 'check'
  | 'handler'
  | 'exporter'
  | 'listener'
  | 'cluster'
  | 'generator'
  | 'compliance'
  | 'functions';

/**
 * Where a plugin's code runs. `job`: its one verb in a pooled thread. `service`: a thread of its own.
 * `expression`: it has no code, its expressions run in the expression thread. `guest`: pure functions compiled into that thread.
 */
export type PluginRuntime = 'job' | 'service' | 'expression' | 'guest';

/** A function usable in expressions, declared statically so that `config check` knows it without running code. */
export interface FunctionSignature {
  summary: string;
  /** In order. A parameter with a `default` may be left out; `rest: true` on the last one takes any number. */
  parameters: { name: string; default?: Json; rest?: boolean }[];
  /** Other names of the same function, old and new. */
  aliases?: string[];
  /** An expression shown as example and its result, run by a test. */
  example?: { expression: string; result?: Json };
  /** How long one call may take (host-touching functions), default 10 s. */
  timeout?: string;
}

/** What a sandboxed plugin may do; documentation for a trusted one. Paths are globs. */
export interface Permissions {
  read?: string[];
  http?: string[];
  tcp?: string[];
  exec?: string[];
  env?: string[];
  kv?: string[];
}

/** `plugin.yml`: the registration of a plugin, static, so that listing and validating run no foreign code. */
export interface Manifest {
  api: 1;
  kind: PluginKind;
  name: string;
  summary: string;
  version?: string;
  platforms?: string[];
  runs?: PluginRuntime;
  interval?: string;
  timeout?: string;
  /**
   * JSON Schema 2020-12 of the options, with the formats `duration`, `size`, `range` (a threshold of Nagios), `regex`, `expression`,
   * `secret` and `template` (a Jinja template, or the name of a file of `templates/` beside the object's; the plugin gets its text, null
   * when it cannot be read). An option `ca_file` inherits that of agent.yml.
   */
  options?: JsonObject;
  permissions?: Permissions;
  /** Documented keys of what it yields, with units. Keys are dotted paths; `*` stands for any step. */
  output?: { [path: string]: string };
  routes?: {
    method: 'GET' | 'POST' | 'PUT' | 'DELETE';
    path: string;
    scope: 'read' | 'push' | 'write' | 'admin';
    schema?: JsonObject;
  }[];
  functions?: { [name: string]: FunctionSignature };
  /** Kernel facts the plugin wants pushed, e.g. `samples` for the collector `opsbro`. */
  needs?: string[];
}
