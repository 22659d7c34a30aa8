import type { Json } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { pendingStatus } from '../../../alerting/model.ts';
import { readStatus } from '../../../alerting/state/read-status.ts';

const old = {
  state: 'critical',
  hard: true,
  attempt: 2,
  output: 'full',
  since: 50,
  lastRun: 90,
  missing: [],
  error: null,
};

it.each<Json>([
  null,
  7,
  'ok',
  [],
  {},
  { state: 'ok' },
  { state: 'broken', output: '' },
  { state: 'ok', output: 3 },
])('refuses %j', (value) => {
  expect(readStatus(value)).toBeUndefined();
});

it('takes the hard state of an older version for the last one that was told', () => {
  expect(readStatus(old)).toEqual({
    ...pendingStatus,
    ...old,
    hardState: 'critical',
    oldHardState: 'ok',
    hardSince: 50,
    problemSince: 50,
    episode: 1,
  });
});

it('takes the soft state of an older version for one that follows ok', () => {
  expect(readStatus({ ...old, hard: false })).toMatchObject({
    hard: false,
    hardState: 'ok',
    problemSince: null,
    pendingFor: 50,
  });
});

it('replaces what makes no sense', () => {
  const read = readStatus({
    ...old,
    attempt: -3,
    episode: 'many',
    since: 'yesterday',
    flapping: { is: true, history: 'abc' },
    perfdata: [{ label: 'a' }, 7],
    missing: ['a', 7],
    error: { code: 7 },
  });
  expect(read).toMatchObject({
    attempt: 1,
    episode: 1,
    since: null,
    flapping: pendingStatus.flapping,
    perfdata: [{ label: 'a' }],
    missing: ['a'],
    error: null,
  });
});
