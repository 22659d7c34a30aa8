import { readFileSync } from 'node:fs';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { collectCpu } from './collect.ts';
import cpustats from './index.ts';
import { parseStat } from './stat.ts';

const folder = new URL('./', import.meta.url);
const recorded = (name: string) => new URL(`testdata/${name}/`, folder);
const never = () => Promise.reject(new Error('a second sample was not expected'));

async function twoRuns(host: string, elapsedMs: number) {
  const ctx = fixtureContext({ root: recorded(`${host}/first`) });
  await collectCpu(ctx, async (ms) => ctx.clock.advance(ms));
  ctx.clock.advance(elapsedMs);
  ctx.use(recorded(`${host}/second`));
  return collectCpu(ctx, never);
}

describe('cpustats', () => {
  const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8'));
  for (const test of complianceSuite('collector', folder, cpustats, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);

  it('gives true percentages since the previous run on linux 6.18', async () => {
    const tree = await twoRuns('linux-6.18', 10_000);
    const zero = { '%nice': 0, '%iowait': 0, '%irq': 0, '%steal': 0, '%guest': 0, '%guest_nice': 0 };
    expect(tree).toMatchObject({
      cpu_all: { ...zero, '%user': 0.15, '%system': 0.25, '%idle': 99.6, '%softirq': 0 },
      cpu0: { ...zero, '%user': 0, '%system': 0.4, '%idle': 99.5, '%softirq': 0.1 },
      cpu1: { ...zero, '%user': 0.2, '%system': 0.1, '%idle': 99.7, '%softirq': 0 },
    });
    expect(tree.cpuall).toEqual(tree.cpu_all);
  });

  it.each([
    [10_000, 'at 100 ticks a second'],
    [4000, 'at 250 ticks a second'],
  ])('gives the same percentages on linux 2.6.18 whatever the tick rate (%i ms, %s)', async (elapsedMs) => {
    const all = {
      '%user': 25,
      '%nice': 0,
      '%system': 12.5,
      '%idle': 50,
      '%iowait': 5,
      '%irq': 0,
      '%softirq': 2.5,
      '%steal': 5,
      '%guest': 0,
      '%guest_nice': 0,
    };
    const none = Object.fromEntries(Object.keys(all).map((key) => [key, 0]));
    expect(await twoRuns('linux-2.6.18', elapsedMs)).toEqual({
      cpu_all: all,
      cpuall: all,
      cpu0: { ...none, '%user': 55.56, '%system': 27.78, '%iowait': 11.11, '%steal': 5.56 },
      cpu1: { ...none, '%idle': 90.91, '%softirq': 4.55, '%steal': 4.55 },
      ticks: {
        user: 10500,
        nice: 200,
        system: 3250,
        idle: 81000,
        iowait: 600,
        irq: 40,
        softirq: 110,
        steal: 100,
        guest: 0,
        guest_nice: 0,
      },
    });
  });

  it.each([
    ['in its first run', {}],
    [
      'after a restart of the agent',
      { sample: { monotonicMs: 999_999, wallMs: 0, counters: { 'cpu_all.0': 1 } } },
    ],
    ['after nonsense in the state', { sample: 'x' }],
  ])('gives the shares since boot %s', async (_, state) => {
    const ctx = fixtureContext({ files: { '/proc/stat': 'cpu 10 0 30 60 0 0 0 0 0 0\n' }, state });
    expect((await collectCpu(ctx, never)).cpu_all).toMatchObject({ '%user': 10, '%system': 30, '%idle': 60 });
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
      await collectCpu(ctx, pause);
    }
    expect(pauses).toBe(1);
  });

  it('gives up when its signal fires between the samples', async () => {
    const ctx = fixtureContext({ root: recorded('linux-2.6.18/first') });
    await collectCpu(ctx, never);
    ctx.clock.advance(5);
    await expect(collectCpu(ctx, async () => ctx.abort())).rejects.toThrow('aborted');
  });

  it('leaves out a share whose counter went backwards, never a negative one', async () => {
    const at = (iowait: number, idle: number) => ({
      '/proc/stat': `cpu 10 0 10 ${idle} ${iowait} 0 0 0 0 0\n`,
    });
    const ctx = fixtureContext({ files: at(500, 100) });
    await collectCpu(ctx, async (ms) => ctx.clock.advance(ms));
    ctx.clock.advance(10_000);
    ctx.use(undefined, at(499, 200));
    const tree = await collectCpu(ctx, never);
    expect(tree.cpu_all).not.toHaveProperty('%iowait');
    expect(tree.cpu_all).toMatchObject({ '%idle': 100, '%user': 0 });
  });

  it('counts the time of guests once', async () => {
    const at = (user: number, guest: number) => ({ '/proc/stat': `cpu ${user} 0 0 0 0 0 0 0 ${guest} 0\n` });
    const ctx = fixtureContext({ files: at(100, 0) });
    await collectCpu(ctx, async (ms) => ctx.clock.advance(ms));
    ctx.clock.advance(10_000);
    ctx.use(undefined, at(200, 75));
    expect((await collectCpu(ctx, never)).cpu_all).toMatchObject({ '%user': 25, '%guest': 75 });
  });

  it.each([
    ['is missing', {}],
    ['is empty', { '/proc/stat': '' }],
    ['has no cpu line', { '/proc/stat': 'intr 1 2 3\n' }],
    ['has only half a line', { '/proc/stat': 'cpu  10 20' }],
    ['has no numbers', { '/proc/stat': 'cpu a b c d\n' }],
  ])('is not eligible when /proc/stat %s', async (_, files) => {
    const outcome = await runVerb(cpustats, fixtureContext({ files }));
    expect(outcome.status).toBe('not-eligible');
  });

  it('reads the head of the file only and drops a line cut short', () => {
    expect([...parseStat('cpu 1 2 3 4\ncpu0 1 2\ncpu1 1 2 3 4 5\nintr 7\ncpu2 1 2 3 4\n').keys()]).toEqual([
      'cpu_all',
      'cpu1',
    ]);
  });
});
