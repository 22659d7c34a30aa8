import { spawn, spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogEvent } from '../../control/log-shapes.ts';
import { type CommandResult, command, opsbro, program, run } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent({
    files: { 'demo/often.yml': 'collector: {use: loadaverage, id: often, interval: 1s}\n' },
  });
});
afterAll(() => agent?.dispose());

const cli = (...args: string[]): Promise<CommandResult> => command(['--data', agent.data, ...args]);
const shell = (line: string): Promise<CommandResult> =>
  run('bash', ['-c', `set -o pipefail; opsbro() { "${program}" "$@"; }; ${line}`], {
    OPSBRO_DATA: agent.data,
  });
const complete = async (...words: string[]): Promise<string[]> => {
  const { code, stderr, stdout } = await command(['__complete', '--', ...words], { OPSBRO_DATA: agent.data });
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
      ['dnsmasq', 'initd', 'nginx', 'resolved', 'supervisor', 'systemd', 'upstart'],
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
    expect(await complete('packs', 'show', 'li')).toEqual(['linux']);
    expect(await complete('packs', 'parameters', 'set', 'linux.memory.')).toEqual([
      'linux.memory.critical',
      'linux.memory.warning',
    ]);
    expect(await complete('packs', 'parameters', 'set', 'linux.memory.warning', '')).toEqual([]);
    expect(await complete('agent', 'parameters', 'get', 'display')).toEqual(['display_name']);
    expect(await complete('api', '/api/v1/downtimes/')).toEqual(['/api/v1/downtimes/{id}']);
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

describe('output that cannot be written', () => {
  const full = 'stdout cannot be written: ENOSPC: no space left on device, write';

  it.each(['version', '--help', 'evaluator list', 'collectors watch loadaverage'])(
    '%s on a full disk fails with one line',
    async (words) => {
      expect(await shell(`opsbro ${words} > /dev/full`)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: `opsbro: ${full}\n`,
      });
    },
  );

  it('says it as JSON with --json', async () => {
    const { code, stderr } = await shell('opsbro version --json > /dev/full');
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toEqual({ error: { code: 'OPSBRO_HOST_IO', message: full } });
  });

  it.each(['evaluator list --details', 'collectors watch loadaverage'])(
    '%s ends without a word when its reader goes away',
    async (words) => {
      const { stdout, stderr } = await shell(`opsbro ${words} | head -1`);
      expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(/^.+\n$/), stderr: '' });
    },
  );

  it('does its work though nobody can read what is said about it', async () => {
    expect(await shell('opsbro version 2> /dev/full')).toMatchObject({ code: 0 });
    expect(await shell('opsbro nonsense 2> /dev/full')).toMatchObject({ code: 2 });
  });
});

describe('agent log', () => {
  it('lists the agent, the kinds and the plugins', async () => {
    const listed = await cli('agent', 'log', 'list', '--json');
    expect(listed.code).toBe(0);
    const parts = listed.json<string[]>();
    expect(parts[0]).toBe('agent');
    expect(parts).toEqual(expect.arrayContaining(['collector', 'collector/loadaverage', 'check/rule']));
  });

  it('follows one plugin with its debug events until ctrl-c', async () => {
    const child = spawn(
      program,
      ['--data', agent.data, 'agent', 'log', 'follow', 'collector/loadaverage', '--json'],
      {
        env: { PATH: process.env.PATH ?? '' },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const ended = once(child, 'exit');
    const seen: LogEvent[] = [];
    for await (const line of createInterface(child.stdout)) {
      if (seen.push(JSON.parse(line) as LogEvent) === 2) child.kill('SIGINT');
    }
    expect((await ended)[0]).toBe(0);
    for (const { part, level, message } of seen) {
      expect({ part, level, message }).toEqual({
        part: 'collector/loadaverage',
        level: 'debug',
        message: 'a run ended',
      });
    }
    expect(agent.output()).not.toContain('a run ended');
  });

  it.each([
    ['collector/memry', "did you mean 'collector/memory'?"],
    ['memory', "did you mean 'collector/memory'?"],
    ['zzzzzzzz', "'opsbro agent log list' shows all"],
  ])('does not follow %s', async (part, advice) => {
    const result = await cli('agent', 'log', 'follow', part);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(advice);
  });

  it('names the socket where no agent runs', async () => {
    const result = await command(['--data', `${agent.data}-none`, 'agent', 'log', 'follow']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('opsbro.sock');
  });
});

describe('agent keygen', () => {
  it('prints a gossip key of 16 bytes and an RSA-2048 pair that fits', async () => {
    const keys = (await command(['agent', 'keygen', '--json'])).json<{ [name: string]: string }>();
    expect(Buffer.from(keys.gossip_key ?? '', 'base64')).toHaveLength(16);
    expect(keys.public_key).toMatch(/^-----BEGIN RSA PUBLIC KEY-----\n/);
    expect(keys.private_key).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    const privateKey = createPrivateKey(keys.private_key ?? '');
    expect(privateKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect(createPublicKey(privateKey).export({ type: 'pkcs1', format: 'pem' })).toBe(keys.public_key);
  });

  it('prints them as text, others each time', async () => {
    const [one, two] = [await command(['agent', 'keygen']), await command(['agent', 'keygen'])];
    expect(one.code).toBe(0);
    expect(one.stdout).toContain('-----BEGIN RSA PRIVATE KEY-----');
    expect(one.stdout).not.toBe(two.stdout);
  });
});
