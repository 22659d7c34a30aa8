import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { opsbro, program, run } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent?.dispose());

const complete = async (...words: string[]): Promise<string[]> => {
  const { code, stderr, stdout } = await opsbro(['__complete', '--', ...words], { OPSBRO_DATA: agent.data });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split('\n').filter((line) => line !== '');
};

describe('completion', () => {
  it.each([
    [['coll'], ['collectors']],
    [['c'], ['checks', 'collectors', 'completion', 'config']],
    [
      ['collectors', 'wa'],
      ['wait-ok', 'watch'],
    ],
    [['agent', 'modules', ''], ['state']],
    [
      ['--data', '/elsewhere', 'generate', ''],
      ['dnsmasq', 'initd', 'resolved', 'systemd'],
    ],
    [['help', 'det'], ['detectors']],
    [['agent', 'print', 'l'], ['local-addr']],
    [
      ['agent', 'start', '--no'],
      ['--no-color', '--no-supervise'],
    ],
    [['collectors', 'show', 'memory', ''], []],
    [['nonsense', ''], []],
    [['--config', ''], []],
    [['config', 'show', '--data', ''], []],
    [['config', 'check', '--s'], ['--strict']],
    [['evaluator', 'eval', '--language', 'o'], ['opsbro']],
    [
      ['plugins', 'list', '--kind', 'c'],
      ['check', 'collector'],
    ],
    [
      ['plugins', 'new', 'c'],
      ['check', 'collector'],
    ],
    [['plugins', 'new', 'check', ''], []],
    [['plugins', 'check', ''], []],
    [['plugins', 'run', '--event', 'p'], ['problem']],
  ])('%j completes to %j', async (words, expected) => {
    expect(await complete(...words)).toEqual(expected);
  });

  it('knows the names of the running agent', async () => {
    expect(await complete('collectors', 'show', 'mem')).toEqual(['memory']);
    expect(await complete('plugins', 'show', 'collector/mem')).toEqual(['collector/memory']);
    expect(await complete('evaluator', 'eval', 'file_ex')).toEqual(['file_exists']);
    expect(await complete('checks', 'show', 'mem')).toEqual(['memory']);
    expect(await complete('evaluator', 'eval', '--as', 'mem')).toEqual(['memory']);
    expect(await complete('explain', 'mem')).toEqual(['memory']);
    expect(await complete('dashboards', 'show', 'li')).toEqual(['linux']);
    expect(await complete('metrics', 'show', 'x', '')).toEqual([]);
    expect(await complete('explain', 'memory', '')).toEqual([]);
    expect(await complete('explain', 'ch')).toEqual(['check']);
    expect(await complete('config', 'show', 'linux/check/me')).toEqual(['linux/check/memory']);
    expect(await complete('config', 'show', 'ag')).toEqual(['agent']);
    expect(await complete('config', 'show', 'agent', '')).toEqual([]);
  });

  it('asks the agent that the line under the cursor names, and is silent when none runs', async () => {
    expect(await complete('--data', '/nonexistent', 'collectors', 'show', '')).toEqual([]);
  });

  it('answers the older EXEC_COMPLETION=1 too', async () => {
    const asked = await opsbro(['collectors', 'show', 'mem'], {
      EXEC_COMPLETION: '1',
      OPSBRO_DATA: agent.data,
    });
    expect(asked.stdout).toBe('memory\n');
  });

  it('works in a real bash', async () => {
    const asked = `
      source <("${program}" completion bash)
      COMP_WORDS=("${program}" collectors show mem) COMP_CWORD=3
      _opsbro
      printf '%s\\n' "\${COMPREPLY[@]}"
      complete -p opsbro`;
    const answered = await run('bash', ['--norc', '-c', asked], { OPSBRO_DATA: agent.data });
    expect(answered).toMatchObject({
      code: 0,
      stdout: 'memory\ncomplete -o default -F _opsbro opsbro\n',
      stderr: '',
    });
  });

  it.each(['--config', '--data'])('gives the directories after %s to a real bash', async (option) => {
    const asked = `
      source <("${program}" completion bash)
      cd "${agent.data}/.." && touch da-file
      COMP_WORDS=("${program}" config show ${option} da) COMP_CWORD=4
      _opsbro
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const answered = await run('bash', ['--norc', '-c', asked], { OPSBRO_DATA: agent.data });
    expect(answered).toMatchObject({ code: 0, stdout: 'data\n', stderr: '' });
  });

  it.each(['zsh', 'fish'])('prints a script that %s accepts', async (shell) => {
    const { code, stdout } = await opsbro(['completion', shell]);
    expect(code).toBe(0);
    expect(stdout).toContain('__complete --');
    if (spawnSync(shell, ['--version']).status !== 0) return;
    expect(spawnSync(shell, ['-n'], { input: stdout, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  it('refuses a shell it does not know', async () => {
    expect((await opsbro(['completion', 'csh'])).code).toBe(2);
  });
});
