import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentView } from '../../control/shapes.ts';
import { PushServer } from '../overcli/push-server.ts';
import { type CommandResult, opsbro, run } from './cli-run.ts';

const scratch = mkdtempSync(join(tmpdir(), "opsbro init'd "));
const data = join(scratch, 'data');
const script = join(scratch, 'opsbro');
const service = (action: string): Promise<CommandResult> => run(script, [action]);
const agent = async (): Promise<AgentView> =>
  (await opsbro(['agent', 'info', '--json', '--data', data])).json();

beforeAll(async () => {
  const generated = await opsbro(['generate', 'initd', '--data', data]);
  writeFileSync(script, generated.stdout);
  chmodSync(script, 0o755);
});

afterAll(async () => {
  await service('stop');
  rmSync(scratch, { recursive: true });
});

it('starts, reloads, restarts and stops a real agent, with the exit codes of the LSB', async () => {
  expect(await service('status')).toMatchObject({ code: 3, stdout: 'opsbro is not running\n' });
  expect((await service('reload')).code).toBe(7);
  expect((await service('stop')).code).toBe(0);

  expect((await service('start')).code).toBe(0);
  expect(await service('status')).toMatchObject({ code: 0, stdout: 'opsbro is running\n' });
  const first = await agent();
  expect(await service('start')).toMatchObject({ code: 0, stdout: 'opsbro is running already\n' });

  expect((await service('reload')).code).toBe(0);
  const reloaded = await agent();
  expect(reloaded.pid).toBe(first.pid);
  expect(reloaded.configuration.generation).toBeGreaterThan(first.configuration.generation);

  expect((await service('restart')).code).toBe(0);
  const second = await agent();
  expect(second.pid).not.toBe(first.pid);
  expect((await service('force-reload')).code).toBe(0);

  expect((await service('stop')).code).toBe(0);
  expect((await service('status')).code).toBe(3);
});

it('explains itself to whoever types anything else', async () => {
  const result = await service('dance');
  expect(result).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('{start|stop|status|restart|reload|force-reload}'),
  });
});

it('keeps a monitor running, whose server may come later, and ends it with what it started', async () => {
  const server = new PushServer();
  const url = await server.listen();
  const { port } = server;
  await server.close();
  const own = join(scratch, 'overcli-monitor');
  const file = join(scratch, 'monitor.ini');
  const service = '[service:app]\nperiod=600\ncommand=echo up\n';
  writeFileSync(file, `[overc]\nserver=${url}\nmy-name=web1\nmy-key=1234\n${service}`);
  writeFileSync(own, (await opsbro(['generate', 'initd', '--monitor', file])).stdout, { mode: 0o755 });
  const env = {
    ...{ PIDFILE: join(scratch, 'pid'), LOG: join(scratch, 'log'), RETRY_SECONDS: '0.1' },
    OVERCLI_QUEUE: join(scratch, 'queue'),
  };
  const monitor = (action: string): Promise<CommandResult> => run(own, [action], env);
  expect(await monitor('status')).toMatchObject({ code: 3, stdout: 'overcli-monitor is not running\n' });
  expect((await monitor('reload')).code).toBe(7);
  // A pid that is another process by now.
  writeFileSync(env.PIDFILE, `${process.pid}\n`);
  expect((await monitor('status')).code).toBe(3);
  expect((await monitor('start')).code).toBe(0);
  expect(await monitor('start')).toMatchObject({ code: 0, stdout: 'overcli-monitor is running already\n' });
  await expect
    .poll(() => readFileSync(env.LOG, 'utf8').match(/cannot reach/g)?.length ?? 0)
    .toBeGreaterThan(1);

  const later = new PushServer();
  await later.listen(port);
  await expect.poll(() => later.states()).toEqual(['app OK']);
  writeFileSync(file, `${readFileSync(file, 'utf8')}[service:other]\nperiod=600\ncommand=echo up\n`);
  expect((await monitor('reload')).code).toBe(0);
  await expect.poll(() => later.states()).toEqual(['app OK', 'other OK']);
  const pid = Number(readFileSync(env.PIDFILE, 'utf8'));
  expect((await monitor('stop')).code).toBe(0);
  expect((await monitor('status')).code).toBe(3);
  const group = (): string => {
    try {
      return String(process.kill(-pid, 0));
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? '';
    }
  };
  await expect.poll(group).toBe('ESRCH');
  await later.close();
});
