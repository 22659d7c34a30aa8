import { type ChildProcess, spawn } from 'node:child_process';
import { messageOf } from '../failure.ts';
import type { ServiceState } from '../report.ts';
import type { MonitoredService } from './config.ts';
import { shellWords } from './shell-words.ts';

/** Of stdout and of stderr; the rest is read and thrown away. Servers keep 64 KiB of a text. */
const maxOutputBytes = 31 * 1024;
/** What may still come from the pipes once the command has ended; its children may hold them open for ever. */
const lastOutputMs = 200;

const states = ['OK', 'WARN', 'FAIL'];
const wordings: { [code: string]: string } = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  ENOEXEC: 'Exec format error',
  E2BIG: 'Argument list too long',
};

/** How long a command may run at most before it is killed: far beyond its promise, so that only one that hangs is met. */
export function commandLimitMs({ periodS, maxLagS = 0 }: MonitoredService): number {
  return Math.max(60, 2 * periodS, 2 * maxLagS) * 1000;
}

/**
 * Runs a service's command in `directory`, without a shell, and tells what it says. Never throws: what cannot run is a state too. `signal`
 * kills it.
 */
export async function runCommand(
  service: MonitoredService,
  directory: string,
  signal?: AbortSignal,
  limitMs = commandLimitMs(service),
): Promise<ServiceState> {
  const { name, command, periodS } = service;
  try {
    const [program, ...words] = shellWords(command);
    if (program === undefined) throw new Error('it is empty');
    const { code, output, late } = await run(program, words, directory, limitMs, signal);
    const note = late ? `killed, since it had not ended after ${limitMs / 1000} s` : '';
    const info = `${output.trimEnd()}${output.trim() !== '' && late ? '\n' : ''}${note}`;
    return { name, state: (code === null ? undefined : states[code]) ?? 'UNK', info };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const info = `Failed to execute plugin \`${name}\` by command \`${command}\`: ${wordings[code] ?? messageOf(error)}`;
    return { name, state: 'UNK', info, period: periodS };
  }
}

interface End {
  /** Null when a signal ended it. */
  code: number | null;
  output: string;
  late: boolean;
}

function run(
  program: string,
  words: string[],
  cwd: string,
  limitMs: number,
  signal: AbortSignal | undefined,
): Promise<End> {
  return new Promise((resolve, reject) => {
    // A session of its own, so that it can be killed with all it has started.
    const child = spawn(program, words, { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    let late = false;
    const kill = (): void => killGroup(child);
    const timer = setTimeout(() => {
      late = true;
      kill();
    }, limitMs);
    signal?.addEventListener('abort', kill, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', kill);
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('exit', (code) => {
      settle();
      const finish = (): void => {
        clearTimeout(last);
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ code: late ? null : code, output: stdout() + stderr(), late });
      };
      const last = setTimeout(finish, lastOutputMs);
      child.once('close', finish);
    });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

/** Reads a stream; the function gives what it said, up to the bound. */
function collect(stream: NodeJS.ReadableStream): () => string {
  const parts: Buffer[] = [];
  let size = 0;
  stream.on('data', (part: Buffer) => {
    if (size < maxOutputBytes) parts.push(part.subarray(0, maxOutputBytes - size));
    size += part.length;
  });
  return () => {
    const text = Buffer.concat(parts).toString('utf8');
    return size > maxOutputBytes ? `${text}\n… of ${size} bytes\n` : text;
  };
}
