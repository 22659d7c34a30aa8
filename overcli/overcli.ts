#!/usr/bin/env node
import { writeSync } from 'node:fs';
import { run } from './program.ts';

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

run(process.argv.slice(2), {
  env: process.env,
  uid: process.getuid?.() ?? -1,
  stdout: (text) => write(1, text),
  stderr: (text) => write(2, text),
  onSignal: (listener) => {
    for (const signal of signals) process.on(signal, listener);
  },
}).then((code) => {
  process.exit(code);
});

/** Node's own streams take a tenth of the time that a report takes from start to end. A reader that is gone or slow is no reason to fail. */
function write(file: number, text: string): void {
  let rest = Buffer.from(text, 'utf8');
  for (let attempt = 0; rest.length > 0 && attempt < 100; attempt += 1) {
    try {
      rest = rest.subarray(writeSync(file, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      // A pipe that does not block and is full: its reader gets a moment.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
