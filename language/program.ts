import type { FunctionSignature, Json, JsonObject, VerdictState } from 'opsbro/sdk';
import type { ErrorCode, PlainError } from '../core/errors.ts';

/** A collector path an expression reads, e.g. `collector.cpustats.cpu_all.%idle`. */
export interface Reference {
  collector: string;
  path: string[];
  /** As written, for messages: `collector.cpustats.cpu_all.%idle`. */
  text: string;
}

/**
 * One object's expressions, compiled by the config thread and run by the expression thread. Plain data.
 * `source` is JavaScript made by our compiler (never text from a user, but for `language: javascript`, which runs in a sandbox
 * of its own). Objects that differ only in bound constants share one `source` text, so 10,000 instances compile once.
 */
export interface Program {
  /** The object's id. */
  id: string;
  kind: 'check' | 'detector' | 'value';
  language: 'opsbro' | 'javascript';
  source: string;
  /** Values bound at load: parameters, configuration. Slot order as the source expects. */
  constants: Json[];
  /** Collector values bound at each run, slot order as the source expects. */
  references: Reference[];
  /** Of kind `check`: the keys of its expressions, `critical_if`, `variables.x` …, for messages. */
  fields?: string[];
  /** Host-touching functions the source may ask for by `needs`. */
  functions: string[];
  /** Calls of those functions that are written with constants only: asked for ahead when an evaluation needs many rounds. */
  calls?: { name: string; args: Json[] }[];
  /** Of kind `value`: its nodes, nested `{node, source, id, children}`, for `explain`. */
  tree?: Json;
}

/** The facts a batch is evaluated over. One set per tick. */
export interface Facts {
  /** Latest tree of a collector, undefined while it has none. Must return the same object until it changes. */
  sample(collector: string): JsonObject | undefined;
  /** Groups of this node, sorted; `staticGroups` are those from configuration. */
  groups: readonly string[];
  staticGroups: readonly string[];
  /** Frozen for the tick: epoch milliseconds, and the seed of `random()`. */
  now: number;
  seed: number;
  node: { name: string; uuid: string; zone: string; version?: string; display_name?: string };
}

/** What an evaluation came to. `error` is for what the language cannot express as a verdict; `missing` names absent keys. */
export type Outcome =
  | { kind: 'verdict'; state: VerdictState; output: string; missing?: string[]; error?: PlainError }
  | { kind: 'groups'; matched: boolean; groups: string[]; missing?: string[]; error?: PlainError }
  | { kind: 'value'; value: Json; text: string; missing?: string[] }
  | { kind: 'error'; error: PlainError };

/** Calls a host-touching function in a job thread under its own timeout. Values are plain data; failures are values. */
export type FunctionCaller = (
  name: string,
  args: Json[],
) => Promise<{ ok: true; value: Json } | { ok: false; error: PlainError }>;

/** Limits per evaluation; the defaults are the product's. */
export interface ExpressionLimits {
  /** Guest CPU until the interrupt, ms. */
  cpuMs: number;
  /** Wall time until the watchdog terminates the thread, ms. */
  watchdogMs: number;
  /** WASM memory maximum, bytes. */
  memoryBytes: number;
  stackBytes: number;
}

/** The product's limits. */
export const defaultExpressionLimits: ExpressionLimits = {
  cpuMs: 50,
  watchdogMs: 300,
  memoryBytes: 64 * 1024 * 1024,
  stackBytes: 128 * 1024,
};

/** What a compile may refer to. */
export interface Scope {
  /** The pack's merged parameters tree. */
  parameters: JsonObject;
  /** The object's own free keys first, then global variables: what `configuration.` reads. */
  configuration: JsonObject;
  /** Functions by every name and alias. `guest` functions run in the expression thread, the others go by `needs`. */
  functions: ReadonlyMap<string, ScopeFunction>;
  /** Names of the collectors that exist, lower case. */
  collectors: ReadonlySet<string>;
}

/** A function of the scope. */
export interface ScopeFunction {
  /** Canonical name: aliases resolve to it. */
  name: string;
  plugin: string;
  runs: 'guest' | 'job';
  signature: FunctionSignature;
}

/** A finding about one expression; `offset` is a UTF-16 index into the text of `field`. */
export interface ExpressionFinding {
  severity: 'error' | 'warning';
  code: ErrorCode;
  message: string;
  /** Which of the object's keys: `critical_if`, `variables.x`, `add_groups[0]` … */
  field: string;
  offset: number;
}

/** What a compile gave. */
export interface Compiled {
  /** Absent when any finding is an error. */
  program?: Program;
  findings: ExpressionFinding[];
}
