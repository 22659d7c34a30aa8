import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureContext, runVerb } from 'opsbro/sdk/testing';
import plugin from './index.ts';

const root = new URL('testdata/', import.meta.url);
const options = { group: 'ipv6' };

test('finds an address that others can reach', async () => {
  const outcome = await runVerb(plugin, fixtureContext({ root: new URL('two-addresses/', root), options }));
  assert.deepEqual(outcome, { status: 'done', value: ['ipv6'] });
});

test('does not count the loopback', async () => {
  const outcome = await runVerb(plugin, fixtureContext({ root: new URL('loopback/', root), options }));
  assert.deepEqual(outcome, { status: 'done', value: [] });
});

test('has nothing to do without IPv6', async () => {
  const outcome = await runVerb(plugin, fixtureContext({ options }));
  assert.deepEqual(outcome, { status: 'not-eligible', reason: 'this kernel has no IPv6' });
});
