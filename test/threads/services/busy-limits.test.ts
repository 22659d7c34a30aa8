import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const file = (name: string): string =>
  JSON.stringify(fileURLToPath(new URL(`../../../dist/threads/${name}.js`, import.meta.url)));

/** In a process of its own, since flags are the process's: with those that the launcher and the agent give it. */
const program = `
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { threadLimits } from ${file('lane-memory')};
import { busyThreadLimits } from ${file('services/busy-limits')};
const young = (resourceLimits) => new Promise((resolve, reject) => {
  const code = "require('node:worker_threads').parentPort.postMessage(require('node:v8').getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space').space_size)";
  new Worker(code, { eval: true, execArgv: [], resourceLimits }).once('message', resolve).once('error', reject);
});
setFlagsFromString('--optimize-for-size');
const before = await young(threadLimits(128));
const busy = await young(busyThreadLimits(128));
console.log(JSON.stringify([before, busy, await young(threadLimits(128))].map((bytes) => bytes / 2 ** 20)));
`;

it.skipIf(Number.parseInt(process.versions.v8, 10) >= 13)(
  'gives a busy thread room for new objects, and others little more than before',
  () => {
    const flags = ['--semi-space-growth-factor=1', '--input-type=module', '-e', program];
    const [before, busy, after] = JSON.parse(
      execFileSync(process.execPath, flags, { encoding: 'utf8' }),
    ) as number[];
    expect(busy).toBeGreaterThanOrEqual(8);
    expect(Math.max(before as number, after as number)).toBeLessThanOrEqual(4);
  },
);
