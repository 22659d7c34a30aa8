import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { EmittedView, PluginView } from '../../control/shapes.ts';
import { proposeApproval, recordApproval } from '../../sandbox/approval/approve.ts';
import { opsbro } from './cli-run.ts';
import { configWithPlugins } from './fixture-plugins.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let agent: RealAgent | undefined;
let config: string | undefined;

afterAll(async () => {
  await agent?.dispose();
  if (config !== undefined) rmSync(config, { recursive: true, force: true });
});

const stranger = `/*---
api: 1
kind: check
name: tells
summary: A check that emits what it sees, and fails.
interval: 1s
---*/
import { defineCheck } from 'opsbro/sdk';
export default defineCheck({ check(ctx) {
  ctx.emit('seen', { by: ctx.name, ['__proto__']: 1 });
  for (let index = 0; index < 150; index += 1) ctx.emit('flood', index);
  throw new Error('it failed');
} });
`;

it('shows what trusted and sandboxed plugins emitted, also of runs that failed', async () => {
  config = await configWithPlugins(['emits']);
  const path = join(config, 'tells.ts');
  const lock = join(config, 'plugins.lock');
  mkdirSync(join(config, 'objects'));
  writeFileSync(path, stranger);
  writeFileSync(join(config, 'objects', 'emits.yml'), 'collector: {use: emits, interval: 1s, fails: true}\n');
  writeFileSync(join(config, 'objects', 'tells.yml'), 'check: {use: tells, interval: 1s}\n');
  await recordApproval(await proposeApproval(path, lock), lock, { by: 'test', at: '2026-01-01T00:00:00Z' });
  agent = await startRealAgent({ config });
  const { data, get, until } = agent;
  const emitted = (id: string): Promise<EmittedView> =>
    until(`events of ${id}`, async () => (await get<PluginView>(`/api/v1/plugins/${id}`)).emitted ?? false);

  const trusted = await emitted('collector/emits');
  expect(trusted.last[0]).toMatchObject({ topic: 'counted', data: { index: 0 }, at: expect.any(String) });
  expect(trusted.dropped).toBe(trusted.count * 3);
  const sandboxed = await emitted('check/tells');
  expect(sandboxed.last.length).toBe(100);
  expect(sandboxed.last[0]?.topic).toBe('seen');
  expect(sandboxed.dropped * 100).toBe(sandboxed.count * 51);
  expect(agent.output()).toContain('events of a run were dropped');

  const { stdout } = await opsbro(['plugins', 'show', 'collector/emits', '--data', data]);
  expect(stdout).toMatch(/emitted: +\d+ events, \d+ more dropped\n/);
  expect(stdout).toMatch(/Z {2}counted {2}\{"index":0\}\n/);
  expect(await agent.stop()).toBe(0);
});
