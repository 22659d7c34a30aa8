import { readFileSync } from 'node:fs';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { collectKernel } from './collect.ts';
import { parseCounters } from './counters.ts';
import kernelstats from './index.ts';

const folder = new URL('./', import.meta.url);
const recorded = (name: string) => new URL(`testdata/${name}/`, folder);
const never = () => Promise.reject(new Error('a second sample was not expected'));

async function twoRuns(host: string, elapsedMs: number) {
  const ctx = fixtureContext({ root: recorded(`${host}/first`) });
  await collectKernel(ctx, async (ms) => ctx.clock.advance(ms));
  ctx.clock.advance(elapsedMs);
  ctx.use(recorded(`${host}/second`));
  return collectKernel(ctx, never);
}

describe('kernelstats', () => {
  const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8'));
  for (const test of complianceSuite('collector', folder, kernelstats, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);

  it('keeps raw counters beside rates on linux 6.18', async () => {
    const tree = await twoRuns('linux-6.18', 2000);
    expect(tree).toMatchObject({
      ctxt: 107_357_848,
      'ctxt/s': 553.5,
      processes: 16_018,
      'processes/s': 31.5,
      'intr/s': 371.5,
      'pgfault/s': 10_567,
      'pgmajfault/s': 0.5,
      'pgpgin/s': 40,
      'pswpin/s': 0,
      oom_kill: 0,
    });
    expect(Object.keys(tree)).toHaveLength(192 + 6 + 9);
  });

  it('reads linux 2.6.18', async () => {
    expect(await twoRuns('linux-2.6.18', 2500)).toEqual({
      intr: 1_002_500,
      ctxt: 2_005_000,
      btime: 1_200_000_000,
      processes: 5025,
      procs_running: 3,
      procs_blocked: 0,
      nr_anon_pages: 97_500,
      nr_mapped: 15_000,
      nr_file_pages: 100_000,
      nr_slab: 17_500,
      nr_page_table_pages: 1250,
      nr_dirty: 23,
      nr_writeback: 0,
      nr_unstable: 0,
      nr_bounce: 0,
      pgpgin: 400_040,
      pgpgout: 800_000,
      pswpin: 10,
      pswpout: 270,
      pgfree: 9_000_000,
      pgactivate: 50_000,
      pgdeactivate: 10_000,
      pgfault: 7_010_000,
      pgmajfault: 3001,
      'ctxt/s': 2000,
      'processes/s': 10,
      'intr/s': 1000,
      'pgfault/s': 4000,
      'pgmajfault/s': 0.4,
      'pgpgin/s': 16,
      'pgpgout/s': 0,
      'pswpin/s': 0,
      'pswpout/s': 100,
    });
  });

  it('takes two samples in its first run', async () => {
    const ctx = fixtureContext({ files: { '/proc/stat': 'ctxt 100\n' } });
    const tree = await collectKernel(ctx, async (ms) => {
      ctx.clock.advance(ms);
      ctx.use(undefined, { '/proc/stat': 'ctxt 150\n' });
    });
    expect(tree).toEqual({ ctxt: 150, 'ctxt/s': 250 });
  });

  it('takes two samples when the previous run was a moment ago', async () => {
    const ctx = fixtureContext({ root: recorded('linux-2.6.18/first') });
    let pauses = 0;
    const pause = async (ms: number) => {
      ctx.clock.advance(ms);
      pauses++;
    };
    for (const sinceMs of [0, 5, 200]) {
      ctx.clock.advance(sinceMs);
      await collectKernel(ctx, pause);
    }
    expect(pauses).toBe(2);
  });

  it('gives no rate for a counter that went backwards', async () => {
    const ctx = fixtureContext({ files: { '/proc/stat': 'ctxt 100\nprocesses 5\n' } });
    await collectKernel(ctx, async (ms) => ctx.clock.advance(ms));
    ctx.clock.advance(1000);
    ctx.use(undefined, { '/proc/stat': 'ctxt 99\nprocesses 6\n' });
    expect(await collectKernel(ctx, never)).toEqual({ ctxt: 99, processes: 6, 'processes/s': 1 });
  });

  it.each<{ [path: string]: string }>([
    {},
    { '/proc/stat': '', '/proc/vmstat': '' },
    { '/proc/stat': 'cpu 1 2 3\nctxt' },
    { '/proc/vmstat': '\n\n \n' },
  ])('is not eligible on %j', async (files) => {
    expect((await runVerb(kernelstats, fixtureContext({ files }))).status).toBe('not-eligible');
  });

  it('passes over what is not one number', () => {
    expect(parseCounters('intr 7 1 2\nsoftirq 7 1\na -1\nb 1e3\nc 0x1\nd\n 5\ne 5\ncut 12')).toEqual({
      intr: 7,
      e: 5,
    });
  });
});
