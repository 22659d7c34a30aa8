import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentView, PluginView } from '../../control/shapes.ts';
import { configWithPlugins } from './fixture-plugins.ts';
import { type RealAgent, type RealAgentOptions, startRealAgent } from './real-agent.ts';

let scratch: string;
let config: string;
const agents: RealAgent[] = [];

beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-hung-'));
  config = await configWithPlugins(['opens-pipe', 'healthy']);
  execFileSync('mkfifo', [join(scratch, 'pipe')]);
});

afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.dispose();
  for (const path of [scratch, config]) rmSync(path, { recursive: true, force: true });
});

/** An agent of which a thread sits in `open`, where nothing can end it. */
async function startHung(blocks: boolean, options: RealAgentOptions = {}): Promise<RealAgent> {
  const path = join(scratch, 'pipe');
  writeFileSync(
    join(config, 'pipe.yml'),
    `collector: { use: opens-pipe, id: opens-pipe, path: ${path}, blocks: ${blocks} }\n`,
  );
  const agent = await startRealAgent({ config, data: join(scratch, 'data'), ...options });
  agents.push(agent);
  await agent.until('a thread that hangs', async () => {
    const plugin = await agent.get<PluginView>('/api/v1/plugins/collector/opens-pipe');
    return plugin.timeouts > 0 && existsSync(`${path}.asked`);
  });
  return agent;
}

describe.each([
  ['a system call of its own', true],
  ['a request to its I/O threads', false],
])('an agent with a thread that hangs in %s', (_, blocks) => {
  it('stops on TERM with everything kept, by TERM itself', async () => {
    const agent = await startHung(blocks);
    expect(await agent.stop()).toBe(null);
    expect(agent.child.signalCode).toBe('SIGTERM');
    expect(agent.output()).toContain('agent stopped');
    expect(readdirSync(join(scratch, 'data', 'run'))).not.toContain('agent.pid');
  });

  it('ends on the second signal, and accuses nobody', async () => {
    const agent = await startHung(blocks);
    agent.child.kill('SIGTERM');
    expect(await agent.kill('SIGTERM')).toBe(null);
    expect(agent.child.signalCode).toBe('SIGTERM');
    expect(JSON.parse(readFileSync(join(scratch, 'data', 'run', 'journal'), 'utf8'))).toMatchObject({
      clean: true,
    });
  });

  it('is not started again by its launcher, whoever stops it, nor is a plugin blamed', async () => {
    const agent = await startHung(blocks, { launcher: true });
    const exited = once(agent.child, 'exit');
    await agent.post('/api/v1/agent/stop');
    expect((await exited)[0]).toBe(143);
    expect(agent.output()).not.toContain('starting it again');
    const next = await startHung(blocks, { launcher: true });
    expect((await next.get<AgentView>('/api/v1/agent')).state).not.toBe('stopping');
    expect(await next.stop()).toBe(143);
    expect(next.output()).not.toMatch(/quarantined|suspected|starting it again/);
  });
});
