import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RunEmits } from '../../threads/context/run-emits.ts';
import { createRender } from '../../threads/templates/render.ts';
import type { Context, ExecResult, FileSystemStat, Log } from '../context.ts';
import type { HttpRequest } from '../network.ts';
import type { Json, JsonObject } from '../values.ts';
import { HostError, linesOf } from './host-error.ts';
import { memoryKeys } from './memory-keys.ts';
import { type RecordedConversation, type RecordedHttp, recordedNetwork } from './recorded-network.ts';
import { RecordedTree } from './recorded-tree.ts';
import { NotEligible } from './run-verb.ts';
import { type TestClock, testClock } from './test-clock.ts';

const defaultMaxBytes = 1024 * 1024;

/** One line a plugin logged. */
export interface LoggedLine {
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  fields?: JsonObject;
}

/** One event a plugin emitted. */
export interface EmittedEvent {
  topic: string;
  data: Json;
}

/** A recorded `statfs`: the figures, an error code to reject with, or `hang`: never answers until the signal fires. */
export type RecordedFileSystem = FileSystemStat | { error: string } | 'hang';

/** What a fixture host consists of. Every part is optional; nothing of the real host shows through. */
export interface FixtureOptions<Options = JsonObject> {
  /**
   * Directory (path or file URL) with recorded `proc/`, `sys/`, `etc/` … trees. It may hold `statfs.json`
   * (`{"/": {sizeBytes, …} | {"error": CODE} | "hang"}`) and `exec.json` (`{"/usr/bin/x -a": {code, stdout, stderr}}`:
   * the program and its arguments joined by spaces).
   */
  root?: string | URL;
  /** Overrides single files of the root: a text replaces, null removes. */
  files?: { [path: string]: string | null };
  options?: Options;
  state?: JsonObject;
  clock?: TestClock;
  env?: { [name: string]: string };
  /** Overrides or adds to `statfs.json`. */
  statfs?: { [path: string]: RecordedFileSystem };
  /** Overrides or adds to `exec.json`. */
  exec?: { [commandLine: string]: Partial<ExecResult> };
  /** Answers of `ctx.http`; without it every request fails. */
  http?: RecordedHttp;
  /** What the other side of `ctx.tcp` says, by `host:port`. */
  tcp?: { [hostAndPort: string]: RecordedConversation };
  /** What `ctx.kv` holds at first. */
  kv?: { [key: string]: Json };
  /** Name of the configuration object, default `fixture`. */
  name?: string;
}

/** A context over recorded files, with what a test wants to see and move. */
export interface FixtureContext<Options = JsonObject> extends Context<Options> {
  readonly clock: TestClock;
  /** Everything logged so far. */
  readonly logs: LoggedLine[];
  /** What was emitted and would be kept. */
  readonly emitted: EmittedEvent[];
  /** Command lines that `exec` was asked for. */
  readonly executed: string[];
  /** Requests that `http` was asked for. */
  readonly requests: HttpRequest[];
  /** Texts written to `tcp` connections. */
  readonly written: string[];
  /** What `ctx.kv` holds. */
  readonly kept: Map<string, Json>;
  /** Fires `signal`, as the timeout would. */
  abort(): void;
  /** The host moves on: later reads come from another recorded root, with these overrides. */
  use(root: string | URL | undefined, files?: { [path: string]: string | null }): void;
}

/**
 * Builds a context that reads recorded files instead of the host.
 * @example
 * const ctx = fixtureContext({ root: new URL('testdata/debian-12/', import.meta.url) });
 * expect(await runVerb(memory, ctx)).toEqual({ status: 'done', value: { … } });
 */
