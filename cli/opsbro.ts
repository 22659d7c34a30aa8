#!/usr/bin/env node
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`opsbro: needs Node 20.19 or newer; this is ${process.versions.node}\n`);
  process.exit(1);
}
// A reader that goes away (`| head`) or a terminal that closes is no failure of the command.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}
const here = dirname(fileURLToPath(import.meta.url));
// The same file runs from `cli/` and from `dist/cli/`.
const root = here.endsWith(join('dist', 'cli')) ? join(here, '..', '..') : join(here, '..');
const { runCli } = await import('./program.ts');
process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  uid: process.getuid?.() ?? 0,
  root,
});
