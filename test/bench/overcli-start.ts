import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from './agent.ts';
import { alternate, atMostRatio, type Bench, resultOf } from './result.ts';

/**
 * What cron pays for a report: from the start of `overcli` to its end, in ms, beside a Node that is given an empty file, in turn. `service-status`
 * sends to a server in this process, which answers at once; with nobody at the port the report is queued; `--version` does nothing.
 */
export const bench: Bench = async ({ brief, say }) => {
  const scratch = mkdtempSync(join(tmpdir(), 'overcli-bench-'));
  const empty = join(scratch, 'empty.cjs');
  writeFileSync(empty, '');
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end('{"ok": 1}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const program = join(packageRoot, 'dist/overcli/overcli.cjs');
  const to = (where: string): string[] => [
    '-s',
    where,
    '-i',
    'bench:key',
    'service-status',
    '60',
    'app',
    'OK',
  ];
  const rounds = brief ? 5 : 40;
  const beside = async (
    what: string,
    words: string[],
    code: number,
  ): Promise<ReturnType<typeof atMostRatio>> => {
    say(`${what}:`);
    const env = { OVERCLI_QUEUE: join(scratch, what.replaceAll(/\W/g, '-')) };
    const ours = (): Promise<number> => timed([program, ...words], env, code);
    const figure = await alternate(rounds, ours, () => timed([empty], env, 0), say);
    return atMostRatio(`${what}, beside an empty program, ms`, figure, 2);
  };
  try {
    return resultOf('overcli-start', 'ms', [
      await beside('a report that is sent', to(url), 0),
      await beside('a report that is queued', to('http://127.0.0.1:1'), 1),
      await beside('the version', ['--version'], 0),
    ]);
  } finally {
    server.close();
    rmSync(scratch, { recursive: true, force: true });
  }
};

function timed(words: string[], env: { [name: string]: string }, expected: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(process.execPath, words, { stdio: 'ignore', env });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === expected) resolve(performance.now() - began);
      else reject(new Error(`${words.join(' ')} ended with ${code}`));
    });
  });
}
