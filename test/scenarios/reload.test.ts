import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { CheckView, ConfigStatusView, PluginView, ReloadView } from '../../control/shapes.ts';
import { type RealAgent, type RealAgentOptions, startRealAgent } from './real-agent.ts';

const agents: RealAgent[] = [];

async function start(options?: RealAgentOptions): Promise<RealAgent> {
  const agent = await startRealAgent(options);
  agents.push(agent);
  return agent;
}

afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.dispose();
});

const check = (output: string): string =>
  `check:\n  interval: 1s\n  critical_if: "{{collector.loadaverage.load1}} < 0"\n  ok_output: "'${output}'"\n`;

async function row(agent: RealAgent, name: string): Promise<CheckView | undefined> {
  return (await agent.get<CheckView[]>('/api/v1/checks')).find((each) => each.name === name);
}

function shows(agent: RealAgent, name: string, output: string): Promise<CheckView> {
  return agent.until(`'${output}' of ${name}`, async () => {
    const found = await row(agent, name);
    return found?.output === output && found;
  });
}

describe('reload', () => {
  it('takes a dropped file, its change and its removal, without being asked', async () => {
    const agent = await start();
    agent.write('web.yml', check('one'));
    await shows(agent, 'web', 'one');
    agent.write('web.yml', check('two'));
    await shows(agent, 'web', 'two');
    rmSync(join(agent.config, 'web.yml'));
    await agent.until('the check to go', async () => (await row(agent, 'web')) === undefined);
  });

  it('keeps the last good objects of a file that turned bad, and names the place', async () => {
    const agent = await start({ files: { 'web.yml': check('good'), 'other.yml': check('other') } });
    await shows(agent, 'web', 'good');
    agent.write('web.yml', 'check:\n  interval: 1s\n  ok_outptu: "\'typo\'"\n');
    const status = await agent.until('the error', async () => {
      const found = await agent.get<ConfigStatusView>('/api/v1/config/status');
      return found.bad_files.length > 0 && found;
    });
    expect(status.bad_files).toEqual([join(agent.config, 'web.yml')]);
    expect(status.diagnostics).toContainEqual(
      expect.objectContaining({
        severity: 'error',
        message: expect.stringMatching(/ok_outptu.*ok_output/),
        place: expect.objectContaining({ line: 3 }),
      }),
    );
    expect((await row(agent, 'web'))?.output).toBe('good');
    agent.write('other.yml', check('still reloads'));
    await shows(agent, 'other', 'still reloads');
    agent.write('web.yml', check('mended'));
    await shows(agent, 'web', 'mended');
  });

  it('leaves the counters and states of unchanged objects alone', async () => {
    const agent = await start({ files: { 'a.yml': check('a'), 'b.yml': check('b') } });
    const before = await shows(agent, 'a', 'a');
    agent.write('b.yml', check('changed'));
    await shows(agent, 'b', 'changed');
    expect((await row(agent, 'a'))?.since).toBe(before.since);
    const reload = await agent.post<ReloadView>('/api/v1/agent/reload');
    expect(reload).toMatchObject({ ok: true, started: [], restarted: [], stopped: [] });
    expect(reload.kept).toBeGreaterThan(2);
  });

  it('reloads on SIGHUP', async () => {
    const agent = await start();
    const before = (await agent.get<ConfigStatusView>('/api/v1/config/status')).generation;
    agent.child.kill('SIGHUP');
    await agent.until('a reload', async () => {
      return (await agent.get<ConfigStatusView>('/api/v1/config/status')).generation > before;
    });
    await agent.until('an answer in the log', async () => agent.output().includes('configuration unchanged'));
  });

  it('sees a directory that was replaced as a whole', async () => {
    const agent = await start({ files: { 'web.yml': check('old') } });
    await shows(agent, 'web', 'old');
    const next = `${agent.config}.next`;
    mkdirSync(next);
    writeFileSync(join(next, 'web.yml'), check('new'));
    renameSync(agent.config, `${agent.config}.old`);
    renameSync(next, agent.config);
    await agent.post('/api/v1/agent/reload');
    await shows(agent, 'web', 'new');
    agent.write('web.yml', check('newer'));
    await agent.post('/api/v1/agent/reload');
    await shows(agent, 'web', 'newer');
  });

  it('schedules a check when its group appears and takes it off when it goes', async () => {
    const detector = (condition: string): string =>
      `detector:\n  interval: 1s\n  apply_if: "${condition}"\n  add_groups: ["blue"]\n`;
    const agent = await start({
      files: { 'blue.yml': `${check('in blue')}  if_group: blue\n`, 'find.yml': detector('False') },
    });
    await agent.until('an inactive check', async () => (await row(agent, 'blue'))?.active === false);
    agent.write('find.yml', detector('True'));
    await shows(agent, 'blue', 'in blue');
    agent.write('find.yml', detector('False'));
    await agent.until('the check to rest', async () => (await row(agent, 'blue'))?.active === false);
    const plugins = await agent.get<PluginView[]>('/api/v1/plugins');
    expect(plugins.find(({ id }) => id === 'check/rule')?.state).toBe('ok');
  });
});
