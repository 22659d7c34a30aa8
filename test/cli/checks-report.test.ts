import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ChecksReportView } from '../../control/shapes.ts';
import { Workplace } from './workplace.ts';

let place: Workplace;

beforeEach(() => {
  place = new Workplace();
  vi.useFakeTimers({ now: Date.parse('2026-01-31T00:00:00Z'), toFake: ['Date'] });
});

afterEach(() => {
  vi.useRealTimers();
  place.dispose();
});

const check: ChecksReportView['checks'][number] = {
  id: 'a/check/load',
  name: 'load',
  state: 'critical',
  ok_percent: 99.99999,
  seconds: { ok: 86_400, warning: 0, critical: 90, unknown: 0, pending: 0 },
  stale_seconds: 30,
  unmonitored_seconds: 600,
  problems: 2,
  mttr_seconds: 45,
  changes: 9,
};
const view: ChecksReportView = {
  since: '2026-01-01T00:00:00.000Z',
  until: '2026-01-31T00:00:00.000Z',
  known_since: '2026-01-15T00:00:00.000Z',
  checks: [check, { ...check, id: 'a/check/cpu', name: 'cpu', ok_percent: null, mttr_seconds: null }],
};
const path = '/api/v1/report/checks?since=2026-01-01T00:00:00.000Z';

it('prints time in each state, problems and the mean time to repair', async () => {
  await place.agent({ [path]: view });
  const { code, out, err } = await place.opsbro(['checks', 'report', '--since', '30d']);
  expect(code).toBe(0);
  expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    [
      'CHECK',
      'IS',
      'OK %',
      'OK',
      'WARNING',
      'CRITICAL',
      'UNKNOWN',
      'STALE',
      'UNMONITORED',
      'PROBLEMS',
      'MTTR',
    ],
    ['a/check/load', 'critical', '99.999', '1d', '-', '1m 30s', '-', '30s', '10m', '2', '45s'],
    ['a/check/cpu', 'critical', '-', '1d', '-', '1m 30s', '-', '30s', '10m', '2', '-'],
    [''],
  ]);
  expect(err).toContain('the history begins at 2026-01-15T00:00:00.000Z; what was before is not counted');
});

it('prints one check as JSON', async () => {
  await place.agent({ [path]: view });
  const { out } = await place.opsbro(['checks', 'report', 'load', '--since', '30d', '--json']);
  expect(JSON.parse(out)).toEqual({ ...view, checks: [check] });
});

it('names the nearest check when none of that name runs here', async () => {
  await place.agent({ [path]: view, '/api/v1/checks': [check] });
  const { code, err } = await place.opsbro(['checks', 'report', 'laod', '--since', '30d']);
  expect([code, err]).toEqual([
    2,
    expect.stringContaining("no check 'laod' runs here; did you mean 'load'?"),
  ]);
});

it('refuses a span that is none', async () => {
  const { code, err } = await place.opsbro(['checks', 'report', '--since', 'ever']);
  expect([code, err]).toEqual([2, expect.stringContaining("--since 'ever' is no duration")]);
});
