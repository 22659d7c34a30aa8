import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckView, PluginView } from '../../control/shapes.ts';
import { trustPlugins } from '../bench/trusted-plugins.ts';
import { configWithPlugins } from './fixture-plugins.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const count = 16;
const kinds = ['never-returns', 'blocks'] as const;
const hanging = kinds.flatMap((kind) => Array.from({ length: count }, (_, index) => `${kind}-${index + 1}`));

/** Sixteen of each, told apart by name alone. */
async function copies(config: string): Promise<void> {
  for (const name of hanging) {
    const original = name.replace(/-\d+$/, '');
    cpSync(join(config, original), join(config, name), { recursive: true });
    const manifest = join(config, name, 'plugin.yml');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(`name: ${original}`, `name: ${name}`));
  }
  for (const kind of kinds) rmSync(join(config, kind), { recursive: true });
  await trustPlugins(config, [...hanging, 'healthy']);
}

const check = `check:
  id: watcher
  interval: 1s
  critical_if: "{{collector.healthy.up}} != 1"
  ok_output: "'run ' + str({{collector.healthy.runs}})"
`;

describe('sixteen plugins that never return and sixteen that block, all at once', () => {
  let agent: RealAgent;
  let config: string;

  beforeAll(async () => {
    config = await configWithPlugins([...kinds, 'healthy']);
    await copies(config);
    writeFileSync(join(config, 'watcher.yml'), check);
    agent = await startRealAgent({ config });
  });

  afterAll(async () => {
    await agent?.dispose();
    rmSync(config, { recursive: true, force: true });
  });

  it('end as timeouts, each by name', async () => {
    await agent.until('every one to time out', async () => {
      const plugins = await agent.get<PluginView[]>('/api/v1/plugins');
      return hanging.every((name) => {
        const plugin = plugins.find(({ id }) => id === `collector/${name}`);
        return plugin !== undefined && plugin.timeouts > 0;
      });
    });
    const plugins = await agent.get<PluginView[]>('/api/v1/plugins');
    for (const name of hanging) {
      const plugin = plugins.find(({ id }) => id === `collector/${name}`);
      expect(plugin, name).toMatchObject({
        log: expect.stringMatching(/OPSBRO_PLUGIN_TIMEOUT|penalty|terminated/),
      });
      expect(plugin?.restarts, name).toBeGreaterThan(0);
    }
  });

  it('leave a healthy collector and its check running on, without an error', async () => {
    const healthy = () => agent.get<PluginView>('/api/v1/plugins/collector/healthy');
    const watcher = () => agent.get<CheckView>('/api/v1/checks/watcher');
    const before = await healthy();
    const seen = new Set<string>();
    await agent.until('three more verdicts of the healthy', async () => {
      const { state, output } = await watcher();
      if (state === 'ok') seen.add(output);
      return seen.size > 3;
    });
    const after = await healthy();
    expect(after.runs).toBeGreaterThan(before.runs);
    expect(after.errors).toBe(0);
    expect([...seen]).toEqual([...seen].sort((left, right) => runOf(left) - runOf(right)));
  });

  it('do not keep the agent from stopping', async () => {
    const code = await agent.stop();
    // On a busy host a thread may outlast its deadline; then the agent ends by TERM itself, which counts as a stop that was asked for.
    if (code !== 0) expect(agent.child.signalCode).toBe('SIGTERM');
  });
});

function runOf(output: string): number {
  return Number(output.replace('run ', ''));
}
