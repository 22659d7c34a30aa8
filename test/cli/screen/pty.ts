import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Emulator } from './emulator.ts';

const deadlineMs = 60_000;
const pollMs = 20;

/** Whether a program can be run on a pseudo terminal here; with OPSBRO_TEST_REQUIRE=all it must. */
export const hasPty =
  spawnSync('python3', ['--version']).status === 0 || process.env.OPSBRO_TEST_REQUIRE === 'all';

/** A program on a terminal of its own. */
export interface Session {
  terminal: Emulator;
  order(order: { resize: [number, number] } | { keys: string } | { signal: number }): void;
  /** Resolves once the terminal shows what is wanted; rejects with what it shows instead. */
  until(what: string, holds: (terminal: Emulator) => boolean): Promise<void>;
  exited: Promise<number | null>;
}

/** Runs a command on a terminal of so many rows and columns. */
export function openSession(
  command: string[],
  [rows, columns]: [number, number],
  env: { [name: string]: string } = {},
): Session {
  const script = fileURLToPath(new URL('./pseudo_terminal.py', import.meta.url));
  const child = spawn('python3', [script, String(rows), String(columns), ...command], {
    env: { PATH: process.env.PATH ?? '', TERM: 'xterm-256color', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const terminal = new Emulator(rows, columns);
  child.stdout.setEncoding('utf8').on('data', (text: string) => terminal.send(text));
  return {
    terminal,
    exited: new Promise((resolve) => child.once('close', (code) => resolve(code))),
    order(order) {
      child.stdin.write(`${JSON.stringify(order)}\n`);
    },
    async until(what, holds) {
      const end = performance.now() + deadlineMs;
      while (!holds(terminal)) {
        if (performance.now() > end)
          throw new Error(`waited for ${what}; the terminal shows\n${terminal.text()}`);
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    },
  };
}
