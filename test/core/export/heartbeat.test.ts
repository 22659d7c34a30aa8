import { expect, it } from 'vitest';
import { Heartbeat } from '../../../core/export/heartbeat.ts';
import { Registry } from '../../../core/host/registry.ts';
import type { Job, JobResult } from '../../../threads/protocol.ts';

/** A heartbeat whose jobs end when the test says so. */
function rig(intervalMs: number | null) {
  const jobs: { job: Job; end(error?: string): Promise<void> }[] = [];
  const lines: string[] = [];
  const line = (message: string, fields?: { reason?: unknown }) =>
    void lines.push([message, fields?.reason].filter(Boolean).join(': '));
  const registry = new Registry();
  const manifest = { api: 1, kind: 'exporter', name: 'heartbeat', summary: 'x' } as const;
  const entry = { manifest, folder: '', origin: 'shipped', approval: 'shipped', digest: '' } as const;
  registry.replace([{ id: 'exporter/heartbeat', module: '/m.js', ...entry }]);
  const pool = {
    run: (job: Job) =>
      new Promise<JobResult>((resolve) => {
        const common = { logs: [], logsDropped: 0, heapUsedBytes: 0, durationMs: 1, state: null };
        const end = async (message?: string) => {
          const failed = { status: 'failed', error: { code: 'OPSBRO_PLUGIN_FAILED', message } };
          const done = { status: 'done', value: null };
          resolve({ ...common, ...(message === undefined ? done : failed) } as unknown as JobResult);
          await new Promise(setImmediate);
        };
        jobs.push({ job, end });
      }),
  };
  const settings = { now: intervalMs === null ? null : { intervalMs, options: { url: 'http://x/' } } };
  const log = { debug: line, info: line, warn: line, error: line };
  return { heartbeat: new Heartbeat({ log, pool, registry }, () => settings.now), jobs, lines, settings };
}

it('calls once an interval, while ticks come', async () => {
  const { heartbeat, jobs } = rig(60_000);
  for (let now = 1000; now <= 121_000; now += 1000) {
    heartbeat.tick(now);
    await jobs.at(-1)?.end();
  }
  expect(jobs).toHaveLength(3);
  expect(jobs[0]?.job).toMatchObject({ type: 'export', module: '/m.js', options: { url: 'http://x/' } });
});

it('waits for a call that hangs instead of making another', async () => {
  const { heartbeat, jobs } = rig(1000);
  for (let now = 1000; now <= 9000; now += 1000) heartbeat.tick(now);
  expect(jobs).toHaveLength(1);
  await jobs[0]?.end();
  heartbeat.tick(10_000);
  expect(jobs).toHaveLength(2);
});

it('is silent without a setting, and follows one that comes', () => {
  const { heartbeat, jobs, settings } = rig(null);
  heartbeat.tick(1000);
  expect(jobs).toHaveLength(0);
  settings.now = { intervalMs: 1000, options: { url: 'http://y/' } };
  heartbeat.tick(2000);
  expect(jobs).toHaveLength(1);
});

it('tells once that it does not get through, and once that it does again', async () => {
  const { heartbeat, jobs, lines } = rig(1000);
  for (const [index, error] of ['down', 'down', undefined, undefined].entries()) {
    heartbeat.tick((index + 1) * 1000);
    await jobs[index]?.end(error);
  }
  expect(lines).toEqual(['the heartbeat does not get through: down', 'the heartbeat gets through again']);
});
