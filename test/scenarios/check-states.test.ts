import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AgentView, ChecksReportView, CheckView, HistoryView } from '../../control/shapes.ts';
import { command } from './cli-run.ts';
import { configWithPlugins } from './fixture-plugins.ts';
import { type RealAgent, type RealAgentOptions, startRealAgent } from './real-agent.ts';

/** A busy machine takes its time. */
const deadlineMs = 60_000;
const agents: RealAgent[] = [];
let scratch: string;
const folders: string[] = [];

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-states-'));
  folders.push(scratch);
});

afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.dispose();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function start(options: RealAgentOptions): Promise<RealAgent> {
  const agent = await startRealAgent(options);
  agents.push(agent);
  return agent;
}

/** A check that is critical while a file exists. */
const watching = (id: string, path: string, keys: string): string =>
  `check:\n  id: ${id}\n  critical_if: "file_exists('${path}')"\n  critical_output: "'it is there'"\n  ok_output: "'clear'"\n${keys}`;

const view = (agent: RealAgent, id: string): Promise<CheckView> => agent.get(`/api/v1/checks/${id}`);

const causes = async (agent: RealAgent, name: string): Promise<string[]> =>
  (await agent.get<HistoryView>('/api/v1/history/checks')).entries
    .filter((entry) => entry.name === name)
    .map(({ cause, state, hard }) => `${cause} ${state}${hard === true ? '' : ' soft'}`);

it('takes a state for hard once attempts runs agree, at retry_interval, over a kill in between', async () => {
  const trouble = join(scratch, 'trouble');
  const keys = '  interval: 1h\n  attempts: 3\n  retry_interval: 4s\n';
  const agent = await start({ files: { 'states/full.yml': watching('full', trouble, keys) } });
  await agent.until('its first run', async () => (await view(agent, 'full')).state === 'ok', deadlineMs);
  writeFileSync(trouble, '');
  const soft = await agent.post<CheckView>('/api/v1/checks/full/run');
  expect(soft).toMatchObject({ state: 'critical', hard: false, attempt: 1, attempts: 3, hard_state: 'ok' });
  expect((await command(['checks', 'state', '--data', agent.data])).stdout).toMatch(
    /CRITICAL \(soft [12]\/3\)/,
  );
  await agent.kill('SIGKILL');

  const again = await start({ data: agent.data, config: agent.config });
  await again.until(
    'a hard state',
    async () => (await view(again, 'full')).hard_state === 'critical',
    deadlineMs,
  );
  const hard = await view(again, 'full');
  expect(hard).toMatchObject({ state: 'critical', hard: true, attempt: 3, episode: soft.episode + 1 });
  expect(hard.since).toBe(soft.since);
  expect(await causes(again, 'full')).toEqual(['run ok', 'run critical soft', 'attempts critical']);

  rmSync(trouble);
  await again.post('/api/v1/checks/full/run');
  const report = await command(['checks', 'report', 'full', '--since', '1h', '--json', '--data', again.data]);
  expect(report.json<ChecksReportView>().checks).toMatchObject([
    { name: 'full', state: 'ok', problems: 1, mttr_seconds: expect.any(Number), changes: 4 },
  ]);
  const history = await command(['checks', 'history', 'full', '--data', again.data]);
  expect(history.stdout).toMatch(/critical +critical +attempts +it is there$/m);
});

it('counts the time between a stop and the next start for no state', async () => {
  const files = { 'states/idle.yml': watching('idle', join(scratch, 'trouble'), '  interval: 1h\n') };
  const data = join(scratch, 'data');
  const config = join(scratch, 'config.d');
  const since = new Date().toISOString();
  const first = await start({ files, data, config });
  await first.until('its first run', async () => (await view(first, 'idle')).state === 'ok', deadlineMs);
  await first.stop();
  const stopped = Date.now();
  const second = await start({ data, config });
  const started = Date.now();
  const report = await second.get<ChecksReportView>(`/api/v1/report/checks?since=${since}`);
  const found = report.checks.find(({ name }) => name === 'idle');
  const apart = (found?.unmonitored_seconds ?? 0) * 1000;
  expect(apart).toBeGreaterThan(0);
  expect(apart).toBeLessThan(started - stopped + 5000);
  const states = Object.values(found?.seconds ?? {}).reduce((sum, seconds) => sum + seconds, 0) * 1000;
  const whole = Date.parse(report.until) - Date.parse(report.since);
  expect(Math.round(states + apart)).toBe(whole);
});

it('takes a state for hard once it has lasted as long as for says', async () => {
  const trouble = join(scratch, 'trouble');
  writeFileSync(trouble, '');
  const agent = await start({
    files: { 'states/slow.yml': watching('slow', trouble, '  interval: 1h\n  for: 3s\n') },
  });
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
  const gauge = join(scratch, 'gauge');
  writeFileSync(gauge, '5');
  const config = await configWithPlugins(['reads-number']);
  folders.push(config);
  const rule = (id: string, keys: string): string =>
    `check:\n  id: ${id}\n  interval: 1s\n  critical_if: "{{collector.reads-number.value}} > 9"\n  ok_output: "'low'"\n${keys}`;
  const agent = await start({
    config,
    files: {
      'gauge/collector.yml': `collector:\n  id: reads-number\n  interval: 1s\n  path: ${gauge}\n`,
      'gauge/tells.yml': rule('tells', ''),
      'gauge/keeps.yml': rule('keeps', '  on_missing: keep\n'),
    },
  });
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
