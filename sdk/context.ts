import type { Network } from './network.ts';
import type { Json, JsonObject, VerdictState } from './values.ts';

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

/** What a program gets, and how long it may take. */
export interface ExecOptions {
  /** Default 10,000. */
  timeoutMs?: number;
  /** Of each output, default 1 MiB. */
  maxBytes?: number;
  /** Variables beside PATH and LANG=C, or in their place. */
  env?: { [name: string]: string };
  /** The directory it runs in, `/` by default. For trusted plugins. */
  cwd?: string;
  /** Written to the program's standard input, which is empty otherwise. A program that does not read it is no error. */
  stdin?: string;
}

/**
 * Keys and values that outlive runs, objects and restarts: what plugins share, or keep beside `state`. A sandboxed plugin reaches the prefixes
 * of its permission `kv`, a trusted one all keys; begin yours with a name of your own and `/`. Keys have at most 512 bytes, values 64 KiB as JSON;
 * below one first step (`postfix/`) there are at most 10,000 keys and 16 MiB. Rejects with `OPSBRO_API_INVALID` for what is no key or
 * value, with `OPSBRO_AGENT_BUSY` where there is no room, with `OPSBRO_AGENT_STORE` where the disk refuses.
 */
export interface KeyValues {
  /** undefined when there is no such key. */
  get(key: string): Promise<Json | undefined>;
  /** Resolves once the value is on the disk. A null reads back as undefined. */
  put(key: string, value: Json): Promise<void>;
  /** Also when there is no such key. */
  delete(key: string): Promise<void>;
  /** Keys that begin with the prefix, sorted, at most 10,000. */
  list(prefix: string): Promise<string[]>;
}

/**
 * What every verb gets. Paths under `/proc`, `/sys` and `/` are mapped by the agent to `HOST_PROC`, `HOST_SYS` and `HOST_ROOT`
 * where those are set (an agent in a container that looks at its host), so write the ordinary path.
 * Every promise rejects when `signal` fires; rejections carry a `code` (`OPSBRO_HOST_NOT_FOUND`, `OPSBRO_HOST_DENIED`, `OPSBRO_HOST_IO`).
 */
export interface Context<Options = JsonObject> extends Network {
  /** The object's options, validated against the manifest, defaults filled in, secrets resolved. */
  readonly options: Options;
  /** Name of the configuration object that runs, e.g. `memory`. */
  readonly name: string;
  /** Fires at the timeout, 250 ms before the thread is terminated; later where others have the processors. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly clock: Clock;
  /**
   * Memory between runs: plain JSON, at most 256 KiB, kept and saved by the core. Empty at the very first run. What a run that fails changed
   * is dropped, but for handlers: whom they have told they need not tell again.
   */
  readonly state: JsonObject;
  /**
   * Tells the agent one event of the plugin's own: `{plugin, topic, data, at}`. It is published when the run has ended, also when it failed, and
   * the last hundred of a plugin are seen in `opsbro plugins show`. `topic` is a short name: letters, digits and `._/-`, at most 64. `data` is
   * plain and at most 4 KiB as JSON. A run keeps 100 events, a sandboxed one as many as its output leaves room for in `limits.output`; what is
   * more, too large or no plain data is dropped and counted, and never fails the run.
   * @example `ctx.emit('rotated', { file: '/var/log/mail.log', bytes: 1048576 });`
   */
  emit(topic: string, data: Json): void;
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
  /**
   * Runs a program by absolute path, without a shell, with an empty environment but PATH and LANG=C.
   * @example `const { code, stdout } = await ctx.exec('/usr/bin/uptime', ['-s']);`
   */
  exec(file: string, args: string[], options?: ExecOptions): Promise<ExecResult>;
  /**
   * What is kept by key.
   * @example `await ctx.kv.put('postfix/last', { at: ctx.clock.now() });`
   */
  readonly kv: KeyValues;
  /**
   * Fills a Jinja template (nunjucks' dialect, with Python's `True`, `None`, `.items()`, `.upper()` …). `html` escapes what is filled in.
   * A template reaches its data and nothing else: no file, no `include`, no code. Unknown names print nothing.
   * Rejects with `OPSBRO_HOST_TEMPLATE` and the place in the template.
   * @example `const subject = await ctx.render('{{ check.name }} is {{ check.state | upper }}', { check });`
   */
  render(template: string, data: JsonObject, options?: { html?: boolean }): Promise<string>;
  /** A variable of the agent's environment; undefined when absent. */
  env(name: string): string | undefined;
  /** Ends the run: this plugin has nothing to do on this host. A state, not an error. */
  notEligible(reason: string): never;
}

/** A host-touching expression function's context: no state, no options, no events. */
export type FunctionContext = Omit<Context, 'options' | 'state' | 'emit' | 'notEligible'>;

/**
 * What happened. `problem`: a check is hard warning, critical or unknown, or still is (`data.repeat`, `data.escalation`); `recovery`: it is
 * ok again, told only to who was told of the problem; `flapping`, `acknowledgement`, `downtime`, `silence`: that began or ended; `group`,
 * `node`: the host or another one changed; `alert`: somebody sent a message; `agent`: the agent itself is in trouble; `test`: somebody tries
 * the handler; `canary`: the agent does.
 */
export type EventType =
  | 'problem'
  | 'recovery'
  | 'flapping'
  | 'acknowledgement'
  | 'downtime'
  | 'silence'
  | 'group'
  | 'node'
  | 'alert'
  | 'agent'
  | 'test'
  | 'canary';

/**
 * `data` of a `problem` or `recovery`; when several checks are told of at once, that of the first, with all of them in `alerts`.
 * Times are epoch milliseconds. Keys may be absent in events of older agents.
 */
export interface Alert {
  /** Id of the check, e.g. `linux/check/load`. */
  check: string;
  name: string;
  display_name: string;
  pack: string;
  state: VerdictState;
  old_state: VerdictState | 'pending';
  /** In a recovery: the check no longer runs here, so its problem is closed, and nobody knows whether it is mended. */
  removed: boolean;
  output: string;
  long_output: string;
  /** Figures as Nagios plugins print them, e.g. `/var=93%;80;90;0;100`, at most 50. */
  perfdata: string;
  since: number;
  at: number;
  attempt: number;
  attempts: number;
  /** Grows with each new problem of the check. */
  episode: number;
  /** How often this problem was told before. */
  repeat: number;
  /** Step of the escalation that calls this handler, 0 for none. */
  escalation: number;
  notes: string;
  runbook: string;
  labels: { [name: string]: string };
}

/** An event a handler reacts to. `key` is unique per event and stable over retries: use it to de-duplicate. */
export interface HandlerEvent {
  key: string;
  type: EventType;
  /** Epoch milliseconds. */
  at: number;
  node: string;
  /** One line for people. */
  summary: string;
  /**
   * `Alert` for `problem` and `recovery`, `{group, modification: 'add' | 'remove'}` for `group`, for `node` what became of one (`what`: new,
   * alive, suspect, dead, leave, deleted, groups, checks) and how it stands, or `{what, count, nodes}` of many with the same change.
   */
  data: { [key: string]: Json };
}
