import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningObject } from '../../configuration/model.ts';
import { type CommandResult, opsbro } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

interface Plan {
  start: string[];
  restart: string[];
  stop: string[];
  kept: number;
}

const check = (limit: number): string => `check:\n  interval: 1h\n  critical_if: "${limit} > 2"\n`;
const files = { 'demo/one.yml': check(1), 'demo/two.yml': check(1) };

let agent: RealAgent;
const cli = (...args: string[]): Promise<CommandResult> => opsbro(['--data', agent.data, ...args]);

beforeAll(async () => {
  agent = await startRealAgent({ files });
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
    writeFileSync(join(other, 'demo/one.yml'), check(3), { mode: 0o644 });
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
