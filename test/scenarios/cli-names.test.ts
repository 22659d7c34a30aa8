import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningObject } from '../../configuration/model.ts';
import type { CheckView, ConfigStatusView, HistoryView } from '../../control/shapes.ts';
import { type CommandResult, command } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

interface Plan {
  start: string[];
  restart: string[];
  stop: string[];
  kept: number;
}

const check = (limit: number): string => `check:
  interval: 1s
  critical_if: "{{parameters.demo.low}} > {{configuration.limit}}"
  limit: ${limit}
`;
const constant = (limit: number): string => `check:\n  interval: 1h\n  critical_if: "${limit} > 2"\n`;
const files = {
  'demo/one.yml': constant(1),
  'demo/two.yml': constant(1),
  'demo/limited.yml': check(7),
  'other/limited.yml': check(7),
  'demo/kept.yml': check(7),
  'demo/parameters.yml': 'demo: {low: 1}\n',
  'other/parameters.yml': 'demo: {low: 2}\n',
};

let agent: RealAgent;
const cli = (...args: string[]): Promise<CommandResult> => command(['--data', agent.data, ...args]);

beforeAll(async () => {
  agent = await startRealAgent({ files });
  await agent.until('verdicts', async () => {
    const checks = await agent.get<CheckView[]>('/api/v1/checks');
    return checks.filter((one) => one.name === 'limited' && one.state === 'ok').length === 2;
  });
});

afterAll(() => agent?.dispose());

describe('config plan against a running agent', () => {
  it('plans nothing over the directories the agent reads', async () => {
    const running = await agent.get<RunningObject[]>('/api/v1/config/running');
    expect(running.map(({ id }) => id)).toContain('demo/check/one');
    const planned = await cli('config', 'plan', '--json');
    expect(planned.stderr).toBe('');
    const { start, restart, stop, kept } = planned.json<Plan>();
    expect({ start, restart, stop, kept }).toEqual({
      start: [],
      restart: [],
      stop: [],
      kept: running.length,
    });
    expect((await cli('config', 'plan')).stdout).toBe(
      `nothing to do: the agent runs all ${running.length} objects as they are written\n`,
    );
  });

  it('restarts only what another directory changes', async () => {
    const other = mkdtempSync(join(tmpdir(), 'opsbro-plan-'));
    mkdirSync(join(other, 'demo'));
    writeFileSync(join(other, 'demo/one.yml'), constant(3), { mode: 0o644 });
    const planned = await cli('config', 'plan', agent.config, other, '--json');
    rmSync(other, { recursive: true });
    expect(planned.code).toBe(0);
    expect(planned.json<Plan>()).toMatchObject({ start: [], restart: ['demo/check/one'], stop: [] });
  });
});

describe('unknown names', () => {
  it.each([
    [['plugins', 'release', 'nope'], "no plugin 'nope'"],
    [['plugins', 'list', '--kind', 'nope'], 'there is '],
    [['config', 'test', 'nope'], "no check or pack 'nope' is configured"],
  ])('%j exits 2 and says what is unknown', async (words, message) => {
    const result = await cli(...words);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(message);
  });
});

describe('evaluator eval --as CHECK', () => {
  const expression = '{{parameters.demo.low}} + {{configuration.limit}}';

  it.each([
    ['demo/check/limited', '8\n'],
    ['other/check/limited', '9\n'],
    ['kept', '8\n'],
  ])('sees the parameters and keys of %s', async (name, stdout) => {
    const result = await cli('evaluator', 'eval', '--as', name, expression);
    expect(result).toMatchObject({ code: 0, stdout, stderr: '' });
  });

  it('is what to use where a parameter is missing', async () => {
    expect((await cli('evaluator', 'eval', expression)).stderr).toContain("'--as CHECK'");
  });

  it.each([
    ['limited', "check 'limited' is ambiguous: "],
    ['kpt', "no check 'kpt'; did you mean 'kept'?"],
  ])('refuses %s with exit 2', async (name, message) => {
    for (const verb of ['eval', 'wait-eval-true']) {
      const result = await cli('evaluator', verb, '--as', name, expression);
      expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
    }
  });
});

describe('checks', () => {
  it('history tells namesakes apart', async () => {
    const entries = (await cli('checks', 'history', '--json')).json<HistoryView['entries']>();
    const ids = entries.filter(({ name }) => name === 'limited').map(({ id }) => id);
    expect(ids.sort()).toEqual(['demo/check/limited', 'other/check/limited']);
    const text = (await cli('checks', 'history')).stdout;
    for (const id of [...ids, 'kept']) expect(text).toMatch(new RegExp(` ${id} `));
  });

  it('show says that the last good version runs while the file is bad', async () => {
    agent.write('demo/kept.yml', 'check:\n  critical_if: "1 >"\n');
    agent.write('demo/fresh.yml', 'check:\n  critical_iff: "1"\n');
    await agent.until('two bad files', async () => {
      const { bad_files } = await agent.get<ConfigStatusView>('/api/v1/config/status');
      return bad_files.length === 2;
    });
    const kept = await cli('checks', 'show', 'kept');
    expect(kept.code).toBe(0);
    expect(kept.stdout).toMatch(/^OK - kept/);
    expect(kept.stdout).toContain(
      `outdated: its last good version runs, since ${join(agent.config, 'demo/kept.yml')}:2:`,
    );
    const fresh = await cli('checks', 'show', 'fresh');
    expect(fresh.code).toBe(3);
    expect(fresh.stdout).toContain(`its file is bad: ${join(agent.config, 'demo/fresh.yml')}:2:3: `);
  });
});

describe('plugins', () => {
  it.each(['collector/memory', 'memory', 'Memory'])('show %s finds the one of that name', async (name) => {
    expect((await cli('plugins', 'show', name, '--json')).json()).toMatchObject({ id: 'collector/memory' });
  });

  it.each(['show', 'release'])('%s names the candidates of a short name', async (verb) => {
    expect(await cli('plugins', verb, 'rule')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: "opsbro: plugin 'rule' is ambiguous: check/rule, detector/rule; use the full id\n",
    });
    expect(await cli('plugins', verb, 'memroy')).toMatchObject({
      code: 2,
      stderr: "opsbro: no plugin 'memroy'; did you mean 'collector/memory'?\n",
    });
    expect((await cli('plugins', verb, 'zzzzzzzz')).stderr).toContain("'opsbro plugins list' shows all");
  });
});
