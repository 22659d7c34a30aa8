import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlClient, createControlClient } from '../control/client.ts';
import type { AgentView, CollectorView, DetectorView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { isNotRunning, waitUntil } from './wait.ts';

const startSeconds = 30;
const stopMs = 7000;
const keptErrorBytes = 4096;

/**
 * Runs `act` with the agent of this data directory or, when none answers, with one of its own: started on the same configuration with
 * a data directory that lives as long as `act`; stderr says so before and after. `act` may be called twice, so its first step is a
 * request and it prints only after it.
 */
export async function withAgent<T>(cli: CliContext, act: (client: ControlClient) => Promise<T>): Promise<T> {
  const client = await cli.agent();
  try {
    return await act(client);
  } catch (error) {
    if (!isNotRunning(error)) throw error;
  }
  const none = `no agent runs at ${client.socket}`;
  cli.note(cli.paint.yellow(`${none}; starting a temporary agent for this command`));
  const result = await withTemporaryAgent(cli, act);
  cli.closing = cli.paint.yellow(`${none}; these results come from a temporary agent`);
  return result;
}

/** Why an agent is not initialized yet. */
export const notInitialized = 'its first runs have not ended, or its services have not started';

/** True once every collector and detector that can run has run, and services have started: what `agent wait-initialized` waits for. */
export async function isInitialized(client: ControlClient): Promise<boolean> {
  const agent = await client.request<AgentView>('GET', '/api/v1/agent');
  if (agent.state !== 'running') return false;
  const collectors = await client.request<CollectorView[]>('GET', '/api/v1/collectors');
  if (collectors.some((one) => one.last_run === null && isAwaited(one.state))) return false;
  const detectors = await client.request<DetectorView[]>('GET', '/api/v1/detectors');
  return detectors.every((one) => one.last_run !== null || one.state !== 'pending');
}

function isAwaited(state: CollectorView['state']): boolean {
  return state === 'pending' || state === 'running';
}

async function withTemporaryAgent<T>(
  cli: CliContext,
  act: (client: ControlClient) => Promise<T>,
): Promise<T> {
  const data = mkdtempSync(join(tmpdir(), 'opsbro-'));
  const child = launch(cli, data);
  const errors = keepErrors(child);
  const exited = once(child, 'exit').then(() => true);
  const cleanUp = async (): Promise<void> => {
    await end(child, exited);
    rmSync(data, { recursive: true, force: true, maxRetries: 3 });
  };
  const interrupt = (_: NodeJS.Signals, number: number): void => {
    cleanUp().finally(() => process.exit(128 + number));
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const client = createControlClient(data);
    await untilInitialized(client, child, errors);
    return await act(client);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await cleanUp();
  }
}

async function untilInitialized(
  client: ControlClient,
  child: ChildProcess,
  errors: () => string,
): Promise<void> {
  await waitUntil('the temporary agent starts', startSeconds, async () => {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new OpsbroError(
        child.exitCode === 78 ? 'OPSBRO_CONFIG_SYNTAX' : 'OPSBRO_AGENT_START',
        `the temporary agent did not start\n${errors()}`.trimEnd(),
      );
    }
    const ready = await isInitialized(client).catch((error: unknown) => {
      if (isNotRunning(error)) return false;
      throw error;
    });
    return ready ? { done: true, value: undefined } : { done: false, why: notInitialized };
  });
}

function launch(cli: CliContext, data: string): ChildProcess {
  const { root, env } = cli.process;
  const over = cli.directories().config.slice(1);
  const { OPSBRO_CONFIG: _config, OPSBRO_DATA: _data, NOTIFY_SOCKET: _notify, ...inherited } = env;
  return spawn(
    process.execPath,
    [
      join(root, 'dist', 'cli', 'opsbro.js'),
      'agent',
      'start',
      '--no-supervise',
      '--log-level',
      'error',
      '--data',
      data,
      ...over.flatMap((directory) => ['--config', directory]),
    ],
    // The child ends by itself when this process is gone, as it does for its launcher.
    { env: { ...inherited, OPSBRO_LAUNCHER: String(process.pid) }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
}

/** Keeps the end of what the agent says on stderr, for the message when it does not start. */
function keepErrors(child: ChildProcess): () => string {
  let kept = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    kept = (kept + text).slice(-keptErrorBytes);
  });
  return () => kept;
}

async function end(child: ChildProcess, exited: Promise<boolean>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), stopMs);
  });
  if (!(await Promise.race([exited, late]))) child.kill('SIGKILL');
  clearTimeout(timer);
}
