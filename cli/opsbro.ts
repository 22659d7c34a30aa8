#!/usr/bin/env node
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`opsbro: needs Node 20.19 or newer; this is ${process.versions.node}\n`);
  process.exit(1);
}
const here = dirname(fileURLToPath(import.meta.url));
// The same file runs from `cli/` and from `dist/cli/`.
const root = here.endsWith(join('dist', 'cli')) ? join(here, '..', '..') : join(here, '..');
const { isJsonWanted, runCli } = await import('./program.ts');
const { followOutputs } = await import('./output-loss.ts');
const { settleTimeZone } = await import('../control/local-zone.ts');
const argv = process.argv.slice(2);
const zoneTrouble = settleTimeZone(process.env);
if (zoneTrouble !== null && !isJsonWanted(argv)) process.stderr.write(`opsbro: ${zoneTrouble}\n`);
const loss = followOutputs(process.stdout, process.stderr, isJsonWanted(argv), () => {
  process.exitCode = 1;
});
const code = await runCli(argv, {
  stdout: process.stdout,
  stderr: process.stderr,
  // Opened by whoever looks, so that no other command waits for keys.
  get stdin() {
    return process.stdin;
  },
  env: process.env,
  uid: process.getuid?.() ?? 0,
  root,
  ask: async (question) => (await import('./ask.ts')).askOnTerminal(question),
  outputLost: loss.signal,
});
process.exitCode = loss.exitCode(code);
