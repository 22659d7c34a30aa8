import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { CheckView } from '../../control/shapes.ts';
import { cleanStep } from '../../plugins/listeners/graphite/history.ts';
import type { ReplaysView } from '../../replay/model.ts';
import { WhisperFolder } from '../graphite/whisper-folder.ts';
import { command } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const data = mkdtempSync(join(tmpdir(), 'opsbro-replay-'));
let agent: RealAgent | undefined;

afterEach(async () => {
  await agent?.dispose();
  rmSync(data, { recursive: true, force: true });
});

const check = (condition: string): string => `check:\n  interval: 10s\n  critical_if: "${condition}"\n`;

it('replays what a real agent stored, beside what it did and told', async () => {
  const now = Math.floor(Date.now() / 1000);
  mkdirSync(join(data, 'metrics'), { recursive: true, mode: 0o700 });
  // A load that no host has: what the agent measures itself comes after it.
  new WhisperFolder(join(data, 'metrics', 'whisper')).write(
    `${cleanStep(hostname())}.loadaverage.load1`,
    {
      retentions: '10s:6h,1m:7d',
      aggregation: 'average',
      step: 10,
      span: 3000,
      valueAt: (_, time) => (time >= now - 1800 && time < now - 1200 ? 1e6 : 0),
    },
    now - 60,
  );
  agent = await startRealAgent({
    data,
    files: {
      'agent.yml': 'store: { enabled: true, flush: 1s }\n',
      'busy.yml': check('{{collector.loadaverage.load1}} >= 0'),
      'oncall.yml': 'handler:\n  use: exec\n  command: /bin/true\n',
    },
  });
  const { until, get, write } = agent;
  await until(
    'the problem',
    async () => (await get<CheckView>('/api/v1/checks/busy')).hard_state === 'critical',
  );
  await until('texts that are kept', async () => {
    const files = readdirSync(join(data, 'metrics'));
    const kept = files.includes('values') ? readdirSync(join(data, 'metrics', 'values')) : [];
    return (
      kept.includes('system.jsonl') && readFileSync(join(data, 'metrics', 'values', 'system.jsonl'), 'utf8')
    );
  });
  write('../busy.yml', check('{{collector.loadaverage.load1}} > 100000'));
  const file = join(agent.config, '..', 'busy.yml');
  const found = await until('what was told', async () => {
    const { json, code, stderr } = await command([
      '--data',
      data,
      'checks',
      'replay',
      file,
      '--since',
      '45m',
      '--json',
    ]);
    if (code !== 0) throw new Error(stderr);
    const [one] = json<ReplaysView>().checks;
    return (one?.did?.notifications.length ?? 0) > 0 && one;
  });
  expect(found).toMatchObject({
    id: 'local/check/busy',
    refused: null,
    would: { problems: [{ state: 'critical' }] },
    did: { problems: [{ state: 'critical', until: null }], notifications: [{ handler: 'oncall' }] },
    notes: [],
  });
  const [problem] = found.would?.problems ?? [];
  expect(problem?.seconds).toBeGreaterThan(550);
  expect(problem?.seconds).toBeLessThan(650);
  expect(found.would?.notifications.map(({ handler, state }) => [handler, state])).toEqual([
    ['oncall', 'critical'],
    ['oncall', 'ok'],
  ]);
});
