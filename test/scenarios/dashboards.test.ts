import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, command } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const load = '*.loadaverage.load1';

let agent: RealAgent;
const cli = (...args: string[]): Promise<CommandResult> => command(['--data', agent.data, ...args]);

beforeAll(async () => {
  agent = await startRealAgent({ files: { 'agent.yml': 'store: {enabled: true}\n' } });
  await agent.until('a value of each series', async () => {
    const listed = await cli('metrics', 'list', load, '*.memory.phys_used', '--csv');
    return listed.code === 0 && /load1,\d/.test(listed.stdout) && /phys_used,\d/.test(listed.stdout);
  });
});

afterAll(() => agent?.dispose());

describe('opsbro metrics', () => {
  it('lists how each series went, and draws those that are to be shown', async () => {
    const listed = await cli('metrics', 'list', load, '*.memory.phys_used');
    expect(listed.stdout).toMatch(/^SERIES +VALUES +MIN +MAX +LAST\n\S+\.loadaverage\.load1 .*[▁-█] /);
    expect((await cli('metrics', 'list', load, '--json')).json()).toMatchObject([
      { name: expect.stringContaining('load1'), last: expect.any(Number) },
    ]);
    const shown = await cli('metrics', 'show', load, '*.memory.phys_used', '--from', '-5min');
    expect(shown.stdout).toMatch(/\.load1\n *[\d.]+ {2}[\u2800-\u28ff]+\n(?:.*\n){8}\n.*\.phys_used\n/);
    expect((await cli('metrics', 'show', load, '--csv')).stdout).toMatch(/^\S+\.load1,\d{4}-[^,]+Z,\d/m);
    expect((await cli('metrics', 'show', load, '--json')).json()).toHaveLength(1);
    expect((await cli('metrics', 'list', '--names')).stdout).toMatch(/^\S+\.memory\.phys_used$/m);
  });

  it('names the pattern that finds nothing', async () => {
    const none = await cli('metrics', 'show', load, '*.nothing');
    expect(none).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining("'*.nothing'") });
  });
});

describe('opsbro dashboards', () => {
  it('lists those that ship', async () => {
    const { stdout } = await cli('dashboards', 'list');
    expect(stdout).toMatch(/^linux +linux +\d+ +Linux$/m);
    expect(stdout).toMatch(/^cluster +opsbro +/m);
  });

  it.each(['linux', 'opsbro', 'cluster'])('shows %s without an error in any expression', async (name) => {
    const ready = await cli('agent', 'wait-initialized', '--timeout', '100');
    expect(ready.code).toBe(0);
    interface Shown {
      widgets: { error: string | null; value: unknown; missing: string[] }[];
    }
    const widgets = await agent.until('all its values', async () => {
      const shown = (await cli('dashboards', 'show', name, '--json')).json<Shown>();
      // No service keeps a membership here.
      return (
        (name === 'cluster' || shown.widgets.every(({ missing }) => missing.length === 0)) && shown.widgets
      );
    });
    expect(widgets.filter(({ error }) => error !== null)).toEqual([]);
  });

  it('begins a chart with what the store knows', async () => {
    await agent.until('a past', async () => {
      const shown = await cli('dashboards', 'show', 'linux', '--interval', '500ms', '--json');
      const { widgets } = shown.json<{ widgets: { title: string; values?: unknown[] }[] }>();
      return (widgets.find(({ title }) => title.startsWith('Load, tasks'))?.values?.length ?? 0) > 1;
    });
    const text = await cli('dashboards', 'show', 'linux');
    expect(text.stdout).toMatch(/^Linux\n {2}CPU +\[[#-]{20}\] {2}\d+ %/);
  });

  it('takes up a dashboard that is dropped in, and names the one that was meant', async () => {
    agent.write('mine/dashboards/mine.yml', 'dashboard: {title: Mine, content: {text: {value: "1 + 1"}}}\n');
    await agent.until('it', async () => (await cli('dashboards', 'show', 'mine')).stdout === 'Mine\n    2\n');
    const { code, stderr } = await cli('dashboards', 'show', 'linxu');
    expect([code, stderr]).toEqual([2, "opsbro: no dashboard 'linxu'; did you mean 'linux'?\n"]);
  });
});
