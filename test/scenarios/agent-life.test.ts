import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentView, CheckView, CollectorView } from '../../control/shapes.ts';
import { openDataDirectory } from '../../store/data-directory.ts';
import { program } from './cli-run.ts';
import { type RealAgent, type RealAgentOptions, startRealAgent } from './real-agent.ts';

const agents: RealAgent[] = [];
const directories: string[] = [];

async function start(options?: RealAgentOptions): Promise<RealAgent> {
  const agent = await startRealAgent(options);
  agents.push(agent);
  return agent;
}

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'opsbro-life-'));
  directories.push(path);
  return path;
}

afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.dispose();
  for (const path of directories.splice(0)) rmSync(path, { recursive: true, force: true });
});

const check = (name: string, condition: string): string =>
  `check:\n  id: ${name}\n  interval: 1s\n  critical_if: "${condition}"\n  critical_output: "'too much'"\n  ok_output: "'fine'"\n`;

function named<Row extends { name: string }>(rows: Row[], name: string): Row | undefined {
  return rows.find((row) => row.name === name);
}

describe('the life of an agent', () => {
  it('detects, measures and checks its host, then stops with everything flushed', async () => {
    const agent = await start();
    await agent.until(
      'the first round',
      async () => (await agent.get<AgentView>('/api/v1/agent')).state === 'running',
    );
    const info = await agent.get<AgentView>('/api/v1/agent');
    expect(info.groups).toContain('linux');
    const collectors = await agent.get<CollectorView[]>('/api/v1/collectors?results=1');
    expect(named(collectors, 'memory')?.results).toMatchObject({ memtotal: expect.any(Number) });
    // On a very busy machine a collector's first run may end at its timeout; the next brings what its checks lack.
    await agent.until('verdicts', async () => {
      const rows = (await agent.get<CheckView[]>('/api/v1/checks')).filter((row) => row.active);
      return rows.length > 0 && rows.every((row) => row.state !== 'pending' && row.state !== 'unknown');
    });
    expect(await agent.stop()).toBe(0);
  });

  it('keeps a state over kill -9 and does not forget since when', async () => {
    const data = directory();
    const config = directory();
    const files = { 'disk.yml': check('disk', '{{collector.loadaverage.load1}} >= 0') };
    const first = await start({ data, config, files });
    const before = await first.until('a verdict', async () => {
      const row = named(await first.get<CheckView[]>('/api/v1/checks'), 'disk');
      return row?.state === 'critical' && row;
    });
    await first.kill('SIGKILL');
    const second = await start({ data, config });
    const after = named(await second.get<CheckView[]>('/api/v1/checks'), 'disk');
    expect(after).toMatchObject({ state: 'critical', since: before.since, output: 'too much' });
  });

  it('refuses a data directory that another agent uses, and names the holder', async () => {
    const data = directory();
    const first = await start({ data });
    const refused = await start({ data, args: [] }).catch((error: Error) => error);
    expect(refused).toMatchObject({ message: expect.stringContaining(String(first.child.pid)) });
    expect(refused).toMatchObject({ message: expect.stringContaining('ended with 1') });
  });

  it('exits 1 and names a data directory that cannot be used', async () => {
    const data = join(directory(), 'file');
    writeFileSync(data, 'not a directory');
    const refused = await start({ data }).catch((error: Error) => error);
    expect(refused).toMatchObject({ message: expect.stringContaining('ended with 1') });
    expect(refused).toMatchObject({ message: expect.stringContaining(data) });
  });

  it('refuses a data directory that a newer version wrote', async () => {
    const data = directory();
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, 'format'), '999\n');
    const refused = await start({ data }).catch((error: Error) => error);
    expect(refused).toMatchObject({ message: expect.stringMatching(/ended with 1[\s\S]*format 999/) });
  });

  it('stops without having started when TERM comes during its start, and leaves nothing locked', async () => {
    const config = directory();
    const data = directory();
    // Enough to read for the load to be under way when the signal comes.
    for (let file = 0; file < 40; file += 1) {
      const checks = Array.from({ length: 100 }, (_, index) => check(`c${file}-${index}`, '1 == 2'));
      writeFileSync(join(config, `${file}.yml`), checks.join('---\n'));
    }
    const args = ['agent', 'start', '--no-supervise', '--data', data, '--config', config];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await expect.poll(() => existsSync(join(data, 'run', 'agent.pid'))).toBe(true);
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(output).toContain('agent stopped');
    expect(output).not.toContain('agent started');
    expect(existsSync(join(data, 'run', 'agent.pid'))).toBe(false);
    await (await openDataDirectory(data)).close();
  });

  it('ends at once on a second signal', async () => {
    const agent = await start();
    agent.child.kill('SIGTERM');
    const code = await agent.kill('SIGTERM');
    // It ends by TERM to itself where a thread does not let it exit.
    expect([0, 143]).toContain(code ?? (agent.child.signalCode === 'SIGTERM' ? 143 : code));
  });
});
