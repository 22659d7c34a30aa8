import { readFileSync } from 'node:fs';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import memory from './index.ts';
import { parseMeminfo, summarise } from './meminfo.ts';

const folder = new URL('./', import.meta.url);
const run = (host: string) => runVerb(memory, fixtureContext({ root: new URL(`testdata/${host}/`, folder) }));

describe('memory', () => {
  const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8'));
  for (const test of complianceSuite('collector', folder, memory, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);

  it('reads linux 6.18', async () => {
    expect(await run('linux-6.18')).toEqual({ status: 'done', value: expected618 });
  });

  it('reads linux 2.6.18, which knows neither MemAvailable nor SReclaimable', async () => {
    const outcome = await run('linux-2.6.18');
    expect(outcome).toMatchObject({
      status: 'done',
      value: {
        phys_total: 1_035_320,
        phys_free: 535_320,
        phys_used: 48.29,
        available: 535_320,
        available_pct: 51.71,
        swap_total: 2_097_144,
        swap_free: 1_572_858,
        swap_used: 25,
        hugepages_used: 60,
        committed_pct: 30.6,
        highfree: 248,
        hugepages_total: 10,
      },
    });
    expect(outcome).not.toHaveProperty('value.memavailable');
  });

  it.each([
    ['is missing', {}],
    ['is empty', { '/proc/meminfo': '' }],
    ['is cut short', { '/proc/meminfo': 'MemTotal:' }],
    ['claims no memory', { '/proc/meminfo': 'MemTotal: 0 kB\nMemFree: 0 kB\n' }],
  ])('is not eligible when /proc/meminfo %s', async (_, files) => {
    expect((await runVerb(memory, fixtureContext({ files }))).status).toBe('not-eligible');
  });

  it('leaves out lines it cannot read', () => {
    expect(parseMeminfo('MemTotal: 10 kB\nbroken\n: 3\nMemFree: x kB\n\nA:-\nActive(anon):   7 kB')).toEqual({
      memtotal: 10,
      'active(anon)': 7,
    });
  });

  it('never says that less than nothing is used', () => {
    expect(summarise({ memtotal: 100, memfree: 90, cached: 30 })).toMatchObject({
      phys_used: 0,
      phys_free: 100,
    });
  });
});

const expected618 = {
  phys_total: 24684096,
  phys_free: 24312276,
  phys_used: 1.51,
  available: 23985988,
  available_pct: 97.17,
  swap_total: 0,
  swap_free: 0,
  swap_used: 0,
  hugepages_used: 0,
  committed_pct: 8.29,
  memtotal: 24684096,
  memfree: 23810392,
  memavailable: 23985988,
  buffers: 2696,
  cached: 401840,
  swapcached: 0,
  active: 304008,
  inactive: 257512,
  'active(anon)': 25804,
  'inactive(anon)': 200624,
  'active(file)': 278204,
  'inactive(file)': 56888,
  unevictable: 21504,
  mlocked: 20628,
  swaptotal: 0,
  swapfree: 0,
  zswap: 0,
  zswapped: 0,
  dirty: 608,
  writeback: 0,
  anonpages: 178464,
  mapped: 120312,
  shmem: 69440,
  kreclaimable: 97348,
  slab: 123952,
  sreclaimable: 97348,
  sunreclaim: 26604,
  kernelstack: 2400,
  pagetables: 4500,
  secpagetables: 0,
  nfs_unstable: 0,
  bounce: 0,
  writebacktmp: 0,
  commitlimit: 12342048,
  committed_as: 1022636,
  vmalloctotal: 34359738367,
  vmallocused: 15276,
  vmallocchunk: 0,
  percpu: 664,
  anonhugepages: 0,
  shmemhugepages: 0,
  shmempmdmapped: 0,
  filehugepages: 0,
  filepmdmapped: 0,
  balloon: 0,
  hugepages_total: 0,
  hugepages_free: 0,
  hugepages_rsvd: 0,
  hugepages_surp: 0,
  hugepagesize: 2048,
  hugetlb: 0,
  directmap4k: 28672,
  directmap2m: 2068480,
  directmap1g: 25165824,
};
