import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The one file that is copied to hosts. */
export const bundle = fileURLToPath(new URL('../../dist/overcli/overcli.cjs', import.meta.url));

/** What a run came to. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A run that goes on. */
export interface Running {
  child: ChildProcess;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  ended: Promise<Ended>;
}

/** A place for queues and files that goes away with the tests. */
export function workplace(): { path: string; queue: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'overcli-'));
  return { path, queue: join(path, 'queue'), remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Starts overcli with nothing of this process's environment but PATH. */
export function start(words: string[], env: { [name: string]: string } = {}, program = bundle): Running {
  const child = spawn(process.execPath, [program, ...words], {
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
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** Runs overcli to its end. */
export function overcli(
  words: string[],
  env: { [name: string]: string } = {},
  program = bundle,
): Promise<Ended> {
  return start(words, env, program).ended;
}
