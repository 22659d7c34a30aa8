import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's root. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** How a command ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `opsbro` as a person would, in `cwd`. */
export function opsbro(cwd: string, ...words: string[]): Ended {
  return run(process.execPath, [join(root, 'dist/cli/opsbro.js'), ...words], cwd);
}

/** Runs the TypeScript compiler on the project in `folder`: what it says, empty when it is content. */
export function typeErrors(folder: string): string {
  return run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], folder).stdout;
}

function run(program: string, words: string[], cwd: string): Ended {
  const env = { PATH: process.env.PATH, HOME: cwd, NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(program, words, { cwd, env, encoding: 'utf8' });
  return { code: status, stdout, stderr };
}

/** A directory of its own, and how to be rid of it. */
export function scratch(): { path: string; dispose(): void } {
  const path = mkdtempSync(join(tmpdir(), 'opsbro-author-'));
  return { path, dispose: () => rmSync(path, { recursive: true, force: true }) };
}
