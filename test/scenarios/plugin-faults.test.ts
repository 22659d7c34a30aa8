import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AgentView, CollectorView, PluginView } from '../../control/shapes.ts';
import { configWithPlugins } from './fixture-plugins.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const faults: [plugin: string, state: string, code: string][] = [
  ['throws-at-import', 'error', 'OPSBRO_PLUGIN_IMPORT'],
  ['throws', 'error', 'OPSBRO_PLUGIN_FAILED'],
  ['never-returns', 'error', 'OPSBRO_PLUGIN_TIMEOUT'],
  ['blocks', 'error', 'OPSBRO_PLUGIN_TIMEOUT'],
  ['exhausts-heap', 'error', 'OPSBRO_PLUGIN_MEMORY'],
  ['returns-cycle', 'error', 'OPSBRO_PLUGIN_RESULT'],
  ['returns-function', 'error', 'OPSBRO_PLUGIN_RESULT'],
  ['returns-100-mb', 'error', 'OPSBRO_PLUGIN_RESULT'],
  ['exits', 'error', 'OPSBRO_PLUGIN_EXITED'],
  ['changes-directory', 'error', 'OPSBRO_PLUGIN_FAILED'],
  ['sets-umask', 'error', 'OPSBRO_PLUGIN_FAILED'],
  ['takes-signals', 'ok', ''],
  ['returns-nan', 'ok', ''],
  ['not-eligible', 'not-eligible', ''],
  ['throws-later', 'ok', ''],
];

function collector(agent: RealAgent, name: string): Promise<CollectorView> {
  return agent.get<CollectorView>(`/api/v1/collectors/${name}`);
}

describe('plugins that misbehave', () => {
  let agent: RealAgent;
  let config: string;

  beforeAll(async () => {
    config = await configWithPlugins([...faults.map(([name]) => name), 'healthy']);
    agent = await startRealAgent({ config });
  });

  afterAll(async () => {
    await agent.dispose();
    rmSync(config, { recursive: true, force: true });
  });

  it.each(faults)('%s ends in state %s %s, and nothing else is touched', async (name, state, code) => {
    const view = await agent.until(`${name} to be ${state}`, async () => {
      const found = await collector(agent, name);
      return found.state === state && found.log.includes(code) && found;
    });
    expect(view.log).toContain(code);
    const before = (await agent.get<PluginView>('/api/v1/plugins/collector/healthy')).runs;
    await agent.until('the healthy plugin to run on', async () => {
      const plugin = await agent.get<PluginView>('/api/v1/plugins/collector/healthy');
      return plugin.runs > before && plugin.errors === 0;
    });
  });

  it('shows every fault in plugins list, counted', async () => {
    const plugins = await agent.get<PluginView[]>('/api/v1/plugins');
    for (const [name, state] of faults) {
      const plugin = plugins.find(({ id }) => id === `collector/${name}`);
      expect(plugin, name).toBeDefined();
      if (state === 'error') expect(plugin?.errors, name).toBeGreaterThan(0);
    }
    expect((await agent.get<AgentView>('/api/v1/agent')).plugins.troubled.length).toBeGreaterThan(5);
  });

  it('drops numbers that are not finite and keeps the rest', async () => {
    const { results } = await collector(agent, 'returns-nan');
    expect(results).toEqual({ good: 1, worse: { list: [1, null] } });
  });

  it('cannot keep the agent from a signal', async () => {
    expect((await collector(agent, 'takes-signals')).state).toBe('ok');
    expect(await agent.stop()).toBe(0);
  });
});

describe('a plugin that takes the whole process down', () => {
  const agents: RealAgent[] = [];
  const configs: string[] = [];

  afterEach(async () => {
    for (const agent of agents.splice(0)) await agent.dispose();
    for (const config of configs.splice(0)) rmSync(config, { recursive: true, force: true });
  });

  it('is quarantined when the launcher starts the agent again, and everything else runs', async () => {
    const config = await configWithPlugins(['aborts-v8', 'healthy']);
    configs.push(config);
    const agent = await startRealAgent({ config, launcher: true });
    agents.push(agent);
    const plugin = await agent.until('the quarantine', async () => {
      try {
        const found = await agent.get<PluginView>('/api/v1/plugins/collector/aborts-v8');
        return found.state === 'quarantined' && found;
      } catch {
        return false;
      }
    });
    expect(plugin.log).toContain('the agent died while it ran');
    await agent.until('the healthy plugin', async () => (await collector(agent, 'healthy')).state === 'ok');
    expect(await agent.post('/api/v1/plugins/collector/healthy/release')).toEqual({ released: false });
  });

  it('is named also when it is a service, beside another that runs on', async () => {
    const config = await configWithPlugins(['service-aborts-v8', 'service-healthy', 'healthy']);
    configs.push(config);
    writeFileSync(join(config, 'services.yml'), 'service-healthy: {}\n---\nservice-aborts-v8: {}\n');
    const agent = await startRealAgent({ config, launcher: true });
    agents.push(agent);
    const stateOf = async (name: string): Promise<string> => {
      const view = await agent.get<PluginView>(`/api/v1/plugins/listener/${name}`).catch(() => undefined);
      return view?.state ?? '';
    };
    await agent.until('the quarantine', async () => (await stateOf('service-aborts-v8')) === 'quarantined');
    await agent.until('the other service', async () => (await stateOf('service-healthy')) === 'ok');
    await agent.until('the healthy plugin', async () => (await collector(agent, 'healthy')).state === 'ok');
    expect(agent.output()).toContain('"plugin":"listener/service-aborts-v8","message":"quarantined');
  });
});

describe('a third-party plugin nobody approved', () => {
  it('is listed as pending and does not run', async () => {
    const config = await configWithPlugins(['healthy']);
    rmSync(`${config}/plugins.lock`);
    const agent = await startRealAgent({ config });
    try {
      const plugin = await agent.get<PluginView>('/api/v1/plugins/collector/healthy');
      expect(plugin).toMatchObject({ state: 'pending', runs: 0 });
    } finally {
      await agent.dispose();
      rmSync(config, { recursive: true, force: true });
    }
  });
});
