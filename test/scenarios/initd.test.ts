import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentView } from '../../control/shapes.ts';
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
