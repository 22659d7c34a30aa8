import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureContext, runVerb, testEvent } from 'opsbro/sdk/testing';
import plugin from './index.ts';

const url = 'http://127.0.0.1:8080/events';
const options = { url, fields: { team: 'web' } };

test('sends what happened', async () => {
  const ctx = fixtureContext({ options, http: { [`POST ${url}`]: { status: 202 } } });
  await runVerb(plugin, ctx, testEvent('problem'));
  assert.deepEqual(JSON.parse(ctx.requests[0]?.body ?? ''), {
    team: 'web',
    key: 'web1/linux/check/load/7/problem',
    node: 'web1',
    type: 'problem',
    text: 'check load is CRITICAL (was OK): load is 42',
    state: 'critical',
  });
});

test('fails when the service does, so that the agent tries again', async () => {
  const ctx = fixtureContext({ options, http: { [`POST ${url}`]: { status: 503 } } });
  await assert.rejects(runVerb(plugin, ctx, testEvent('recovery')), /the service answered 503/);
});
