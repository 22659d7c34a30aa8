import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentView } from '../../control/shapes.ts';
import { PushServer } from '../overcli/push-server.ts';
import { type CommandResult, opsbro, run } from './cli-run.ts';

const isHere = spawnSync('supervisord', ['--version']).status === 0;
const isRequired = process.env.OPSBRO_TEST_REQUIRE === 'all';

const scratch = mkdtempSync(join(tmpdir(), "opsbro it's 100% ;supervised #"));
const data = join(scratch, 'data');
const configuration = join(scratch, 'supervisord.conf');
const server = new PushServer();
let supervisord: ChildProcess;

const control = (...words: string[]): Promise<CommandResult> =>
  run('supervisorctl', ['-c', configuration, ...words]);
const agent = async (): Promise<AgentView | undefined> => {
  const told = await opsbro(['agent', 'info', '--json', '--data', data]);
  return told.code === 0 ? told.json<AgentView>() : undefined;
};

beforeAll(async () => {
  if (!isHere) return;
  const url = await server.listen();
  const service = '[service:app]\nperiod=600\ncommand=echo up\n';
  const monitor = join(scratch, 'monitor.ini');
  writeFileSync(monitor, `[overc]\nserver=${url}\nmy-name=web1\nmy-key=1234\n${service}`);
  const programs = await Promise.all([
    opsbro(['generate', 'supervisor', '--data', data]),
    opsbro(['generate', 'supervisor', '--monitor', monitor]),
  ]);
  const log = join(tmpdir(), `opsbro-supervised-${process.pid}.log`);
  const texts = programs.map(({ stdout }) => stdout.replace(/^stdout_logfile=.*$/m, `stdout_logfile=${log}`));
  const socket = join(tmpdir(), `opsbro-supervised-${process.pid}.sock`);
  writeFileSync(
    configuration,
    `[supervisord]
nodaemon=true
logfile=/dev/null
logfile_maxbytes=0
pidfile=${socket}.pid
[unix_http_server]
file=${socket}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://${socket}
${texts.join('\n')}`,
  );
  supervisord = spawn('supervisord', ['-c', configuration], {
    stdio: 'ignore',
    env: { ...process.env, OVERCLI_QUEUE: join(scratch, 'queue') },
  });
});

afterAll(async () => {
  if (supervisord !== undefined) {
    const ended = once(supervisord, 'exit');
    supervisord.kill('SIGTERM');
    await ended;
  }
  await server.close();
  for (const suffix of ['.log', '.sock', '.sock.pid'])
    rmSync(join(tmpdir(), `opsbro-supervised-${process.pid}${suffix}`), { force: true });
  rmSync(scratch, { recursive: true, force: true });
});

it.skipIf(!isHere && !isRequired)(
  "keeps a real agent and a monitor running with Debian's supervisor (needs supervisord)",
  async () => {
    await expect.poll(agent).toMatchObject({ data });
    const first = await agent();
    process.kill(first?.pid ?? 0, 'SIGKILL');
    await expect.poll(async () => (await agent())?.pid ?? first?.pid).not.toBe(first?.pid);
    await expect.poll(() => server.states()).toEqual(['app OK']);
    await expect
      .poll(async () => (await control('status')).stdout)
      .toMatch(/^opsbro +RUNNING[\s\S]*^overcli-monitor +RUNNING/m);
    expect(await control('stop', 'all')).toMatchObject({ code: 0 });
    // Its own way out, by TERM: nothing was left to be killed.
    expect((await control('status')).stdout).toMatch(/^opsbro +STOPPED[\s\S]*^overcli-monitor +STOPPED/m);
    expect(await agent()).toBeUndefined();
  },
);
