import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureContext, runVerb } from 'opsbro/sdk/testing';
import plugin from './index.ts';

const root = new URL('testdata/debian-12/', import.meta.url);

for (const [warning, critical, state] of [
  ['10m', undefined, 'ok'],
  ['20m', '15m', 'warning'],
  ['1h', '30m', 'critical'],
] as const)
  test(`is ${state} after 1000 seconds with ${warning} and ${critical}`, async () => {
    const options = critical === undefined ? { warning } : { warning, critical };
    const outcome = await runVerb(plugin, fixtureContext({ root, options }));
    assert.deepEqual(outcome, {
      status: 'done',
      value: { state, output: 'started 1000 seconds ago', metrics: { uptime: { value: 1000, unit: 's' } } },
    });
  });
