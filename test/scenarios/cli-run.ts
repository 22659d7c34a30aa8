import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../cli/program.ts';

/** The package's root. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
/** The launcher, as a user runs it. */
export const program = join(root, 'bin', 'opsbro');

/** What a command came to. */
export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
  /** stdout as JSON; throws when it is none. */
  json<T = unknown>(): T;
}

/** Runs `opsbro ARGUMENTS` in a process of its own, with nothing of this process's environment but PATH. */
export function opsbro(args: string[], env: { [name: string]: string } = {}): Promise<CommandResult> {
  return run(program, args, env);
}

/**
 * Runs `opsbro ARGUMENTS` in this process, with the environment that `opsbro` would give it: for what a command asks of an agent and says, which needs
 * no process of its own. What signals, streams or the end of the process are part of is run by `opsbro`.
 */
export async function command(args: string[], env: { [name: string]: string } = {}): Promise<CommandResult> {
  const written: [string[], string[]] = [[], []];
  const code = await runCli(args, {
    stdout: { write: (text) => written[0].push(text) },
    stderr: { write: (text) => written[1].push(text) },
    env: { PATH: process.env.PATH, ...env },
    uid: process.getuid?.() ?? 0,
    root,
  });
  const [stdout, stderr] = [written[0].join(''), written[1].join('')];
  return { code, stdout, stderr, json: <T>() => JSON.parse(stdout) as T };
}

/** Runs any program and resolves once it has ended and its output is complete. */
export function run(
  command: string,
  args: string[],
  env: { [name: string]: string } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { PATH: process.env.PATH ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr, json: <T>() => JSON.parse(stdout) as T }));
  });
}
