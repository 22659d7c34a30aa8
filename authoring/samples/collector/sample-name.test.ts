import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureContext, runVerb } from 'opsbro/sdk/testing';
import plugin from './index.ts';

const root = new URL('testdata/debian-12/', import.meta.url);

test('counts the open files', async () => {
  const outcome = await runVerb(plugin, fixtureContext({ root, options: { percent: true } }));
  assert.deepEqual(outcome, { status: 'done', value: { used: 1859, max: 3718, used_percent: 50 } });
});

test('leaves the share out where it is not wanted', async () => {
  const outcome = await runVerb(plugin, fixtureContext({ root, options: { percent: false } }));
  assert.deepEqual(outcome, { status: 'done', value: { used: 1859, max: 3718 } });
});

test('fails on a file that is none', async () => {
  const files = { '/proc/sys/fs/file-nr': 'nonsense\n' };
  await assert.rejects(
    runVerb(plugin, fixtureContext({ files, options: { percent: true } })),
    /not a file-nr/,
  );
});
