import { describe, expect, it } from 'vitest';
import type { PluginEntry } from '../../../configuration/model.ts';
import { functionCaller } from '../../../core/host/function-calls.ts';
import { Registry } from '../../../core/host/registry.ts';
import type { Job, JobResult } from '../../../threads/protocol.ts';
import { done, failed, pluginEntry } from './host-bench.ts';

function functions(timeout?: string): PluginEntry {
  const entry = pluginEntry('functions/net');
  const signature = { summary: '', parameters: [], ...(timeout === undefined ? {} : { timeout }) };
  return {
    ...entry,
    manifest: { ...entry.manifest, kind: 'functions', functions: { check_tcp: signature } },
  };
}

function caller(entry: PluginEntry, result: JobResult) {
  const registry = new Registry();
  registry.replace([entry]);
  const jobs: Job[] = [];
  const call = functionCaller(registry, {
    async run(job) {
      jobs.push(job);
      return result;
    },
  });
  return { call, jobs, registry };
}

describe('functionCaller', () => {
  it('calls a function in a job thread and gives its value', async () => {
    const { call, jobs, registry } = caller(functions(), done(true));
    expect(await call('check_tcp', ['host', 80])).toEqual({ ok: true, value: true });
    expect(jobs).toMatchObject([
      { type: 'call', plugin: 'functions/net', object: 'check_tcp', args: ['host', 80] },
    ]);
    expect(registry.figures('functions/net')).toMatchObject({ runs: 1, errors: 0 });
  });

  it.each([
    [undefined, 10_000],
    ['250ms', 250],
    ['3s', 3000],
    ['2m', 120_000],
    ['soon', 10_000],
  ])('takes the timeout %s of the manifest as %s ms', async (text, timeoutMs) => {
    const { call, jobs } = caller(functions(text), done(null));
    await call('check_tcp', []);
    expect(jobs[0]?.timeoutMs).toBe(timeoutMs);
  });

  it('gives the error of a call that failed, and counts it', async () => {
    const { call, registry } = caller(functions(), failed('OPSBRO_PLUGIN_TIMEOUT'));
    expect(await call('check_tcp', [])).toMatchObject({
      ok: false,
      error: { code: 'OPSBRO_PLUGIN_TIMEOUT' },
    });
    expect(registry.figures('functions/net')).toMatchObject({ runs: 1, errors: 1, timeouts: 1 });
  });

  it('refuses a function that is not there, or has no code', async () => {
    const unknown = { ok: false, error: { code: 'OPSBRO_EXPRESSION_UNKNOWN_FUNCTION' } };
    expect(await caller(functions(), done(1)).call('nothing', [])).toMatchObject(unknown);
    expect(await caller({ ...functions(), module: null }, done(1)).call('check_tcp', [])).toMatchObject(
      unknown,
    );
  });

  it('makes a function that is not eligible here a failure with its reason', async () => {
    const { call } = caller(functions(), {
      ...done(null),
      status: 'not-eligible',
      reason: 'no such tool',
      state: null,
    });
    expect(await call('check_tcp', [])).toMatchObject({
      ok: false,
      error: { code: 'OPSBRO_EXPRESSION_FUNCTION', message: 'no such tool' },
    });
  });
});
