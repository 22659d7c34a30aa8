import { readFileSync } from 'node:fs';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { collectIo } from './collect.ts';
import { isPartitionName } from './diskstats.ts';
import iostats from './index.ts';

const folder = new URL('./', import.meta.url);
const recorded = (name: string) => new URL(`testdata/${name}/`, folder);
const options = { exclude: ['loop*', 'ram*', 'zram*', 'fd*', 'sr*'] };
const never = () => Promise.reject(new Error('a second sample was not expected'));
const line = (name: string, counter: number) => `8 0 ${name}${` ${counter}`.repeat(11)}\n`;

async function twoRuns(host: string, elapsedMs: number) {
  const ctx = fixtureContext({ root: recorded(`${host}/first`), options });
  await collectIo(ctx, async (ms) => ctx.clock.advance(ms));
  ctx.clock.advance(elapsedMs);
  ctx.use(recorded(`${host}/second`));
  return collectIo(ctx, never);
}

describe('iostats', () => {
  const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8'));
  for (const test of complianceSuite('collector', folder, iostats, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);

  it('reads the 20 columns of linux 6.18, discards and flushes included', async () => {
    const tree = await twoRuns('linux-6.18', 10_000);
    expect(Object.keys(tree)).toEqual(['vda']);
    expect(tree.vda).toMatchObject({
      'reads/s': 1.9,
      'writes/s': 2.3,
      'reads_merged/s': 5.1,
      'writes_merged/s': 0.0,
      'read_bytes/s': 36864.0,
      'write_bytes/s': 2097971.2,
      'util%': 0.12,
      'discards/s': 0.2,
      'discard_bytes/s': 2097152.0,
      'flushes/s': 0.1,
      'r/s': 1.9,
      'w/s': 2.3,
      'rkB/s': 36.0,
      'wkB/s': 2048.8,
      'avgrq-sz': 992.76,
      'avgqu-sz': 0.0,
      await: 0.26,
      w_await: 0.35,
      svctm: 0.29,
      '%util': 0.12,
      in_progress: 0,
    });
  });

  it('reads the 18 columns of linux 4.19; nvme, mmc and dm are disks, their partitions are not', async () => {
    const tree = await twoRuns('linux-4.19', 5000);
    expect(Object.keys(tree)).toEqual(['nvme0n1', 'mmcblk0', 'dm-0']);
    expect(tree.nvme0n1).toEqual({
      'reads/s': 100,
      'reads_merged/s': 2,
      'writes/s': 20,
      'writes_merged/s': 0,
      'read_bytes/s': 4_096_000,
      'write_bytes/s': 819_200,
      'util%': 40,
      'discards/s': 2,
      'discards_merged/s': 0,
      'discard_bytes/s': 419_430.4,
      'rkB/s': 4000,
      'wkB/s': 800,
      'avgrq-sz': 80,
      'avgqu-sz': 0.2,
      await: 0.33,
      r_await: 0.2,
      w_await: 1,
      svctm: 3.33,
      'r/s': 100,
      'w/s': 20,
      'rrqm/s': 2,
      'wrqm/s': 0,
      '%util': 40,
      in_progress: 2,
      counters: {
        reads: 1500,
        reads_merged: 60,
        read_sectors: 120_000,
        read_ms: 500,
        writes: 2100,
        writes_merged: 100,
        write_sectors: 168_000,
        write_ms: 1700,
        busy_ms: 3500,
        queue_ms: 3000,
        discards: 20,
        discards_merged: 0,
        discard_sectors: 8192,
        discard_ms: 10,
      },
    });
    expect(tree.mmcblk0).toMatchObject({ 'reads/s': 0, await: 0, svctm: 0, 'util%': 0 });
  });

  it('reads the 14 columns of linux 2.6.18, and leaves out what a reset counter spoils', async () => {
    const tree = await twoRuns('linux-2.6.18', 2000);
    expect(Object.keys(tree)).toEqual(['sda', 'cciss/c0d0']);
    expect(tree.sda).toMatchObject({
      'reads/s': 50,
      'writes/s': 25,
      'util%': 50,
      await: 10,
      r_await: 5,
      w_await: 20,
    });
    expect(tree.sda).not.toHaveProperty(['discards/s']);
    const reset = tree['cciss/c0d0'] as object;
    expect(reset).toMatchObject({ 'writes/s': 5, w_await: 0.5, 'util%': 0 });
    for (const key of ['reads/s', 'r/s', 'read_bytes/s', 'await', 'r_await', 'svctm'])
      expect(reset).not.toHaveProperty([key]);
  });

  it('takes two samples in its first run and never claims over 100 % use', async () => {
    const ctx = fixtureContext({ files: { '/proc/diskstats': line('sda', 0) }, options });
    const tree = await collectIo(ctx, async (ms) => {
      ctx.clock.advance(ms);
      ctx.use(undefined, { '/proc/diskstats': line('sda', 201) });
    });
    expect(tree.sda).toMatchObject({ 'reads/s': 1005, 'util%': 100, '%util': 100 });
  });

  it('takes two samples when the previous run was a moment ago', async () => {
    const ctx = fixtureContext({ root: recorded('linux-4.19/first'), options });
    let pauses = 0;
    const pause = async (ms: number) => {
      ctx.clock.advance(ms);
      pauses++;
    };
    for (const sinceMs of [0, 5, 200]) {
      ctx.clock.advance(sinceMs);
      await collectIo(ctx, pause);
    }
    expect(pauses).toBe(2);
  });

  it('tells partitions by their names where /sys/block is missing', async () => {
    const text = ['sda', 'sda1', 'nvme0n1', 'nvme0n1p2', 'zram0'].map((name) => line(name, 1)).join('');
    const ctx = fixtureContext({ files: { '/proc/diskstats': text }, options });
    expect(Object.keys(await collectIo(ctx, async () => {}))).toEqual(['sda', 'nvme0n1']);
  });

  it('bounds what it keeps', async () => {
    const text = Array.from({ length: 401 }, (_, n) => line(`dm-${n}`, Number.MAX_SAFE_INTEGER)).join('');
    const ctx = fixtureContext({ files: { '/proc/diskstats': text }, options });
    expect(Object.keys(await collectIo(ctx, async () => {}))).toHaveLength(400);
    expect(JSON.stringify(ctx.state).length).toBeLessThan(256 * 1024);
    expect(ctx.logs[0]).toMatchObject({ level: 'warn', fields: { found: 401 } });
  });

  it.each<{ [path: string]: string }>([
    {},
    { '/proc/diskstats': '' },
    { '/proc/diskstats': '8 0 sda 1 2 3\n' },
    { '/proc/diskstats': `8 0 sda${' x'.repeat(11)}\n` },
    { '/proc/diskstats': line('loop0', 1) },
  ])('is not eligible on %j', async (files) => {
    expect((await runVerb(iostats, fixtureContext({ files, options }))).status).toBe('not-eligible');
  });

  it.each([
    ['sda', false],
    ['sda12', true],
    ['xvda1', true],
    ['hdb', false],
    ['nvme0n1', false],
    ['nvme0n1p1', true],
    ['mmcblk0', false],
    ['mmcblk0p2', true],
    ['md0', false],
    ['md127p1', true],
    ['dm-3', false],
    ['cciss/c0d0', false],
    ['cciss/c0d0p1', true],
  ])('says of %s: partition %s', (name, expected) => {
    expect(isPartitionName(name)).toBe(expected);
  });
});
