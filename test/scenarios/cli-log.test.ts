import { spawn } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogEvent } from '../../control/log-shapes.ts';
import { type CommandResult, opsbro, program } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let agent: RealAgent;
const cli = (...args: string[]): Promise<CommandResult> => opsbro(['--data', agent.data, ...args]);

beforeAll(async () => {
  agent = await startRealAgent({
    files: { 'demo/mem.yml': 'collector: {use: memory, id: memory, interval: 1s}\n' },
  });
});

afterAll(() => agent?.dispose());

describe('agent log', () => {
  it('lists the agent, the kinds and the plugins', async () => {
    const listed = await cli('agent', 'log', 'list', '--json');
    expect(listed.code).toBe(0);
    const parts = listed.json<string[]>();
    expect(parts[0]).toBe('agent');
    expect(parts).toEqual(expect.arrayContaining(['collector', 'collector/memory', 'check/rule']));
  });

  it('follows one plugin with its debug events until ctrl-c', async () => {
    const child = spawn(
      program,
      ['--data', agent.data, 'agent', 'log', 'follow', 'collector/memory', '--json'],
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
        part: 'collector/memory',
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
    const result = await opsbro(['--data', `${agent.data}-none`, 'agent', 'log', 'follow']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('opsbro.sock');
  });
});

describe('agent keygen', () => {
  it('prints a gossip key of 16 bytes and an RSA-2048 pair that fits', async () => {
    const keys = (await opsbro(['agent', 'keygen', '--json'])).json<{ [name: string]: string }>();
    expect(Buffer.from(keys.gossip_key ?? '', 'base64')).toHaveLength(16);
    expect(keys.public_key).toMatch(/^-----BEGIN RSA PUBLIC KEY-----\n/);
    expect(keys.private_key).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    const privateKey = createPrivateKey(keys.private_key ?? '');
    expect(privateKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect(createPublicKey(privateKey).export({ type: 'pkcs1', format: 'pem' })).toBe(keys.public_key);
  });

  it('prints them as text, others each time', async () => {
    const [one, two] = [await opsbro(['agent', 'keygen']), await opsbro(['agent', 'keygen'])];
    expect(one.code).toBe(0);
    expect(one.stdout).toContain('-----BEGIN RSA PRIVATE KEY-----');
    expect(one.stdout).not.toBe(two.stdout);
  });
});
