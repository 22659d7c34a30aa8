import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureContext, runFunction } from 'opsbro/sdk/testing';
import plugin from './index.ts';

test('counts lines that say something', async () => {
  const ctx = fixtureContext({ root: new URL('testdata/', import.meta.url) });
  assert.equal(await runFunction(plugin, 'sample_name', ctx, '/etc/passwd'), 2);
});

test('fails on a file that is not there', async () => {
  await assert.rejects(runFunction(plugin, 'sample_name', fixtureContext(), '/etc/group'), {
    code: 'OPSBRO_HOST_NOT_FOUND',
  });
});
