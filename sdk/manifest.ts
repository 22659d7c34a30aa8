import type { RouteSchema } from './define.ts';
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

/** What a sandboxed plugin may do; documentation for a trusted one. */
export interface Permissions {
  /** Absolute paths: `*` within a step, `**` over any number of them, `?`, `{a,b}`. `/var/spool/postfix/**` */
  read?: string[];
  /** Origins, with a path (a glob) or without: `https://api.example.org/v1/**`, `http://127.0.0.1:8080`, `https://*.example.org`. */
  http?: string[];
  /** `host:port`: a name, `*.example.org`, an address or a network, and a port, a range of them or `*`. `127.0.0.1:25`, `10.0.0.0/8:5432` */
  tcp?: string[];
  /** A program by absolute path and its arguments: a word is itself, `*` within it anything, a last `...` any further ones. `/usr/sbin/postqueue -j` */
  exec?: string[];
  /** Names of variables, with `*`: `POSTFIX_*`. */
  env?: string[];
  /** Prefixes of keys: `postfix/`. */
  kv?: string[];
}

/** What a sandboxed plugin may use up. Durations and sizes are texts with a unit. */
export interface Limits {
  /** Processor time of one run, default 200ms. */
  cpu?: string;
  /** Processor time of all its runs within a minute, default 3s. */
  cpu_per_minute?: string;
  /** Memory, default 32MiB, at least 16MiB. */
  memory?: string;
  /** Size of what one run yields, default 256KiB. */
  output?: string;
  /** Metrics of different names that one object yields within a day, each of which becomes a series; default 1000. */
  metrics?: number;
  /** Lines of log of one run, default 100. */
  log_lines?: number;
  /** Calls of the host by one run, default 200. */
  host_calls?: number;
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
   * when it cannot be read). An option `ca_file` inherits that of agent.yml,
   * one with `inherits: seeds` the key `seeds`.
   */
  options?: JsonObject;
  permissions?: Permissions;
  limits?: Limits;
  /** Documented keys of what it yields, with units. Keys are dotted paths; `*` stands for any step. */
  output?: { [path: string]: string };
  routes?: {
    method: 'GET' | 'POST' | 'PUT' | 'DELETE';
    path: string;
    /** The right that it takes; `public` takes none. */
    scope: 'public' | 'read' | 'push' | 'write' | 'admin';
    schema?: RouteSchema;
    /** Names of its query may repeat, and a body may be a form: requests carry `fields`. */
    form?: boolean;
    /** For the API's document: what it does, the status of a good answer, the media type of what is no JSON. */
    summary?: string;
    status?: number;
    answer_type?: string;
  }[];
  functions?: { [name: string]: FunctionSignature };
  /**
   * Facts that the plugin wants: `agent` for a collector, or what services publish; for a service the snapshots `groups`, `routes` and `facts` (`ExportedFacts` without
   * samples) and `wanted` (the topics that running services need) of the core, and what other services publish.
   */
  needs?: string[];
  /**
   * A key of agent.yml whose `enabled: true` starts a service that is not enabled by itself. Where its options have an `enabled`, that tells
   * whether it is.
   */
  enabled_by?: string;
  /** Snapshots that a service hands to others with `ctx.publish`. */
  publishes?: string[];
  /** `heavy`: a service that takes thousands of requests a second; its thread gets a larger heap for what is soon gone, of some 20 MiB. */
  load?: 'heavy';
}
