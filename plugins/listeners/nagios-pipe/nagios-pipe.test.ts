import { execFile } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PassiveReport, RouteAnswer } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Options } from './options.ts';
import { NagiosPipe } from './service.ts';

const running: NagiosPipe[] = [];
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-fifo-'));
  path = join(folder, 'rw', 'nagios.cmd');
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((pipe) => pipe.close()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: Partial<Options> = {}) {
  const reports: PassiveReport[] = [];
  const ctx = serviceContext<Options>({
    options: {
      ...{ enabled: true, path, group: '', mode: '0660', max_checks: 1000, forget: '30d' },
      ...{ default_handlers: [], services: [], ...options },
    },
    ask: async ({ route, body }): Promise<RouteAnswer> => {
      if (route === '/api/v1/passive') reports.push(body as unknown as PassiveReport);
      return {
        status: 200,
        type: 'application/json',
        body: Buffer.from(route === '/api/v1/checks' ? '[]' : '{}'),
      };
    },
  });
  const pipe = new NagiosPipe(ctx);
  running.push(pipe);
  await pipe.open();
  const results = () =>
    reports.flatMap(({ results: some = [] }) =>
      some.map(({ check, state, output }) => [check, state, output]),
    );
  return { pipe, ctx, results };
}

const shell = (script: string) =>
  promisify(execFile)('/bin/sh', ['-c', script], { env: { ...process.env, FIFO: path } });
const line = (service: string, code = 0) =>
  `[1700000000] PROCESS_SERVICE_CHECK_RESULT;web1;${service};${code};it is ${service}`;

it('takes what scripts write to it, as Nagios does', async () => {
  const { pipe, results } = await start();
  const { mode, gid } = statSync(path);
  expect([mode & 0o7777, gid]).toEqual([0o660, process.getgid?.()]);
  // The recipe of Nagios' manual, a host, a command of no use here, and one without an end.
  await shell(`/usr/bin/printf "[%lu] PROCESS_SERVICE_CHECK_RESULT;web1;disk;2;full|/=99%%\\n" $(date +%s) > "$FIFO"
    echo "[$(date +%s)] PROCESS_HOST_CHECK_RESULT;web1;1;down" > "$FIFO"
    echo "[$(date +%s)] DISABLE_NOTIFICATIONS" > "$FIFO"
    printf '%s' '${line('last')}' > "$FIFO"`);
  await expect.poll(() => results()).toHaveLength(2);
  await pipe.look();
  await pipe.look();
  await expect
    .poll(() => results())
    .toEqual([
      ['nagios-pipe/check/web1/disk', 'critical', 'full|/=99%'],
      ['nagios-pipe/check/web1', 'critical', 'down'],
      ['nagios-pipe/check/web1/last', 'ok', 'it is last'],
    ]);
  expect(pipe.figures()).toMatchObject({
    ...{ path, is_open: true, checks: 3, lines: { taken: 3, malformed: 0, too_long: 0 } },
    unknown_commands: { DISABLE_NOTIFICATIONS: 1 },
  });
});

it('takes the lines of many writers at once, whole and in parts, and bounds each', async () => {
  const { pipe, results } = await start();
  const writers = Array.from({ length: 8 }, (_, writer) =>
    shell(
      `for number in $(seq 50); do echo "[1] PROCESS_SERVICE_CHECK_RESULT;h;${writer}-$number;0;$(head -c 900 /dev/zero | tr '\\0' x)"; done > "$FIFO"`,
    ),
  );
  await Promise.all(writers);
  await expect.poll(() => pipe.figures().lines).toEqual({ taken: 400, malformed: 0, too_long: 0 });
  const fd = openSync(path, 'w');
  writeSync(fd, line('half').slice(0, 30));
  await pipe.look();
  writeSync(fd, `${line('half').slice(30)}\n`);
  writeSync(fd, `${'x'.repeat(20_000)}\nnonsense\n${line('after')}\n`);
  closeSync(fd);
  await expect.poll(() => pipe.figures().lines).toEqual({ taken: 402, malformed: 1, too_long: 1 });
  expect(
    results()
      .map(([check]) => check)
      .slice(-2),
  ).toEqual([...['nagios-pipe/check/web1/half', 'nagios-pipe/check/web1/after']]);
});

it('follows its path: to another FIFO, and to one that it makes where none is left', async () => {
  const { pipe, results, ctx } = await start();
  await shell('rm "$FIFO" && mkfifo "$FIFO"');
  await pipe.look();
  await shell(`echo '${line('other')}' > "$FIFO"`);
  await expect.poll(() => results()).toHaveLength(1);
  rmSync(path);
  await pipe.look();
  await shell(`echo '${line('own')}' > "$FIFO"`);
  await expect.poll(() => results()).toHaveLength(2);
  // A script that writes while it is gone makes a file of it.
  rmSync(path);
  writeFileSync(path, '');
  await pipe.look();
  await pipe.look();
  expect(ctx.logs.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
    `${path} is no FIFO; remove it, or give 'path' another`,
  ]);
  expect(pipe.figures()).toMatchObject({ is_open: false });
  rmSync(path);
  await pipe.look();
  expect(pipe.figures()).toMatchObject({ is_open: true });
});

it('leaves the FIFO as it ends, and takes what writers waited with when it is back', async () => {
  const first = await start();
  await first.pipe.close();
  const waits = shell(`echo '${line('waited')}' > "$FIFO"`);
  const second = await start();
  await waits;
  await expect
    .poll(() => second.results())
    .toEqual([['nagios-pipe/check/web1/waited', 'ok', 'it is waited']]);
});

it.skipIf(process.getuid?.() !== 0)('gives it to the group that is to write, needs root', async () => {
  await start({ group: 'daemon', mode: '620' });
  const { mode, gid } = statSync(path);
  expect([mode & 0o7777, gid]).toEqual([0o620, 1]);
  await expect(start({ path: join(folder, 'b'), group: 'nobody-has-this' })).rejects.toThrow(
    "no group 'nobody-has-this'",
  );
});

it('says what is wrong with its path', async () => {
  appendFileSync(join(folder, 'file'), '');
  await expect(start({ path: join(folder, 'file') })).rejects.toThrow('is no FIFO');
  await expect(start({ path: join(folder, 'file', 'fifo') })).rejects.toThrow("give another 'path'");
});
