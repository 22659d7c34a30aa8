import { readFileSync } from 'node:fs';
import type { HandlerEvent, Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import log from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const event: HandlerEvent = {
  key: 'linux/check/load#42',
  type: 'problem',
  at: Date.UTC(2026, 0, 1, 12),
  node: 'web1',
  summary: 'linux/check/load is critical: load is 42',
  data: {
    check: 'linux/check/load',
    state: 'critical',
    old_state: 'ok',
    output: 'load is 42',
    notes: '',
    repeat: 0,
  },
};

describe('handler/log', () => {
  it.each(['debug', 'info', 'warn', 'error'] as const)('writes one line at level %s', async (level) => {
    const ctx = fixtureContext({ options: { level } });
    expect((await runVerb(log, ctx, event)).status).toBe('done');
    expect(ctx.logs).toEqual([
      {
        level,
        message: 'linux/check/load is critical: load is 42',
        fields: {
          check: 'linux/check/load',
          state: 'critical',
          old_state: 'ok',
          type: 'problem',
          key: 'linux/check/load#42',
        },
      },
    ]);
  });

  it('lets no data pass for a field of the event', async () => {
    const ctx = fixtureContext({ options: { level: 'info' as const } });
    await runVerb(log, ctx, { ...event, data: { key: 'forged', type: 'forged' } });
    expect(ctx.logs[0]?.fields).toEqual({ key: event.key, type: 'problem' });
  });

  it('writes an event without data', async () => {
    const ctx = fixtureContext({ options: { level: 'info' as const } });
    await runVerb(log, ctx, { ...event, type: 'test', data: {}, summary: '' });
    expect(ctx.logs).toEqual([
      {
        level: 'info',
        message: '',
        fields: { key: event.key, type: 'test' },
      },
    ]);
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('handler', folder, log, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
