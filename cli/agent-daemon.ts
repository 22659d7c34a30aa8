import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlClient } from '../control/client.ts';
import { startSeconds } from '../control/defaults.ts';
import type { AgentView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { StartOptions } from './agent.ts';
import type { CliContext } from './context.ts';
import { isInitialized } from './temporary-agent.ts';
import { isNotRunning, waitUntil } from './wait.ts';

const keptLogBytes = 16 * 1024 * 1024;
const shownLogBytes = 4096;

/**
 * Starts the launcher in the background, writing to `<data>/agent.log` (one older log is kept, 16 MiB at most each start), and returns
 * once the agent is initialized. Throws OPSBRO_AGENT_LOCKED when one runs already, OPSBRO_AGENT_START with the end of the log when it
 * does not come up.
 */
export async function startDaemon(cli: CliContext, options: StartOptions): Promise<void> {
  const client = await cli.agent();
  const running = await client.request<AgentView>('GET', '/api/v1/agent').catch((error: unknown) => {
    if (isNotRunning(error)) return undefined;
    throw error;
  });
  if (running !== undefined) {
    throw new OpsbroError(
      'OPSBRO_AGENT_LOCKED',
      `process ${running.pid} is the agent of ${running.data} already`,
    );
  }
  const { path, descriptor } = openLog(cli.directories().data);
  const from = fstatSync(descriptor).size;
  const child = spawn(join(cli.process.root, 'bin', 'opsbro'), startArguments(cli, options), {
    detached: true,
    stdio: ['ignore', descriptor, descriptor],
    env: cli.process.env,
  });
  closeSync(descriptor);
  try {
    await untilInitialized(child, client, () => logEnd(path, from));
  } catch (error) {
    // A start that failed leaves nothing running.
    child.kill('SIGTERM');
    throw error;
  } finally {
    child.unref();
  }
  const { pid } = await client.request<AgentView>('GET', '/api/v1/agent');
  cli.show(
    { ok: true, pid, launcher: child.pid ?? null, log: path },
    () => `OK: process ${pid}, log ${path}`,
  );
}

async function untilInitialized(
  child: ChildProcess,
  client: ControlClient,
  log: () => string,
): Promise<void> {
  let failed: string | undefined;
  child.once('error', (error) => {
    failed = error.message;
  });
  child.once('exit', (code, signal) => {
    failed = `it ended with ${signal ?? code}`;
  });
  await waitUntil('the agent is initialized', startSeconds, async () => {
    if (failed !== undefined) {
      throw new OpsbroError('OPSBRO_AGENT_START', `the agent did not start: ${failed}; ${log()}`);
    }
    const ready = await isInitialized(client).catch((error: unknown) => {
      if (isNotRunning(error)) return false;
      throw error;
    });
    return ready ? { done: true, value: undefined } : { done: false, why: log() };
  });
}

function startArguments(cli: CliContext, options: StartOptions): string[] {
  const { config, data } = cli.directories();
  return [
    'agent',
    'start',
    '--data',
    data,
    ...config.slice(1).flatMap((directory) => ['--config', directory]),
    ...(options.logLevel === undefined ? [] : ['--log-level', options.logLevel]),
    ...(options.supervise ? [] : ['--no-supervise']),
    ...(options.uuid === undefined ? [] : ['--uuid', options.uuid]),
    ...(options.autoDetect === true ? ['--auto-detect'] : []),
  ];
}

function openLog(data: string): { path: string; descriptor: number } {
  const path = join(data, 'agent.log');
  try {
    mkdirSync(data, { recursive: true, mode: 0o750 });
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > keptLogBytes) renameSync(path, `${path}.1`);
    return { path, descriptor: openSync(path, 'a', 0o640) };
  } catch (error) {
    throw new OpsbroError('OPSBRO_AGENT_DATA', `cannot write the log ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** What the log at `path` says after its first `from` bytes, which were there before this start: its end, or that there is none. */
export function logEnd(path: string, from: number): string {
  const said = tail(path, from);
  return said === '' ? `${path} says nothing of it` : `${path} ends with\n${said}`;
}

function tail(path: string, from: number): string {
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const start = Math.max(from, size - shownLogBytes);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    readSync(descriptor, buffer, 0, buffer.length, start);
    return buffer.toString('utf8').trimEnd();
  } finally {
    closeSync(descriptor);
  }
}