export function fixtureContext<Options = never>(
  fixture: FixtureOptions<Options> = {},
): FixtureContext<Options> {
  const controller = new AbortController();
  const { signal } = controller;
  const logs: LoggedLine[] = [];
  const emitted: EmittedEvent[] = [];
  const executed: string[] = [];
  const kept = new Map(Object.entries(fixture.kv ?? {}));
  let host = recordedHost(fixture.root, fixture.files);
  const answer = async <Value>(work: () => Value): Promise<Value> => {
    signal.throwIfAborted();
    return work();
  };
  const read = (path: string, options?: { maxBytes?: number }) =>
    answer(() => host.tree.read(path, options?.maxBytes ?? defaultMaxBytes));
  return {
    options: fixture.options ?? ({} as Options),
    name: fixture.name ?? 'fixture',
    signal,
    log: collectingLog(logs),
    clock: fixture.clock ?? testClock(),
    state: fixture.state ?? {},
    emit: collectingEmit(emitted),
    logs,
    emitted,
    executed,
    kept,
    abort: () => controller.abort(),
    use: (root, files) => {
      host = recordedHost(root, files);
    },
    readText: read,
    tryReadText: (path, options) =>
      read(path, options).catch((thrown: unknown) => {
        if (signal.aborted || (thrown as HostError).code === 'OPSBRO_HOST_TOO_LARGE') throw thrown;
        return undefined;
      }),
    readLines: async (path, options) => linesOf(await read(path, options)),
    readBytes: (path, offset, length) =>
      answer(() => host.tree.bytes(path).subarray(offset, offset + length)),
    list: (path) => answer(() => host.tree.list(path)),
    stat: (path) => answer(() => host.tree.stat(path)),
    statFileSystem: (path) => statRecorded({ ...host.statfs, ...fixture.statfs }[path], path, signal),
    exec: (file, args) =>
      answer(() => {
        const line = [file, ...args].join(' ');
        executed.push(line);
        const recorded = { ...host.exec, ...fixture.exec }[line];
        if (recorded === undefined) throw new HostError('OPSBRO_HOST_NOT_FOUND', `${line}: not recorded`);
        return { code: 0, signal: null, stdout: '', stderr: '', truncated: false, ...recorded };
      }),
    ...recordedNetwork(fixture, signal),
    kv: memoryKeys(kept, signal),
    render: createRender(signal),
    env: (name) => fixture.env?.[name],
    notEligible: (reason) => {
      throw new NotEligible(reason);
    },
  };
}

/** A log that keeps its lines in `lines`. */
export function collectingLog(lines: LoggedLine[]): Log {
  const at = (level: LoggedLine['level']) => (message: string, fields?: JsonObject) => {
    lines.push(fields === undefined ? { level, message } : { level, message, fields });
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** An `emit` with the bounds of a run, that keeps its events in `emitted`. */
export function collectingEmit(emitted: EmittedEvent[]): Context['emit'] {
  const emits = new RunEmits();
  return (topic, data) => {
    const emit = emits.take(topic, data);
    // Of ordinary objects, as the plugin made them: the bounded copy has no prototypes.
    if (emit !== null) emitted.push(structuredClone(emit));
  };
}

interface RecordedHost {
  tree: RecordedTree;
  statfs: { [path: string]: RecordedFileSystem };
  exec: { [commandLine: string]: Partial<ExecResult> };
}

function recordedHost(
  root: string | URL | undefined,
  files?: { [path: string]: string | null },
): RecordedHost {
  const directory =
    root === undefined ? '/nonexistent' : typeof root === 'string' ? root : fileURLToPath(root);
  return {
    tree: new RecordedTree(directory, files),
    statfs: recordedJson(join(directory, 'statfs.json')) as RecordedHost['statfs'],
    exec: recordedJson(join(directory, 'exec.json')) as RecordedHost['exec'],
  };
}

function recordedJson(path: string): JsonObject {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as JsonObject) : {};
}

async function statRecorded(
  recorded: RecordedFileSystem | undefined,
  path: string,
  signal: AbortSignal,
): Promise<FileSystemStat> {
  signal.throwIfAborted();
  if (recorded === undefined)
    throw new HostError('OPSBRO_HOST_NOT_FOUND', `${path}: not recorded in statfs.json`);
  if (recorded === 'hang')
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  if ('error' in recorded) throw new HostError(recorded.error, `${path}: recorded error`);
  return recorded;
}
