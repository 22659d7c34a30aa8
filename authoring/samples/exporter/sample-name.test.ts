import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureContext, runVerb, testFacts } from 'opsbro/sdk/testing';
import plugin from './index.ts';

const options = { host: '127.0.0.1', port: 2003, prefix: 'opsbro' };

test('sends the numbers and nothing else', async () => {
  const ctx = fixtureContext({ options, tcp: { '127.0.0.1:2003': { says: [] } } });
  await runVerb(plugin, ctx, testFacts({ samples: { disk: { '/var': { used: 42, kind: 'ext4' } } } }));
  assert.deepEqual(ctx.written, ['opsbro.web1.disk._var.used 42 1767268800\n']);
});

test('fails when nobody listens', async () => {
  await assert.rejects(runVerb(plugin, fixtureContext({ options }), testFacts()), {
    code: 'OPSBRO_HOST_NETWORK',
  });
});
