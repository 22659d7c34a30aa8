import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentView } from '../../control/shapes.ts';
import { opsbro, program, run } from './cli-run.ts';
import { type RealAgent, residentBytes, startRealAgent } from './real-agent.ts';

let agent: RealAgent | undefined;
let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-launcher-'));
});

afterEach(async () => {
  await agent?.dispose();
  agent = undefined;
  rmSync(scratch, { recursive: true, force: true });
});

const pidOf = async (one: RealAgent): Promise<number> => (await one.get<AgentView>('/api/v1/agent')).pid;

/** The agent's process, or undefined while none answers. */
const anyPid = (one: RealAgent): Promise<number | undefined> => pidOf(one).catch(() => undefined);

function isGone(pid: number): boolean {
  return !existsSync(`/proc/${pid}`) || /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

describe('opsbro agent start under its launcher', () => {
  it('stays a small shell beside the agent', async () => {
    agent = await startRealAgent({ launcher: true });
    const launcher = agent.child.pid ?? 0;
    expect(await pidOf(agent)).not.toBe(launcher);
    expect(residentBytes(launcher)).toBeLessThan(4 * 1024 * 1024);
  });

  it('starts the agent again after kill -9, and again', async () => {
    agent = await startRealAgent({ launcher: true });
    const seen = new Set<number>();
    for (let kills = 0; kills < 2; kills += 1) {
      const one = agent;
      const pid = await one.until('an agent', () => anyPid(one));
      seen.add(pid);
      process.kill(pid, 'SIGKILL');
      await one.until('another agent', async () => {
        const next = await anyPid(one);
        return next !== undefined && !seen.has(next);
      });
    }
    expect(agent.output()).toContain('the agent ended with status 137; starting it again');
    expect(await agent.stop()).toBe(0);
  });

  it('tells handlers once that the agent died, however often it does', async () => {
    agent = await startRealAgent({ launcher: true, files: { 'tell.yml': 'handler:\n  type: log\n' } });
    const one = agent;
    const told = (): number =>
      one.output().split('the agent ended by SIGKILL and was started again').length - 1;
    process.kill(await pidOf(one), 'SIGKILL');
    await one.until('the news', async () => told() > 0);
    const pid = await one.until('another agent', () => anyPid(one));
    process.kill(pid, 'SIGKILL');
    await one.until('the next', async () => ((await anyPid(one)) ?? pid) !== pid);
    await one.get('/api/v1/handlers');
    expect(await one.stop()).toBe(0);
    expect(told()).toBe(1);
  });

  it('is stopped by `agent stop` between two starts, when no agent answers', async () => {
    const mark = join(scratch, 'mark');
    const once = join(scratch, 'node');
    const node = `#!/bin/sh\nif [ -e ${mark} ]; then exit 1; fi\n: >${mark}\nexec ${process.execPath} "$@"\n`;
    writeFileSync(once, node, { mode: 0o755 });
    agent = await startRealAgent({ launcher: true, env: { OPSBRO_NODE: once } });
    const one = agent;
    process.kill(await pidOf(one), 'SIGKILL');
    await one.until('a long pause', async () => one.output().includes('starting it again in 4 s'));
    expect(await opsbro(['--data', one.data, 'agent', 'stop'])).toMatchObject({ code: 0, stdout: 'OK\n' });
    expect(one.child.exitCode).not.toBeNull();
    expect(await opsbro(['--data', one.data, 'agent', 'stop'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no agent'),
    });
  });

  it('passes TERM on and ends with the agent, with 0', async () => {
    agent = await startRealAgent({ launcher: true });
    const pid = await pidOf(agent);
    expect(await agent.stop()).toBe(0);
    expect(isGone(pid)).toBe(true);
    expect(agent.output()).toContain('agent stopped');
  });

  it('passes HUP on: the agent reloads', async () => {
    agent = await startRealAgent({ launcher: true });
    const one = agent;
    const { configuration } = await one.get<AgentView>('/api/v1/agent');
    one.child.kill('SIGHUP');
    await one.until('a new generation', async () => {
      const now = await one.get<AgentView>('/api/v1/agent');
      return now.configuration.generation > configuration.generation;
    });
  });

  it('takes ctrl-c, which reaches launcher and agent alike, as one graceful stop', async () => {
    const data = join(scratch, 'data');
    const child = spawn(program, ['agent', 'start', '--data', data], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH ?? '' },
    });
    const output = collect(child);
    expect((await opsbro(['agent', 'wait-initialized', '--timeout', '100', '--data', data])).code).toBe(0);
    process.kill(-(child.pid ?? 0), 'SIGINT');
    expect(await ended(child)).toBe(0);
    expect(output()).not.toContain('starting it again');
  });

  it('leaves no agent behind when it is killed itself', async () => {
    agent = await startRealAgent({ launcher: true });
    const pid = await pidOf(agent);
    await agent.kill('SIGKILL');
    await agent.until('the agent to end', async () => isGone(pid));
    expect(existsSync(join(agent.data, 'run', 'agent.pid'))).toBe(false);
  });

  it.each([
    ['wrong arguments', ['--log-level', 'loud'], 2],
    ['no configuration', ['--config', '/nonexistent/config.d'], 78],
  ])('does not try %s again', async (_, args, code) => {
    const result = await opsbro(['agent', 'start', '--data', join(scratch, 'data'), ...args]);
    expect(result.code).toBe(code);
    expect(result.stderr).not.toContain('starting it again');
  });

  it('does not try again what refused to start: a data directory in use, or none', async () => {
    agent = await startRealAgent();
    const second = await opsbro(['agent', 'start', '--data', agent.data]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`pid ${await pidOf(agent)}`);
    writeFileSync(join(scratch, 'file'), '');
    const nowhere = await opsbro(['agent', 'start', '--data', join(scratch, 'file', 'data')]);
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining(join(scratch, 'file')) });
  });

  it.each([
    ['--no-supervise', ['--no-supervise'], {}],
    ['under systemd', [], { NOTIFY_SOCKET: '/nonexistent/notify' }],
  ])('is the agent itself %s', async (_, args, env) => {
    agent = await startRealAgent({ launcher: true, args, env });
    expect(await pidOf(agent)).toBe(agent.child.pid);
  });
});

