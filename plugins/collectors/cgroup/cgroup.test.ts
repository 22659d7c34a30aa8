import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, runVerb, testClock } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseCount, parseKeyed, parseLimit, smallest } from './figures.ts';
import cgroup from './index.ts';
import { directoriesOf, parseMembership } from './membership.ts';
import { parseCpuMax } from './version2.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

const docker = new URL('testdata/docker-linux-6.8/', folder);

describe('parseMembership', () => {
  it('reads both versions, and controllers that share a hierarchy', () => {
    const membership = parseMembership('4:cpuacct,cpu:/a:b\n1:name=systemd:/s\n0::/u\n');
    expect(membership.unified).toBe('/u');
    expect({ ...membership.controllers }).toEqual({ cpu: '/a:b', cpuacct: '/a:b', 'name=systemd': '/s' });
  });

  it.each(['', 'x', '4:memory', '4:memory:relative', '::/'])('reads nothing from %j', (text) => {
    expect({ ...parseMembership(text).controllers }).toEqual({});
    expect(parseMembership(text).unified).toBeUndefined();
  });
});

describe('directoriesOf', () => {
  it.each([
    ['/', ['/m']],
    ['/a/b', ['/m/a/b', '/m/a', '/m']],
    ['/../outside', ['/m']],
    ['//a/', ['/m/a', '/m']],
  ])('walks up from %s', (path, directories) => expect(directoriesOf('/m', path)).toEqual(directories));

  it('walks at most sixteen groups', () => {
    expect(directoriesOf('/m', '/x'.repeat(1000))).toHaveLength(16);
  });
});

describe('numbers', () => {
  it.each([
    ['12\n', 12, 12],
    ['0', 0, 0],
    ['max\n', undefined, undefined],
    ['-1\n', undefined, undefined],
    ['1152921504606846976', 2 ** 60, undefined],
    ['9223372036854771712', Number('9223372036854771712'), undefined],
    ['', undefined, undefined],
    [undefined, undefined, undefined],
  ])('reads %j as count %j and limit %j', (text, count, limit) => {
    expect(parseCount(text)).toBe(count);
    expect(parseLimit(text)).toBe(limit);
  });

  it.each([
    ['150000 100000\n', 1.5],
    ['max 100000\n', undefined],
    ['150000', undefined],
    ['150000 0', undefined],
    ['', undefined],
  ])('reads cpu.max %j as %j cores', (text, cores) => expect(parseCpuMax(text)).toBe(cores));

  it('reads files of keys and values, and leaves out other lines', () => {
    expect([...parseKeyed('a 1\nb two\n\nc\nd 4')]).toEqual([
      ['a', 1],
      ['d', 4],
    ]);
    expect(parseKeyed(undefined).size).toBe(0);
  });

  it('takes the smallest limit that exists', () => {
    expect(smallest([undefined, 5, 3])).toBe(3);
    expect(smallest([undefined])).toBeUndefined();
  });
});

describe('collector/cgroup', () => {
  it.each([
    [
      'docker-linux-6.8',
      {
        version: 2,
        path: '/',
        memory: {
          usage: 209715200,
          working_set: 157286400,
          swap: 1048576,
          limited: true,
          limit: 536870912,
          pct_used: 29.3,
        },
        cpu: {
          usage_us: 5000000,
          pct_used: 0,
          limited: true,
          limit_cores: 1.5,
          pct_of_limit: 0,
          periods: 100,
          throttled: 10,
          throttled_us: 250000,
          pct_throttled: 0,
        },
        pids: { current: 25, limited: true, limit: 100, pct_used: 25 },
      },
    ],
    [
      'systemd-service-linux-5.10',
      {
        version: 2,
        path: '/system.slice/opsbro.service',
        memory: {
          usage: 125829120,
          working_set: 104857600,
          swap: 0,
          limited: true,
          limit: 8589934592,
          pct_used: 1.22,
        },
        cpu: {
          usage_us: 7200000,
          pct_used: 0,
          limited: false,
          pct_of_limit: 0,
          periods: 0,
          throttled: 0,
          throttled_us: 0,
          pct_throttled: 0,
        },
        pids: { current: 22, limited: true, limit: 4915, pct_used: 0.45 },
      },
    ],
    [
      'hybrid-linux-6.18',
      {
        version: 1,
        path: '/box/one',
        memory: {
          usage: 1073741824,
          working_set: 805306368,
          swap: 0,
          limited: true,
          limit: 4294967296,
          pct_used: 18.75,
        },
        cpu: {
          usage_us: 81234567,
          pct_used: 0,
          limited: false,
          pct_of_limit: 0,
          periods: 0,
          throttled: 0,
          throttled_us: 0,
          pct_throttled: 0,
        },
      },
    ],
    [
      'docker-linux-3.10',
      {
        version: 1,
        path: '/docker/4f1a',
        memory: {
          usage: 104857600,
          working_set: 104857600,
          swap: 10485760,
          limited: true,
          limit: 268435456,
          pct_used: 39.06,
        },
        cpu: {
          usage_us: 2000000,
          pct_used: 0,
          limited: true,
          limit_cores: 0.5,
          pct_of_limit: 0,
          periods: 40,
          throttled: 8,
          throttled_us: 1500000,
          pct_throttled: 0,
        },
        pids: { current: 7, limited: false, pct_used: 0 },
      },
    ],
  ])('yields limits and use on %s', async (host, value) => {
    const root = new URL(`testdata/${host}/`, folder);
    expect(await runVerb(cgroup, fixtureContext({ root }))).toEqual({ status: 'done', value });
  });

  it('measures CPU and throttling between two runs', async () => {
    const clock = testClock();
    const ctx = fixtureContext({ root: docker, clock });
    await runVerb(cgroup, ctx);
    clock.advance(10_000);
    const stat = 'usage_usec 11000000\nnr_periods 200\nnr_throttled 35\nthrottled_usec 900000\n';
    ctx.use(docker, { '/sys/fs/cgroup/cpu.stat': stat });
    expect(await runVerb(cgroup, ctx)).toMatchObject({
      value: { cpu: { pct_used: 60, pct_of_limit: 40, pct_throttled: 25, throttled: 35 } },
    });
  });

  it.each([
    [
      'the counters went backwards',
      { '/sys/fs/cgroup/cpu.stat': 'usage_usec 5\nnr_periods 1\nnr_throttled 0\n' },
    ],
    [
      'the agent was moved to another group',
      { '/proc/self/cgroup': '0::/new\n', '/sys/fs/cgroup/new/cpu.stat': 'usage_usec 9000000000\n' },
    ],
  ])('gives no rate when %s', async (_, files) => {
    const clock = testClock();
    const ctx = fixtureContext({ root: docker, clock });
    await runVerb(cgroup, ctx);
    clock.advance(10_000);
    ctx.use(docker, files);
    expect(await runVerb(cgroup, ctx)).toMatchObject({
      value: { cpu: { pct_used: 0, pct_of_limit: 0, pct_throttled: 0 } },
    });
  });

  it.each([
    ['the kernel has no control groups', {}],
    ['none accounts for the agent', { '/proc/self/cgroup': '0::/\n' }],
    ['its files are empty', { '/proc/self/cgroup': '', '/sys/fs/cgroup/cgroup.controllers': '' }],
  ])('is not eligible when %s', async (_, files) => {
    expect((await runVerb(cgroup, fixtureContext({ files }))).status).toBe('not-eligible');
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('collector', folder, cgroup, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
