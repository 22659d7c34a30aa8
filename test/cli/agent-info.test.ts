import { expect, it } from 'vitest';
import { infoText } from '../../cli/agent-info.ts';
import { createPaint } from '../../cli/paint.ts';
import type { AgentView } from '../../control/shapes.ts';

const whole = Number.POSITIVE_INFINITY;
const now = Date.parse('2026-01-01T01:00:00Z');
const view: AgentView = {
  state: 'running',
  version: '1.0.0',
  name: 'web1',
  display_name: 'Shop \u001b[31mfront',
  uuid: '0-1',
  zone: '',
  pid: 42,
  socket: '/d/run/opsbro.sock',
  data: '/d',
  config: ['/c'],
  started_at: '2026-01-01T00:00:00Z',
  uptime: 3600,
  groups: ['web', 'linux'],
  checks: { ok: 5, warning: 0, critical: 2, unknown: 0, pending: 0, stale: 0 },
  collectors: { ok: 3, error: 1 },
  detectors: 4,
  notifications: { waiting: 0, dead: 0, gone: 0, held: { acknowledged: 0, in_downtime: 0, silenced: 0 } },
  slowest: [{ plugin: 'collector/disk', p99_ms: 41, runs: 1 }],
  plugins: { total: 9, troubled: [{ id: 'collector/bad', state: 'quarantined', log: 'it died' }] },
  threads: { job: 2, penalty: 0, expression: 1, sandbox: 0, service: 0 },
  memory: { rss_bytes: 100 * 1024 * 1024, heap_bytes: 1024 * 1024 },
  cpu_percent: 0.25,
  loop_delay_ms: { p50: 0.1, p99: 2, max: 9 },
  schedule: { runs: 10, late: 0, skipped: 0 },
  configuration: {
    generation: 3,
    objects: 12,
    files: 1,
    errors: 1,
    warnings: 0,
    loaded_at: '2026-01-01T00:59:30Z',
  },
  logs: {
    errors: 1,
    warnings: 0,
    last: [{ at: '2026-01-01T00:59:00Z', level: 'error', message: 'a run failed' }],
  },
  variables: {},
};

it('shows who the host is, how it does, how the agent fares and what is wrong with it', () => {
  const text = infoText(view, createPaint(false), true, now, whole);
  expect(text).not.toContain('\u001b');
  for (const line of [
    'OpsBro 1.0.0  Shop front [web1]  ● running for 1h',
    '  Groups          linux, web',
    '  Checks          5 ok  0 warning  2 critical  0 unknown  0 pending',
    '  Memory          100.0 MiB resident, 1.0 MiB heap',
    '  CPU             0.3 % of one core',
    '  Plugins         9, 1 in trouble',
    "  Status          1 error, 0 warnings  'opsbro config status' lists them",
    '  Loaded          generation 3, 30s ago',
    '  collector/disk     41 ms p99  1 run',
    '  collector/bad  quarantined  it died',
    'Logs  1 error, 0 warnings',
    '  1m ago       error   a run failed',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});

it('counts notifications only while some wait or are dead', () => {
  const lines = (waiting: number, dead: number, gone = 0): string[] =>
    infoText(
      { ...view, notifications: { ...view.notifications, waiting, dead, gone } },
      createPaint(false),
      false,
      now,
      whole,
    )
      .split('\n')
      .filter((line) => line.includes('Notifications'));
  expect(lines(0, 0)).toEqual([]);
  expect(lines(3, 1)).toEqual([
    "  Notifications   3 waiting  1 dead  'opsbro handlers outbox list' lists them",
  ]);
  const advice = "'opsbro handlers outbox list' lists them, 'opsbro handlers outbox drop' takes them out";
  expect(lines(0, 4, 4)).toEqual([
    `  Notifications   0 waiting  4 dead, for a handler that is gone  ${advice}`,
  ]);
  expect(lines(0, 4, 3)).toEqual([
    `  Notifications   0 waiting  4 dead, 3 of them for a handler that is gone  ${advice}`,
  ]);
});

it('counts what people hold back only while they do', () => {
  const lines = (acknowledged: number, silenced: number): string[] => {
    const notifications = { ...view.notifications, held: { acknowledged, in_downtime: 0, silenced } };
    return infoText({ ...view, notifications }, createPaint(false), false, now, whole)
      .split('\n')
      .filter((line) => line.includes('Held back'));
  };
  expect(lines(0, 0)).toEqual([]);
  expect(lines(1, 2)).toEqual(['  Held back       1 acknowledged  2 silenced']);
});

it('paints what is bad red and keeps the last logs for --show-logs', () => {
  const text = infoText(view, createPaint(true), false, now, whole);
  expect(text).toContain('\u001b[31m2 critical\u001b[39m');
  expect(text).toContain('\u001b[31m1 error\u001b[39m');
  expect(text).not.toContain('a run failed');
});

it('breaks the groups between words where the terminal is narrow', () => {
  const groups = ['debian', 'debian-12', 'docker-container', 'kvm', 'linux', 'postgresql'];
  const text = infoText({ ...view, groups }, createPaint(false), false, now, 50);
  expect(text).toContain(
    '  Groups          debian, debian-12,\n                  docker-container, kvm, linux,\n                  postgresql\n',
  );
});
