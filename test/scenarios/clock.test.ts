import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentView, CheckView, PluginView } from '../../control/shapes.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const hourMs = 3_600_000;
const library = findLibrary();
const where = library === undefined ? ' (skipped: libfaketime is not installed)' : '';

/** Where Debian's package `libfaketime` puts it, on any architecture. */
function findLibrary(): string | undefined {
  const found = ['/usr/lib', ...readdirSync('/usr/lib').map((name) => join('/usr/lib', name))]
    .map((folder) => join(folder, 'faketime', 'libfaketimeMT.so.1'))
    .find((path) => existsSync(path));
  if (found === undefined && process.env.OPSBRO_TEST_REQUIRE === 'all')
    throw new Error('libfaketime is not installed');
  return found;
}

let scratch: string;
let clock: string;
let agent: RealAgent | undefined;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-clock-'));
  clock = join(scratch, 'offset');
});

afterEach(async () => {
  await agent?.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

const files = {
  'memory.yml': 'collector:\n  id: memory\n  interval: 1s\n',
  'hour.yml': `check:\n  id: hour\n  interval: 1s\n  critical_if: "{{collector.memory.memtotal}} < 0"\n  ok_output: "str(now())"\n`,
};

/** The agent's wall clock, in seconds from the true one. */
function setOffset(seconds: number): void {
  writeFileSync(clock, `${seconds < 0 ? '' : '+'}${seconds}\n`);
}

async function memory(running: RealAgent): Promise<PluginView> {
  return running.get<PluginView>('/api/v1/plugins/collector/memory');
}

describe.skipIf(library === undefined)(`an agent whose wall clock steps${where}`, () => {
  it.each([
    ['forward', 3600],
    ['back', -3600],
  ])('runs on in its rhythm when it steps an hour %s: no burst, no stall', async (_, seconds) => {
    setOffset(0);
    const env = {
      LD_PRELOAD: library as string,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      // The kernel steps the wall clock alone.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
    agent = await startRealAgent({ files, env });
    const running = agent;
    await running.until('the rhythm', async () => (await memory(running)).runs >= 2);
    const uptime = (await running.get<AgentView>('/api/v1/agent')).uptime;
    setOffset(seconds);
    const stepped = await running.until('a verdict by the new clock', async () => {
      const { last_run: lastRun } = await running.get<CheckView>('/api/v1/checks/hour');
      const offsetMs = Date.parse(lastRun ?? '') - Date.now();
      return Math.abs(offsetMs - Math.sign(seconds) * hourMs) < hourMs / 2;
    });
    expect(stepped).toBe(true);
    const from = performance.now();
    const before = await memory(running);
    const after = await running.until('four more runs', async () => {
      const view = await memory(running);
      return view.runs >= before.runs + 4 && view;
    });
    const elapsedRuns = (performance.now() - from) / 1000;
    expect(after.runs - before.runs).toBeLessThanOrEqual(Math.ceil(elapsedRuns) + 1);
    expect(after.errors).toBe(0);
    const { state, output } = await running.get<CheckView>('/api/v1/checks/hour');
    expect([state, Number(output) > 0]).toEqual(['ok', true]);
    const info = await running.get<AgentView>('/api/v1/agent');
    expect(info.uptime).toBeGreaterThanOrEqual(uptime);
    expect(info.uptime).toBeLessThan(hourMs / 2000);
    expect(await running.stop()).toBe(0);
  });
});
