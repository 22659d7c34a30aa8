import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, runVerb, testClock } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import pressure from './index.ts';
import { parsePressure, percentStalled } from './stall.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const debian = new URL('testdata/debian-12-linux-6.18/', folder);

describe('parsePressure', () => {
  const some = { avg10: 1.5, avg60: 2, avg300: 0, total: 42 };
  it.each([
    [
      'both lines',
      'some avg10=1.50 avg60=2.00 avg300=0.00 total=42\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
      { some, full: { avg10: 0, avg60: 0, avg300: 0, total: 0 } },
    ],
    ['one line without an end', 'some avg10=1.50 avg60=2.00 avg300=0.00 total=42', { some }],
    ['nothing', '', {}],
    ['a cut line', 'some avg10=1.50 avg60=2.0', {}],
    ['what is no number', 'some avg10=1.2.3 avg60=2.00 avg300=0.00 total=42', {}],
    ['an unknown line', 'most avg10=1.50 avg60=2.00 avg300=0.00 total=42', {}],
  ])('reads %s', (_, text, pressure) => expect(parsePressure(text)).toEqual(pressure));
});

describe('percentStalled', () => {
  const stall = { avg10: 7, avg60: 0, avg300: 0, total: 5_000_000 };
  it.each([
    ['half of the time', 5_000_000, 10, 50],
    ['at most 100 %', 11_000_000, 10, 100],
    ['no stall', 0, 10, 0],
    ["the kernel's average without a change", undefined, 10, 7],
    ["the kernel's average when no time passed", 5, 0, 7],
  ])('gives %s', (_, grown, seconds, percent) => expect(percentStalled(stall, grown, seconds)).toBe(percent));
});

describe('collector/pressure', () => {
  it('yields averages and counters of a current kernel', async () => {
    expect(await runVerb(pressure, fixtureContext({ root: debian }))).toEqual({
      status: 'done',
      value: {
        cpu: {
          some: { avg10: 15.31, avg60: 7.67, avg300: 2.32, total: 19824368, pct_stalled: 15.31 },
          full: { avg10: 0, avg60: 0, avg300: 0, total: 0, pct_stalled: 0 },
        },
        io: {
          some: { avg10: 0, avg60: 0.04, avg300: 0.01, total: 3277102, pct_stalled: 0 },
          full: { avg10: 0, avg60: 0.02, avg300: 0, total: 2942703, pct_stalled: 0 },
        },
        memory: {
          some: { avg10: 0, avg60: 0, avg300: 0, total: 0, pct_stalled: 0 },
          full: { avg10: 0, avg60: 0, avg300: 0, total: 0, pct_stalled: 0 },
        },
      },
    });
  });

  it('yields what a kernel has that knows no full pressure of the CPU', async () => {
    const root = new URL('testdata/ubuntu-20.04-linux-5.4/', folder);
    const idle = { avg10: 0, avg60: 0, avg300: 0, pct_stalled: 0 };
    expect(await runVerb(pressure, fixtureContext({ root }))).toEqual({
      status: 'done',
      value: {
        cpu: { some: { avg10: 2.04, avg60: 0.75, avg300: 0.4, total: 157622151, pct_stalled: 2.04 } },
        io: {
          some: { ...idle, avg60: 0.08, avg300: 0.11, total: 98435901 },
          full: { ...idle, avg60: 0.06, avg300: 0.07, total: 80223104 },
        },
        memory: { some: { ...idle, total: 4034 }, full: { ...idle, total: 1012 } },
      },
    });
  });

  it('yields the pressure of interrupts where the kernel measures it', async () => {
    const root = new URL('testdata/irq-linux-6.6/', folder);
    expect(await runVerb(pressure, fixtureContext({ root }))).toEqual({
      status: 'done',
      value: { irq: { full: { avg10: 0.12, avg60: 0.03, avg300: 0.01, total: 881231, pct_stalled: 0.12 } } },
    });
  });

  it('measures the share of the time between two runs', async () => {
    const clock = testClock();
    const ctx = fixtureContext({ root: debian, clock });
    await runVerb(pressure, ctx);
    clock.advance(10_000);
    ctx.use(debian, { '/proc/pressure/cpu': 'some avg10=1.00 avg60=1.00 avg300=1.00 total=22324368\n' });
    expect(await runVerb(pressure, ctx)).toMatchObject({
      value: { cpu: { some: { avg10: 1, pct_stalled: 25 } }, io: { some: { pct_stalled: 0 } } },
    });
  });

  it('gives no negative share when the counters went backwards', async () => {
    const clock = testClock();
    const ctx = fixtureContext({ root: debian, clock });
    await runVerb(pressure, ctx);
    clock.advance(10_000);
    ctx.use(debian, { '/proc/pressure/cpu': 'some avg10=3.00 avg60=1.00 avg300=1.00 total=5\n' });
    expect(await runVerb(pressure, ctx)).toMatchObject({ value: { cpu: { some: { pct_stalled: 3 } } } });
  });

  it.each([
    ['the kernel has no such files', {}],
    ['they are empty', { '/proc/pressure/cpu': '', '/proc/pressure/io': '' }],
  ])('is not eligible when %s', async (_, files) => {
    expect((await runVerb(pressure, fixtureContext({ files }))).status).toBe('not-eligible');
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('collector', folder, pressure, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
