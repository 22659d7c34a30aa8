import { execFile } from 'node:child_process';
import { lstat, readdir, readFile, readlink, stat, statfs } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { createHttp } from '../../threads/context/http.ts';
import { createTcp } from '../../threads/context/tcp.ts';
import { createRender } from '../../threads/templates/render.ts';
import type { Context, ExecOptions, ExecResult, FileStat } from '../context.ts';
import type { JsonObject } from '../values.ts';
import { collectingEmit, collectingLog, type EmittedEvent, type LoggedLine } from './fixture-context.ts';
import { HostError, hostError, linesOf } from './host-error.ts';
import { memoryKeys } from './memory-keys.ts';
import { NotEligible } from './run-verb.ts';

const defaultMaxBytes = 1024 * 1024;

/** A context on the real host, with what a test wants to see. */
export interface HostContext<Options = JsonObject> extends Context<Options> {
  readonly logs: LoggedLine[];
  /** What was emitted and would be kept. */
  readonly emitted: EmittedEvent[];
  /** Fires `signal`, as the timeout would. */
  abort(): void;
}

/**
 * Builds a context that reads the real host, for smoke tests: the ordinary paths, no mapping, this process's environment, overlaid by
 * `env`; `kv` is in memory. Its network and its templates are the agent's own code.
 * @example `const outcome = await runVerb(memory, hostContext());`
 */
export function hostContext<Options = JsonObject>(
  given: { options?: Options; state?: JsonObject; name?: string; env?: { [name: string]: string } } = {},
): HostContext<Options> {
  const controller = new AbortController();
  const { signal } = controller;
  const logs: LoggedLine[] = [];
  const emitted: EmittedEvent[] = [];
  const env: Context['env'] = (name) => given.env?.[name] ?? process.env[name];
  const answer = async <Value>(path: string, work: () => Promise<Value>): Promise<Value> => {
    signal.throwIfAborted();
    try {
      return await untilAborted(work(), signal);
    } catch (cause) {
      throw signal.aborted ? signal.reason : hostError(cause, path);
    }
  };
  const read = (path: string, options?: { maxBytes?: number }) =>
    answer(path, () => readCapped(path, options?.maxBytes ?? defaultMaxBytes));
  return {
    options: given.options ?? ({} as Options),
    name: given.name ?? 'host',
    signal,
    log: collectingLog(logs),
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    state: given.state ?? {},
    emit: collectingEmit(emitted),
    logs,
    emitted,
    abort: () => controller.abort(),
    readText: read,
    tryReadText: (path, options) =>
      read(path, options).catch((thrown: unknown) => {
        if (signal.aborted || (thrown as HostError).code === 'OPSBRO_HOST_TOO_LARGE') throw thrown;
        return undefined;
      }),
    readLines: async (path, options) => linesOf(await read(path, options)),
    readBytes: (path, offset, length) => answer(path, () => readPiece(path, offset, length)),
    list: (path) => answer(path, () => listDirectory(path)),
    stat: (path) =>
      answer(path, () => statPath(path)).catch((thrown: unknown) => {
        if ((thrown as HostError).code === 'OPSBRO_HOST_NOT_FOUND') return undefined;
        throw thrown;
      }),
    statFileSystem: (path) => answer(path, () => statMount(path)),
    exec: (file, args, options) => answer(file, () => runProgram(file, args, signal, options)),
    http: createHttp(signal, env),
    tcp: createTcp(signal),
    kv: memoryKeys(new Map(), signal),
    render: createRender(signal),
    env,
    notEligible: (reason) => {
      throw new NotEligible(reason);
    },
  };
}

function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

async function readCapped(path: string, maxBytes: number): Promise<string> {
  const bytes = await readFile(path);
  if (bytes.length > maxBytes)
    throw new HostError('OPSBRO_HOST_TOO_LARGE', `${path}: more than ${maxBytes} bytes`);
  return bytes.toString('utf8');
}

async function readPiece(path: string, offset: number, length: number): Promise<Uint8Array> {
  return (await readFile(path)).subarray(offset, offset + length);
}

async function listDirectory(path: string) {
  const entries = await readdir(path, { withFileTypes: true });
  return entries
    .map((entry) => ({
      name: entry.name,
      type: entry.isFile()
        ? ('file' as const)
        : entry.isDirectory()
          ? ('directory' as const)
          : entry.isSymbolicLink()
            ? ('link' as const)
            : ('other' as const),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function statPath(path: string): Promise<FileStat> {
  const [own, followed] = await Promise.all([lstat(path), stat(path)]);
  return {
    type: followed.isFile() ? 'file' : followed.isDirectory() ? 'directory' : 'other',
    sizeBytes: followed.size,
    mode: followed.mode & 0o7777,
    uid: followed.uid,
    gid: followed.gid,
    modifiedMs: followed.mtimeMs,
    ...(own.isSymbolicLink() ? { linkTarget: await readlink(path) } : {}),
  };
}

async function statMount(path: string) {
  const figures = await statfs(path);
  return {
    sizeBytes: figures.blocks * figures.bsize,
    freeBytes: figures.bfree * figures.bsize,
    availableBytes: figures.bavail * figures.bsize,
    files: figures.files,
    filesFree: figures.ffree,
  };
}

function runProgram(
  file: string,
  args: string[],
  signal: AbortSignal,
  options: ExecOptions = {},
): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    const settings = {
      signal,
      timeout: options.timeoutMs ?? 5000,
      maxBuffer: options.maxBytes ?? defaultMaxBytes,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C', ...options.env },
      cwd: options.cwd ?? '/',
    };
    const child = execFile(file, args, settings, (error, stdout, stderr) => {
      const truncated = (error as { code?: unknown } | null)?.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER';
      if (error !== null && typeof error.code !== 'number' && error.signal == null && !truncated)
        return reject(error);
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, signal: error?.signal ?? null, stdout, stderr, truncated });
    });
    // A program that does not read its input closes the pipe.
    child.stdin?.on('error', () => undefined).end(options.stdin ?? '');
  });
}
