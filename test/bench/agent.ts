import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ControlClient, createControlClient } from '../../control/client.ts';
import type { AgentView, CheckView } from '../../control/shapes.ts';

/** The package's root, from the compiled file as from the source. */
export const packageRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

/** A real `opsbro agent start`, launcher included, in directories of its own. */
export interface BenchAgent {
  child: ChildProcess;
  client: ControlClient;
  config: string;
  data: string;
  /** `performance.now()` right before it was started. */
  startedMs: number;
  agent(): Promise<AgentView>;
  checks(): Promise<CheckView[]>;
  /** Writes a file below its configuration directory. */
  write(path: string, text: string): void;
  /** The last part of what it logged. */
  log(): string;
  /** Ends it and removes its directories. */
  dispose(): Promise<void>;
}

/** A directory for an agent's data and configuration, below the system's temporary one. */
export function agentDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'opsbro-bench-'));
}

/**
 * Starts an agent over the shipped configuration and `files`, in `scratch`, which may be that of an earlier one. Does not wait
 * for it.
 */
export function spawnAgent(
  files: { [path: string]: string } = {},
  args: string[] = [],
  scratch = agentDirectory(),
  env: { [name: string]: string } = {},
): BenchAgent {
  const [data, config, logFile] = [join(scratch, 'data'), join(scratch, 'config.d'), join(scratch, 'log')];
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(config, path)), { recursive: true });
    writeFileSync(join(config, path), text);
  };
  mkdirSync(config, { recursive: true });
  for (const [path, text] of Object.entries(files)) write(path, text);
  const output = openSync(logFile, 'w');
  const startedMs = performance.now();
  const child = spawn(
    join(packageRoot, 'bin', 'opsbro'),
    ['agent', 'start', '--data', data, '--config', config, ...args],
    { stdio: ['ignore', output, output], env: { PATH: process.env.PATH ?? '', ...env } },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const client = createControlClient(data);
  return {
    child,
    client,
    config,
    data,
    startedMs,
    agent: () => client.request('GET', '/api/v1/agent'),
    checks: () => client.request('GET', '/api/v1/checks'),
    write,
    log: () => readFileSync(logFile, 'utf8').slice(-4000),
    async dispose() {
      child.kill('SIGTERM');
      await Promise.race([ended, pause(8000)]);
      child.kill('SIGKILL');
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** Asks until `probe` gives something; throws with the agent's log when `deadlineMs` passed or it ended. */
export async function waitFor<Found>(
  agent: BenchAgent,
  what: string,
  probe: () => Promise<Found | undefined>,
  deadlineMs: number,
  pollMs: number,
): Promise<Found> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await probe().catch(() => undefined);
    if (found !== undefined) return found;
    if (performance.now() > end || agent.child.exitCode !== null) {
      throw new Error(`no ${what} within ${deadlineMs} ms; the agent wrote:\n${agent.log()}`);
    }
    await pause(pollMs);
  }
}

/** Resolves after `ms`. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** True once a check has a verdict of this agent. */
export function hasVerdict(check: CheckView): boolean {
  return check.state !== 'pending' && check.last_run !== null;
}

function findRoot(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  if (dirname(directory) === directory) throw new Error('no package.json above this file');
  return findRoot(dirname(directory));
}
