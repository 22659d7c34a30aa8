import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CollectorView, PluginView } from '../../control/shapes.ts';
import { command } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let agent: RealAgent;
const id = 'collector/depth';
const plugin = (depth: number, rights = ''): string =>
  `/*---\napi: 1\nkind: collector\nname: depth\nsummary: Depth.\ninterval: 1s\n${rights}---*/\nexport default { collect: (ctx) => ({ depth: ${depth} as number }) };\n`;

beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent?.dispose());

function cli(...words: string[]): ReturnType<typeof command> {
  return command(['--data', agent.data, 'plugins', ...words]);
}

async function view(): Promise<PluginView | undefined> {
  return (await agent.get<PluginView[]>('/api/v1/plugins')).find((one) => one.id === id);
}

function until(what: string, probe: (plugin: PluginView) => boolean): Promise<PluginView> {
  return agent.until(what, async () => {
    const found = await view();
    return found !== undefined && probe(found) && found;
  });
}

function untilDepth(depth: number): Promise<true> {
  return agent.until(`a depth of ${depth}`, async () => {
    const found = (await agent.get<CollectorView[]>('/api/v1/collectors')).find(
      ({ name }) => name === 'depth',
    );
    if (found === undefined || found.state !== 'ok') return undefined;
    const { results } = await agent.get<{ results: { depth?: number } }>(`/api/v1/collectors/${found.id}`);
    return results?.depth === depth || undefined;
  });
}

it('waits when it is dropped, and says what it asks for and what to type', async () => {
  agent.write('mail/depth.ts', plugin(1, "permissions: { read: ['/var/spool/postfix/**'] }\n"));
  await until('a plugin that waits', ({ approval }) => approval === 'pending');
  const { stdout } = await cli('list');
  expect(stdout).toContain(`third-party plugins\n${id}  pending\n  reads /var/spool/postfix/**\n`);
  expect(stdout).toContain(`nobody approved it\n  opsbro plugins approve ${id}`);
});

it('runs once it is approved', async () => {
  const { code, stdout, stderr } = await cli('approve', 'depth', '--yes');
  expect({ code, stderr: stderr.includes('reads /var/spool/postfix/**') }, stderr).toEqual({
    code: 0,
    stderr: true,
  });
  expect(stdout).toBe(`OK: ${id} is approved in ${agent.config}/plugins.lock; the agent runs it\n`);
  await untilDepth(1);
  const shown = (await cli('show', 'depth')).stdout;
  expect(shown).toMatch(/^approval: approved, \d{4}-\S+ by \S+$/m);
  expect(shown).toMatch(/^may: {6}reads \/var\/spool\/postfix\/\*\*$/m);
});

it('waits again when it changes, and the approved version runs on', async () => {
  agent.write('mail/depth.ts', plugin(2));
  const { waits, state } = await until('a plugin that changed', ({ approval }) => approval === 'changed');
  expect(waits).toBe('its files changed; it asks for less than before');
  expect(state).not.toBe('pending');
  const { runs } = (await view()) as PluginView;
  await until('a run of the approved version', (plugin) => plugin.runs > runs + 1);
  await untilDepth(1);
});

it('runs in its new version once that is approved, without a restart of anything else', async () => {
  const { code, stderr } = await cli('approve', id, '--yes');
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('-export default { collect: (ctx) => ({ depth: 1 as number }) };');
  await untilDepth(2);
  expect(await view()).toMatchObject({ approval: 'approved', state: 'ok' });
});

it('runs no more while it is quarantined, and again once it is released', async () => {
  expect((await cli('quarantine', 'depth', '--reason', 'too loud')).stdout).toContain(
    `OK: ${id} runs no more`,
  );
  expect(await view()).toMatchObject({ state: 'quarantined', log: 'too loud' });
  expect((await cli('list')).stdout).toContain(`${id}  quarantined\n`);
  const quiet = (await view())?.runs;
  expect((await cli('release', 'depth')).code).toBe(0);
  await until('a run', ({ runs, state }) => state === 'ok' && runs > (quiet ?? 0));
});

it('takes up a lock that another program puts in place, within its next look', async () => {
  const path = join(agent.config, 'plugins.lock');
  const text = readFileSync(path, 'utf8');
  rmSync(path);
  await until('a plugin that waits', ({ approval }) => approval === 'pending');
  agent.write('plugins.lock', text);
  await until('an approved plugin', ({ approval }) => approval === 'approved');
});

it('stops when its approval is revoked, and is gone when its file is', async () => {
  const { stdout } = await cli('revoke', 'depth', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ id, revoked: true, state: 'pending' });
  expect((await agent.get<CollectorView[]>('/api/v1/collectors')).some(({ name }) => name === 'depth')).toBe(
    false,
  );
  rmSync(join(agent.config, 'mail/depth.ts'));
  await agent.until('no such plugin', async () => (await view()) === undefined);
});
