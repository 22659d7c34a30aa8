import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { ExecOptions, ExecResult } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';
import { cellOf, groupCells } from '../worker-data.ts';
import { hostError } from './host-files.ts';

const defaultTimeoutMs = 10_000;
const defaultMaxBytes = 1024 * 1024;
/** Between TERM and KILL; with `pipeMs` below the 250 ms a thread has left once `signal` fired. */
const termMs = 100;
/** How long a grandchild may hold the pipes open after its parent ended. */
const pipeMs = 100;

const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C' };

/** What one execution is bounded by. `cells` are the thread's shared cells, where the main thread finds groups to kill. */
export interface ExecBounds extends ExecOptions {
  signal: AbortSignal;
  cells: Int32Array;
}

/**
 * Runs a program by absolute path in a process group of its own, without a shell. At its timeout, or when `signal` fires, the whole
 * group gets TERM, then KILL, and the promise rejects (`OPSBRO_HOST_IO`, or the signal's reason). It never waits for a pipe that
 * a grandchild holds open. Output beyond `maxBytes` of either stream is dropped.
 */
export async function execute(file: string, args: string[], bounds: ExecBounds): Promise<ExecResult> {
  if (!file.startsWith('/')) {
    throw new OpsbroError('OPSBRO_HOST_NOT_FOUND', `${file}: give a program by its absolute path`);
  }
  bounds.signal.throwIfAborted();
  const cell = freeCell(bounds.cells);
  let child: ChildProcess;
  try {
    child = spawn(file, args, {
      detached: true,
      stdio: [bounds.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: { ...environment, ...bounds.env },
      cwd: bounds.cwd ?? '/',
    });
  } catch (thrown) {
    Atomics.store(bounds.cells, cell, 0);
    throw hostError(file, thrown);
  }
  Atomics.store(bounds.cells, cell, child.pid ?? 0);
  // A program that does not read its input closes the pipe.
  child.stdin?.on('error', () => undefined).end(bounds.stdin);
  const maxBytes = bounds.maxBytes ?? defaultMaxBytes;
  const output = { stdout: collect(child.stdout, maxBytes), stderr: collect(child.stderr, maxBytes) };
  try {
    const { code, signal } = await ended(child, file, bounds);
    return {
      code,
      signal,
      stdout: output.stdout.text(),
      stderr: output.stderr.text(),
      truncated: output.stdout.truncated() || output.stderr.truncated(),
    };
  } finally {
    Atomics.store(bounds.cells, cell, 0);
    child.stdin?.destroy();
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

function freeCell(cells: Int32Array): number {
  for (let cell = cellOf.groups; cell < cellOf.groups + groupCells; cell += 1) {
    if (Atomics.compareExchange(cells, cell, 0, -1) === 0) return cell;
  }
  throw new OpsbroError('OPSBRO_HOST_IO', `more than ${groupCells} programs at once in one thread`);
}

function ended(
  child: ChildProcess,
  file: string,
  { timeoutMs = defaultTimeoutMs, signal }: ExecBounds,
): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    const timers: NodeJS.Timeout[] = [];
    let reason: unknown;
    const stop = (why: unknown): void => {
      if (reason !== undefined) return;
      reason = why;
      killGroup(child.pid, 'SIGTERM');
      timers.push(setTimeout(() => killGroup(child.pid, 'SIGKILL'), termMs));
      timers.push(setTimeout(() => settle(() => reject(why)), termMs + pipeMs));
    };
    const onAbort = (): void => stop(signal.reason);
    const settle = (end: () => void): void => {
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      end();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const late = new OpsbroError(
      'OPSBRO_HOST_IO',
      `${file}: did not end within ${timeoutMs} ms and was killed`,
    );
    timers.push(setTimeout(() => stop(late), timeoutMs));
    child.on('error', (error) => settle(() => reject(hostError(file, error))));
    child.on('exit', (code, name) => {
      const finish = (): void =>
        settle(() => {
          if (reason === undefined) return resolve({ code, signal: name });
          // The leader is gone, its children may have ignored TERM.
          killGroup(child.pid, 'SIGKILL');
          reject(reason);
        });
      child.once('close', finish);
      timers.push(setTimeout(finish, pipeMs));
    });
  });
}

/** A group that is gone is no error. */
function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined || pid <= 1) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}

/** Kills the process groups a dead thread has left behind; `cells` are its shared cells. */
export function killGroups(cells: Int32Array): void {
  for (let cell = cellOf.groups; cell < cellOf.groups + groupCells; cell += 1) {
    killGroup(Atomics.exchange(cells, cell, 0), 'SIGKILL');
  }
}

function collect(stream: Readable | null, maxBytes: number): { text(): string; truncated(): boolean } {
  const parts: Buffer[] = [];
  let size = 0;
  let truncated = false;
  stream?.on('data', (part: Buffer) => {
    const room = maxBytes - size;
    if (part.length > room) truncated = true;
    if (room <= 0) return;
    parts.push(part.subarray(0, room));
    size += Math.min(part.length, room);
  });
  stream?.on('error', () => {
    truncated = true;
  });
  return { text: () => Buffer.concat(parts).toString('utf8'), truncated: () => truncated };
}
