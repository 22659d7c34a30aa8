import type { Json, JsonObject } from './values.ts';

/** Writes one event to the agent's log, tagged with the plugin's id. At most 100 lines a run are kept; the rest are counted. */
export interface Log {
  debug(message: string, fields?: JsonObject): void;
  info(message: string, fields?: JsonObject): void;
  warn(message: string, fields?: JsonObject): void;
  error(message: string, fields?: JsonObject): void;
}

/** Time as an argument, so that tests move it by hand. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. Use it for rates and durations. */
  monotonic(): number;
}

/** One entry of a directory. `other` covers FIFOs, sockets and devices. */
export interface DirectoryEntry {
  name: string;
  type: 'file' | 'directory' | 'link' | 'other';
}

/** What `stat(2)` says of a path, links followed; `linkTarget` is set when the path itself is a symbolic link. */
export interface FileStat {
  type: 'file' | 'directory' | 'other';
  sizeBytes: number;
  /** Permission bits, e.g. 0o644. */
  mode: number;
  uid: number;
  gid: number;
  modifiedMs: number;
  linkTarget?: string;
}

/** What `statfs(2)` says of the file system that holds a path. `availableBytes` is what an unprivileged user may still write. */
export interface FileSystemStat {
  sizeBytes: number;
  freeBytes: number;
  availableBytes: number;
  files: number;
  filesFree: number;
}

/** How an external program ended. `code` is null when a signal ended it. Output beyond the cap is dropped and `truncated` set. */
export interface ExecResult {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
  truncated: boolean;
}

/**
 * What every verb gets. Paths under `/proc`, `/sys` and `/` are mapped by the agent to `HOST_PROC`, `HOST_SYS` and `HOST_ROOT`
 * where those are set (an agent in a container that looks at its host), so write the ordinary path.
 * Every promise rejects when `signal` fires; rejections carry a `code` (`OPSBRO_HOST_NOT_FOUND`, `OPSBRO_HOST_DENIED`, `OPSBRO_HOST_IO`).
 */
export interface Context<Options = JsonObject> {
  /** The object's options, validated against the manifest, defaults filled in, secrets resolved. */
  readonly options: Options;
  /** Name of the configuration object that runs, e.g. `memory`. */
  readonly name: string;
  /** Fires at the timeout, 250 ms before the thread is terminated. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly clock: Clock;
  /** Memory between runs: plain JSON, at most 256 KiB, kept and saved by the core. Empty at the very first run. */
  readonly state: JsonObject;
  /** Reads a whole text file, UTF-8, at most `maxBytes` (default 1 MiB; more is an error). */
  readText(path: string, options?: { maxBytes?: number }): Promise<string>;
  /** Like `readText`, but undefined when the path does not exist, is not readable, or the kernel refuses the read. */
  tryReadText(path: string, options?: { maxBytes?: number }): Promise<string | undefined>;
  /** Lines of a text file without their ends; a last empty line is dropped. */
  readLines(path: string, options?: { maxBytes?: number }): Promise<string[]>;
  /** Reads up to `length` bytes of a regular file from `offset` on; fewer where the file ends, none behind its end. */
  readBytes(path: string, offset: number, length: number): Promise<Uint8Array>;
  /** Entries of a directory, sorted by name, at most 100,000. */
  list(path: string): Promise<DirectoryEntry[]>;
  /** undefined when the path does not exist. */
  stat(path: string): Promise<FileStat | undefined>;
  statFileSystem(path: string): Promise<FileSystemStat>;
  /** Runs a program by absolute path, without a shell, with an empty environment but PATH and LANG=C. */
  exec(
    file: string,
    args: string[],
    options?: { timeoutMs?: number; maxBytes?: number },
  ): Promise<ExecResult>;
  /** A variable of the agent's environment; undefined when absent. */
  env(name: string): string | undefined;
  /** Ends the run: this plugin has nothing to do on this host. A state, not an error. */
  notEligible(reason: string): never;
}

/** A host-touching expression function's context: no state, no options. */
export type FunctionContext = Omit<Context, 'options' | 'state' | 'notEligible'>;

/** An event a handler reacts to. `key` is unique per event and stable over retries: use it to de-duplicate. */
export interface HandlerEvent {
  key: string;
  type: 'verdict' | 'group' | 'node' | 'agent' | 'test';
  /** Epoch milliseconds. */
  at: number;
  node: string;
  /** One line for people. */
  summary: string;
  data: { [key: string]: Json };
}
