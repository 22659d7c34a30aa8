import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CollectorView } from '../../control/shapes.ts';
import { Workplace } from './workplace.ts';

let place: Workplace;

beforeEach(() => {
  place = new Workplace();
});

afterEach(() => place.dispose());

const fresh: CollectorView = {
  id: 'core/collector/disks',
  name: 'disks',
  plugin: 'collector/disks',
  state: 'pending',
  log: '',
  enabled: true,
  active: false,
  interval: 600,
  last_run: null,
  next_run: null,
  duration_ms: null,
  metrics: 0,
  results: {},
};

it.each<[Partial<CollectorView>, RegExp]>([
  [{}, /^collector.disks has not run yet: its first run comes now\n$/],
  [{ state: 'running' }, /^collector.disks has not run yet: its first run is under way\n$/],
  [
    { next_run: new Date(Date.now() + 300_000).toISOString() },
    /^collector.disks has not run yet: its first run comes in (4m \d+s|5m)\n$/,
  ],
  [{ state: 'not-eligible', log: 'no disks' }, /^collector.disks: not-eligible: no disks\n$/],
  [{ last_run: '2026-01-01T00:00:00Z', state: 'ok', results: { a: 1 } }, /^$/],
])('says of a collector without data, %j, why', async (view, said) => {
  await place.agent({ '/api/v1/collectors/disks': { ...fresh, ...view } });
  const { code, err } = await place.opsbro(['collectors', 'show', 'disks']);
  expect(code).toBe(0);
  expect(err).toMatch(said);
});
