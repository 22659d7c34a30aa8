import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { CollectorView, PluginView } from '../../control/shapes.ts';
import { proposeApproval, recordApproval } from '../../sandbox/approval/approve.ts';
import { command } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let agent: RealAgent | undefined;

afterEach(() => agent?.dispose());

const manifest = (name: string, more: string): string =>
  `/*---\napi: 1\nkind: collector\nname: ${name}\nsummary: A test.\ninterval: 1s\n${more}---*/\n`;

/** A configuration directory with collectors that were approved as they are. */
async function approved(plugins: { [name: string]: string }): Promise<string> {
  const config = join(mkdtempSync(join(tmpdir(), 'opsbro-sandboxed-')), 'config.d');
  mkdirSync(config);
  for (const [name, code] of Object.entries(plugins)) {
    writeFileSync(join(config, `${name}.js`), code);
    writeFileSync(join(config, `${name}.yml`), 'collector: {interval: 1s}\n');
    await approve(config, name);
  }
  return config;
}

async function approve(config: string, name: string): Promise<void> {
  const lock = join(config, 'plugins.lock');
  const proposal = await proposeApproval(join(config, `${name}.js`), lock);
  await recordApproval(proposal, lock, { by: 'test', at: '2026-01-01T00:00:00Z' });
}

it('an agent runs approved plugins in sandboxes, takes up new code, and quarantines what does wrong again and again', async () => {
  const depth = (value: number): string =>
    `${manifest('depth', 'permissions: {read: [/proc/loadavg], exec: [/bin/echo hello], kv: [depth/]}\n')}
    export default { async collect(ctx) {
      const { stdout } = await ctx.exec('/bin/echo', ['hello']);
      await ctx.kv.put('depth/said', stdout);
      return { depth: ${value}, load: (await ctx.readText('/proc/loadavg')).length, said: await ctx.kv.get('depth/said') };
    } };`;
  const greedy = `${manifest('greedy', 'timeout: 60s\n')}
    export default { async collect(ctx) {
      await Promise.all(Array.from({ length: 100 }, () => ctx.readText('/etc/shadow').catch(() => 0)));
      return { up: 1 };
    } };`;
  const loops = `${manifest('loops', 'limits: {cpu: 20ms}\n')}export default { collect() { for (;;); } };`;
  const config = await approved({ depth: depth(1), greedy, loops });
  agent = await startRealAgent({ config });
  const { until, get, post } = agent;
  const sample = async (): Promise<unknown> =>
    (await get<CollectorView>('/api/v1/collectors/depth').catch(() => undefined))?.results;
  const plugin = (name: string): Promise<PluginView> => get<PluginView>(`/api/v1/plugins/collector/${name}`);

  await until('a sample', async () => JSON.stringify(await sample())?.includes('"depth":1'));
  expect(await sample()).toMatchObject({ said: 'hello\n', load: expect.any(Number) });
  expect(await plugin('depth')).toMatchObject({
    state: 'ok',
    sandbox: { denials: 0, cpu_ms: expect.any(Number) },
  });
  await until('quarantine for denials', async () => (await plugin('greedy')).state === 'quarantined');
  expect(await plugin('greedy')).toMatchObject({
    log: expect.stringContaining('/etc/shadow'),
    sandbox: { denials: 100, host_calls: 100 },
  });

  const shown = await command(['plugins', 'show', 'collector/greedy', '--data', agent.data]);
  expect(shown.stdout).toContain('100 denied, the last: /etc/shadow');
  const failed = await until('a breach', async () => {
    const found = await plugin('loops');
    return (found.sandbox?.breaches.cpu ?? 0) > 0 && found;
  });
  expect(failed.log).toContain('OPSBRO_PLUGIN_BUDGET');
  expect(await post('/api/v1/plugins/collector/greedy/release')).toEqual({ released: true });

  writeFileSync(join(config, 'depth.js'), depth(2));
  await approve(config, 'depth');
  await until('the new code', async () => JSON.stringify(await sample())?.includes('"depth":2'));
  const code = await agent.stop();
  expect([code, agent.child.signalCode], agent.output().slice(-2000)).toEqual([0, null]);
});
