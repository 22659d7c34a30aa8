import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentView, ChecksReportView, CheckView, HistoryView } from '../../control/shapes.ts';
import { command } from './cli-run.ts';
import { configWithPlugins } from './fixture-plugins.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

/** A busy machine takes its time. */
const deadlineMs = 60_000;
const scratch = mkdtempSync(join(tmpdir(), 'opsbro-states-'));
const trouble = join(scratch, 'trouble');
const lasting = join(scratch, 'lasting');
const gauge = join(scratch, 'gauge');
const data = join(scratch, 'data');
const startedAt = new Date().toISOString();
let config: string;
let agent: RealAgent;

/** A check that is critical while a file exists. */
const watching = (id: string, path: string, keys: string): string =>
  `check:\n  id: ${id}\n  critical_if: "file_exists('${path}')"\n  critical_output: "'it is there'"\n  ok_output: "'clear'"\n${keys}`;

const view = (agent: RealAgent, id: string): Promise<CheckView> => agent.get(`/api/v1/checks/${id}`);

const causes = async (agent: RealAgent, name: string): Promise<string[]> =>
  (await agent.get<HistoryView>('/api/v1/history/checks')).entries
    .filter((entry) => entry.name === name)
    .map(({ cause, state, hard }) => `${cause} ${state}${hard === true ? '' : ' soft'}`);

const rule = (id: string, keys: string): string =>
  `check:\n  id: ${id}\n  interval: 1s\n  critical_if: "{{collector.reads-number.value}} > 9"\n  ok_output: "'low'"\n${keys}`;

beforeAll(async () => {
  writeFileSync(gauge, '5');
  writeFileSync(lasting, '');
  config = await configWithPlugins(['reads-number']);
  const soft = '  interval: 1h\n  attempts: 3\n  retry_interval: 4s\n';
  agent = await startRealAgent({
    data,
    config,
    files: {
      'states/full.yml': watching('full', trouble, soft),
      'states/idle.yml': watching('idle', trouble, '  interval: 1h\n'),
      'states/slow.yml': watching('slow', lasting, '  interval: 1h\n  for: 3s\n'),
      'gauge/collector.yml': `collector:\n  id: reads-number\n  interval: 1s\n  path: ${gauge}\n`,
      'gauge/tells.yml': rule('tells', ''),
      'gauge/keeps.yml': rule('keeps', '  on_missing: keep\n'),
    },
  });
});

afterAll(async () => {
  await agent?.dispose();
  for (const folder of [scratch, config]) rmSync(folder, { recursive: true, force: true });
});

it('takes a state for hard once it has lasted as long as for says', async () => {
  const soft = await agent.until(
    'a soft state',
    async () => {
      const now = await view(agent, 'slow');
      return now.state === 'critical' && now;
    },
    deadlineMs,
  );
  expect(soft).toMatchObject({ hard: false, for: 3, pending_since: soft.since });
  await agent.until('a hard state', async () => (await view(agent, 'slow')).hard, deadlineMs);
  const { hard_since, since } = await view(agent, 'slow');
  expect(Date.parse(hard_since ?? '') - Date.parse(since ?? '')).toBeGreaterThanOrEqual(3000);
  expect(await causes(agent, 'slow')).toEqual(['run critical soft', 'for critical']);
});

