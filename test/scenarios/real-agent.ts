import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ControlClient, createControlClient } from '../../control/client.ts';
import type { AgentView } from '../../control/shapes.ts';
import { packageRoot } from '../bench/agent.ts';

/** A busy machine is slow, not wrong: deadlines here only end what will never come. */
const startDeadlineMs = 100_000;
const untilDeadlineMs = 60_000;
const pollMs = 25;

/** How a scenario starts its agent. */
export interface RealAgentOptions {
  /** Files of the configuration directory, by relative path. */
  files?: { [path: string]: string };
  env?: { [name: string]: string };
  /** A data directory to use again; by default a new one. */
  data?: string;
  config?: string;
  /** With the launcher shell, as `opsbro agent start` runs it; without by default. */
  launcher?: boolean;
  args?: string[];
  /** A program and its arguments that becomes the agent, as `setpriv` with another user. */
  wrapper?: string[];
}

/** A real agent in a process of its own, with the shipped configuration below the scenario's. */
export interface RealAgent {
  readonly data: string;
  readonly config: string;
  readonly child: ChildProcess;
  readonly client: ControlClient;
  /** Everything it wrote to stdout and stderr. */
  output(): string;
  write(path: string, content: string | Buffer): void;
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body?: Parameters<ControlClient['request']>[2]): Promise<Answer>;
  /** Asks again until `probe` gives something; rejects at the deadline with the agent's output. */
  until<Found>(
    what: string,
    probe: () => Promise<Found | undefined | false | null>,
    deadlineMs?: number,
  ): Promise<Found>;
  /** Ends it gracefully and resolves with its exit code. */
  stop(): Promise<number | null>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
  /** Removes its directories; ends it first when it still runs. */
  dispose(): Promise<void>;
}

/** Starts an agent and resolves once it answers. */
export async function startRealAgent(options: RealAgentOptions = {}): Promise<RealAgent> {
  const scratch = mkdtempSync(join(tmpdir(), 'opsbro-agent-'));
  const data = options.data ?? join(scratch, 'data');
  const config = options.config ?? join(scratch, 'config.d');
  mkdirSync(config, { recursive: true });
  for (const [path, content] of Object.entries(options.files ?? {})) writeInto(config, path, content);
  const [program = '', ...words] = [...(options.wrapper ?? []), join(packageRoot, 'bin', 'opsbro')];
  const child = spawn(
    program,
    [
      ...words,
      'agent',
      'start',
      '--data',
      data,
      '--config',
      config,
      ...(options.launcher === true ? [] : ['--no-supervise']),
      ...(options.args ?? []),
    ],
    {
      env: { PATH: process.env.PATH ?? '', NO_COLOR: '1', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-1_000_000);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const client = createControlClient(data);
  const agent: RealAgent = {
    data,
    config,
    child,
    client,
    output: () => output,
    write: (path, content) => writeInto(config, path, content),
    get: (path) => client.request('GET', path),
    post: (path, body) => client.request('POST', path, body),
    until: (what, probe, deadlineMs = untilDeadlineMs) => until(what, probe, deadlineMs, () => output),
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
    kill(signal) {
      child.kill(signal);
      return exited;
    },
    async dispose() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(options.launcher === true ? 'SIGTERM' : 'SIGKILL');
        await exited;
      }
      rmSync(scratch, { recursive: true, force: true });
    },
  };
  const ended = exited.then((code) => {
    throw new Error(`the agent ended with ${code} before it answered:\n${output}`);
  });
  ended.catch(() => undefined);
  const answered = agent.until(
    'an answer',
    () => answers(client, options.launcher === true ? null : child.pid),
    startDeadlineMs,
  );
  try {
    await Promise.race([ended, answered]);
  } catch (error) {
    answered.catch(() => undefined);
    await agent.dispose();
    throw error;
  }
  return agent;
}

/** Whether the agent answers, and is the one that was started: another may hold the same data directory. */
async function answers(client: ControlClient, pid: number | null | undefined): Promise<boolean> {
  try {
    const view = await client.request<AgentView>('GET', '/api/v1/agent');
    return pid === null || view.pid === pid;
  } catch {
    return false;
  }
}

async function until<Found>(
  what: string,
  probe: () => Promise<Found | undefined | false | null>,
  deadlineMs: number,
  output: () => string,
): Promise<Found> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== null && found !== false) return found;
    if (performance.now() > end)
      throw new Error(`waited ${deadlineMs} ms for ${what}; the agent wrote:\n${output().slice(-4000)}`);
    await pause(pollMs);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function writeInto(directory: string, path: string, content: string | Buffer): void {
  const target = join(directory, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
}

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? 0) * 1024;
}
