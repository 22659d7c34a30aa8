import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PluginView } from '../../control/shapes.ts';
import { command } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const scratch = mkdtempSync(join(tmpdir(), 'opsbro-signed-'));
const key = join(scratch, 'acme.key');
let agent: RealAgent;

beforeAll(async () => {
  const made = await command(['plugins', 'keygen', '--out', key, '--json']);
  const { public_key: publicKey } = made.json<{ public_key: string }>();
  agent = await startRealAgent({
    files: {
      'agent.yml': `approve: signed\nplugin_keys: [{ name: acme, key: ${publicKey}, ceiling: { permissions: { read: [/proc/*] } } }]\n`,
    },
  });
});

afterAll(async () => {
  await agent?.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

/** Signs a version of the plugin elsewhere, and drops it with its signature. */
async function drop(version: string, permissions = '{ read: [/proc/loadavg] }'): Promise<void> {
  const folder = join(scratch, version);
  mkdirSync(folder);
  const manifest = `api: 1\nkind: collector\nname: load\nsummary: Load.\nversion: ${version}\ninterval: 1s\npermissions: ${permissions}\n`;
  const code = `export default { collect: async (ctx) => ({ version: '${version}', load: (await ctx.readText('/proc/loadavg')).split(' ')[0] as string }) };\n`;
  writeFileSync(join(folder, 'plugin.yml'), manifest);
  writeFileSync(join(folder, 'index.ts'), code);
  const { code: exit, stderr } = await command(['plugins', 'sign', folder, '--key', key]);
  expect(exit, stderr).toBe(0);
  for (const name of ['plugin.sig', 'index.ts', 'plugin.yml'])
    agent.write(`acme/load/${name}`, readFileSync(join(folder, name)));
}

function until(what: string, probe: (plugin: PluginView) => boolean): Promise<PluginView> {
  return agent.until(what, async () => {
    const found = (await agent.get<PluginView[]>('/api/v1/plugins')).find(
      ({ id }) => id === 'collector/load',
    );
    return found !== undefined && probe(found) && found;
  });
}

function untilVersion(version: string): Promise<true> {
  return agent.until(`version ${version}`, async () => {
    const path = '/api/v1/collectors/core/collector/load';
    const { results } = await agent.get<{ results?: { version?: string } }>(path);
    return results?.version === version || undefined;
  });
}

it('runs once its files lie there, with nobody asked', async () => {
  await drop('1.0.0');
  const found = await until('a run', ({ runs, state }) => state === 'ok' && runs > 0);
  expect(found).toMatchObject({ approval: 'approved', approved: { by: 'key acme' } });
  await untilVersion('1.0.0');
  expect(existsSync(join(agent.data, 'signed', 'plugins.lock'))).toBe(true);
  expect(existsSync(join(agent.config, 'plugins.lock'))).toBe(false);
});

it('is replaced by a newer version, and by none above the ceiling', async () => {
  await drop('1.1.0');
  await untilVersion('1.1.0');
  await drop('1.2.0', '{ read: [/etc/passwd] }');
  const { waits } = await until('a plugin that waits', ({ approval }) => approval === 'changed');
  expect(waits).toBe('signed by acme, above the ceiling of that key: reads /etc/passwd');
  await untilVersion('1.1.0');
});

it('cannot be revoked while its key counts', async () => {
  const { code, stderr } = await command(['--data', agent.data, 'plugins', 'revoke', 'load']);
  expect(code).toBe(2);
  expect(stderr).toContain(
    'collector/load is signed, and agent.yml lets it run; take its key from plugin_keys',
  );
});