it('shows no green that is old when data stops', async () => {
  const both = (): Promise<[CheckView, CheckView]> =>
    Promise.all([view(agent, 'tells'), view(agent, 'keeps')]);
  await agent.until(
    'data',
    async () => (await both()).every(({ state, stale }) => state === 'ok' && !stale),
    deadlineMs,
  );
  rmSync(gauge);
  await agent.until('stale checks', async () => (await both()).every(({ stale }) => stale), deadlineMs);
  const [tells, keeps] = await both();
  expect(tells).toMatchObject({
    state: 'unknown',
    hard: true,
    output: expect.stringMatching(/reads-number/),
  });
  expect(keeps).toMatchObject({ state: 'ok', output: 'low' });
  const { stdout } = await command(['checks', 'state', '--data', agent.data]);
  expect(stdout).toMatch(/keeps +~ OK \(stale\)$/m);
  expect(stdout).toMatch(/tells +\? UNKNOWN \(stale\)$/m);
  expect((await agent.get<AgentView>('/api/v1/agent')).checks.stale).toBe(1);

  writeFileSync(gauge, '7');
  await agent.until(
    'data again',
    async () => (await both()).every(({ state, stale }) => state === 'ok' && !stale),
    deadlineMs,
  );
  // Old data is late first, or gone first, as the failing collector's pauses have it.
  const told = async (name: string): Promise<string> =>
    (await causes(agent, name)).join(', ').replace('missing', 'late');
  expect(await told('keeps')).toBe('run ok, late ok, fresh ok');
  expect(await told('tells')).toBe('run ok, late unknown, run ok');
});

it('takes a state for hard once attempts runs agree, at retry_interval, over a kill in between', async () => {
  await agent.until('its first run', async () => (await view(agent, 'full')).state === 'ok', deadlineMs);
  writeFileSync(trouble, '');
  const soft = await agent.post<CheckView>('/api/v1/checks/full/run');
  expect(soft).toMatchObject({ state: 'critical', hard: false, attempt: 1, attempts: 3, hard_state: 'ok' });
  expect((await command(['checks', 'state', '--data', agent.data])).stdout).toMatch(
    /CRITICAL \(soft [12]\/3\)/,
  );
  await agent.kill('SIGKILL');
  await agent.dispose();

  agent = await startRealAgent({ data, config });
  await agent.until(
    'a hard state',
    async () => (await view(agent, 'full')).hard_state === 'critical',
    deadlineMs,
  );
  const hard = await view(agent, 'full');
  expect(hard).toMatchObject({ state: 'critical', hard: true, attempt: 3, episode: soft.episode + 1 });
  expect(hard.since).toBe(soft.since);
  expect(await causes(agent, 'full')).toEqual(['run ok', 'run critical soft', 'attempts critical']);

  rmSync(trouble);
  await agent.post('/api/v1/checks/full/run');
  const report = await command(['checks', 'report', 'full', '--since', '1h', '--json', '--data', agent.data]);
  expect(report.json<ChecksReportView>().checks).toMatchObject([
    { name: 'full', state: 'ok', problems: 1, mttr_seconds: expect.any(Number), changes: 4 },
  ]);
  const history = await command(['checks', 'history', 'full', '--data', agent.data]);
  expect(history.stdout).toMatch(/critical +critical +attempts +it is there$/m);
});

it('counts the time between a stop and the next start for no state', async () => {
  await agent.until('its first run', async () => (await view(agent, 'idle')).state !== 'pending', deadlineMs);
  const before = await idleReport();
  await agent.stop();
  await agent.dispose();
  const stopped = Date.now();
  agent = await startRealAgent({ data, config });
  const started = Date.now();
  const after = await idleReport();
  expect(after.apart - before.apart).toBeGreaterThan(0);
  expect(after.apart - before.apart).toBeLessThan(started - stopped + 5000);
  expect(Math.round(after.states + after.apart)).toBe(after.whole);
});

/** How long `idle` was in any state, how long nobody looked, and both together, ms. */
async function idleReport(): Promise<{ states: number; apart: number; whole: number }> {
  const report = await agent.get<ChecksReportView>(`/api/v1/report/checks?since=${startedAt}`);
  const found = report.checks.find(({ name }) => name === 'idle');
  return {
    states: Object.values(found?.seconds ?? {}).reduce((sum, seconds) => sum + seconds, 0) * 1000,
    apart: (found?.unmonitored_seconds ?? 0) * 1000,
    whole: Date.parse(report.until) - Date.parse(report.since),
  };
}