describe('opsbro in front of any other command', () => {
  it('finds its package through symbolic links', async () => {
    symlinkSync(program, join(scratch, 'first'));
    symlinkSync('first', join(scratch, 'second'));
    const version = await opsbro(['version']);
    expect(await run(join(scratch, 'second'), ['version'])).toMatchObject({
      code: 0,
      stdout: version.stdout,
    });
  });

  it('says that Node is missing', async () => {
    const result = await opsbro(['version'], { OPSBRO_NODE: '/nonexistent/node' });
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('/nonexistent/node') });
  });
});

describe('opsbro agent start --daemon', () => {
  it('returns once the agent is initialized, refuses a second one, and says why it cannot start', async () => {
    // Too long for a socket: the agent moves it while the command waits.
    const data = join(scratch, 'd'.repeat(100));
    const started = await opsbro(['agent', 'start', '--daemon', '--data', data, '--json']);
    expect(started.code).toBe(0);
    const { pid, log } = started.json<{ pid: number; log: string }>();
    expect(readFileSync(log, 'utf8')).toContain('agent started');
    const second = await opsbro(['agent', 'start', '--daemon', '--data', data]);
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining(`process ${pid}`) });
    expect((await opsbro(['agent', 'stop', '--data', data])).code).toBe(0);
    expect(isGone(pid)).toBe(true);
    writeFileSync(join(data, 'format'), '9999');
    const failed = await opsbro(['agent', 'start', '--daemon', '--data', data, '--json']);
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.stderr).error).toMatchObject({
      code: 'OPSBRO_AGENT_START',
      message: expect.stringContaining('has format 9999'),
    });
  });
});

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}
