import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import type { Bench, BenchResult } from './result.ts';
import { median, resultOf, shown } from './result.ts';

/** Unless the bench exports `deadlineMinutes`. */
const usualMinutes = 12;
const supporting = new Set([
  'run.js',
  'result.js',
  'agent.js',
  'proc-tree.js',
  'notice.js',
  'nagios-peer.js',
  'nagios-agent.js',
]);

/** `npm run bench -- NAME [--brief] [words]`: a report for people, then one line of JSON. Exits 0 when every figure passes. */
async function main(words: string[]): Promise<number> {
  const [name = '', ...args] = words.filter((word) => word !== '--brief');
  const file = new URL(`./${name}.js`, import.meta.url);
  if (!/^[a-z][a-z-]*$/.test(name) || supporting.has(`${name}.js`) || !existsSync(file)) {
    console.error(`usage: npm run bench -- NAME [--brief], with NAME one of ${benches().join(', ')}`);
    return 2;
  }
  const { bench, deadlineMinutes = usualMinutes } = (await import(file.href)) as {
    bench: Bench;
    deadlineMinutes?: number;
  };
  describeMachine();
  const timer = setTimeout(() => finish(tooLong(name, deadlineMinutes)), deadlineMinutes * 60_000).unref();
  const result = await bench({
    args,
    brief: words.includes('--brief'),
    say: (text) => console.log(text),
  });
  clearTimeout(timer);
  return finish(result);
}

function benches(): string[] {
  const here = readdirSync(new URL('.', import.meta.url));
  return here
    .filter((name) => name.endsWith('.js') && !supporting.has(name) && !name.includes('-peer'))
    .map((name) => name.slice(0, -3));
}

/** What the figures must be read beside: the machine, how busy it is, and what starting an empty Node costs in this run. */
function describeMachine(): void {
  const starts = Array.from({ length: 5 }, () => {
    const before = performance.now();
    spawnSync(process.execPath, ['-e', '0']);
    return performance.now() - before;
  });
  const load = loadavg().map((value) => value.toFixed(1));
  console.log(
    `machine: ${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, load ${load.join(' ')}, ` +
      `node ${process.version}, node -e 0 in ${shown(median(starts))} ms`,
  );
}

function finish(result: BenchResult): number {
  for (const { name, ours, peer, ratio, reach, pass } of result.checks) {
    const beside = peer === null ? '' : `, peer ${shown(peer)}, ratio ${shown(ratio ?? Number.NaN)}`;
    console.log(`${pass ? 'pass' : 'FAIL'}  ${name}: ${shown(ours)}${beside} (reach ${shown(reach)})`);
  }
  console.log(JSON.stringify(result));
  return result.pass ? 0 : 1;
}

function tooLong(name: string, minutes: number): BenchResult {
  setImmediate(() => process.exit(1));
  return resultOf(name, 'min', [
    { name: 'ended in time', ours: minutes, peer: null, ratio: null, reach: minutes, pass: false },
  ]);
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.stack : error);
  const failed = { name: 'could be measured', ours: 0, peer: null, ratio: null, reach: 1, pass: false };
  console.log(JSON.stringify(resultOf(process.argv[2] ?? '', '', [failed])));
  return 1;
});
