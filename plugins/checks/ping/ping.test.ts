import { existsSync, readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, runCheck, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import ping, { type Options } from './index.ts';
import { parseSummary } from './summary.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const read = (name: string) => readFileSync(new URL(`testdata/${name}`, folder), 'utf8');
const isInstalled = existsSync('/usr/bin/ping') || existsSync('/bin/ping');
const mayRun = isInstalled || process.env.OPSBRO_TEST_REQUIRE === 'all';

describe('parseSummary', () => {
  it.each([
    ['iputils-2022.txt', 3, 3, 0, { min: 0.000042, mean: 0.000047, max: 0.000053 }],
    ['iputils-2022-loss.txt', 5, 3, 40, { min: 0.0101, mean: 0.0152, max: 0.0203 }],
    ['iputils-2022-unreachable.txt', 2, 0, 100, undefined],
    ['iputils-2022-duplicates.txt', 2, 2, 0, { min: 0.0002, mean: 0.0003, max: 0.0004 }],
    ['busybox-1.35.txt', 4, 3, 25, { min: 0.000061, mean: 0.000078, max: 0.000099 }],
    ['inetutils-2.4.txt', 2, 2, 0, { min: 0.000033, mean: 0.000044, max: 0.000055 }],
  ])('reads %s', (name, sent, received, lossPercent, trip) => {
    const { trip: found, ...counts } = parseSummary(read(name)) ?? {};
    expect(counts).toEqual({ sent, received, lossPercent });
    for (const key of ['min', 'mean', 'max'] as const) {
      if (trip === undefined) expect(found).toBeUndefined();
      else expect(found?.[key]).toBeCloseTo(trip[key], 9);
    }
  });

  it.each(['', 'ping: unknown host', '0 packets transmitted, 0 received'])('finds none in %j', (text) =>
    expect(parseSummary(text)).toBeUndefined(),
  );
});

describe('check/ping', () => {
  const judge = (name: string, given: Partial<Options> = {}) => {
    const options: Options = {
      host: 'h',
      ip: 'any',
      packets: 5,
      wait: '2s',
      loss_warning: 20,
      loss_critical: 60,
      ...given,
    };
    const exec = { '/bin/ping -n -c 5 -i 0.2 -W 2 h': { stdout: read(name) } };
    return runVerb(ping, fixtureContext({ options, exec, files: { '/bin/ping': '' } }));
  };

  it.each<[string, Partial<Options>, string]>([
    ['iputils-2022.txt', {}, 'ok'],
    ['iputils-2022-loss.txt', {}, 'warning'],
    ['iputils-2022-loss.txt', { loss_critical: 30 }, 'critical'],
    ['iputils-2022-loss.txt', { loss_warning: 50, warning: '10ms' }, 'warning'],
    ['iputils-2022-loss.txt', { loss_warning: 50, critical: '10ms' }, 'critical'],
    ['iputils-2022-unreachable.txt', {}, 'critical'],
  ])('judges %s with %j: %s', async (name, options, state) => {
    expect(await judge(name, options)).toMatchObject({ value: { state } });
  });

  it('is not eligible without ping', async () => {
    const ctx = fixtureContext({ options: { host: 'h' } as Options });
    expect((await runVerb(ping, ctx)).status).toBe('not-eligible');
  });
});

describe.skipIf(!mayRun)('on this host', () => {
  it('pings loopback', async () => {
    const found = await runCheck(ping, manifest, { host: '127.0.0.1', packets: 2, warning: '1s' });
    expect(found).toMatchObject({
      state: 'ok',
      output: expect.stringMatching(/^127\.0\.0\.1: 2 of 2 packets came back, 0 % lost; a round trip takes/),
      metrics: { pl: { value: 0, unit: '%', warning: '20', critical: '60' }, rta: { warning: '1' } },
    });
  });

  it('is critical for a name without address, and says so', async () => {
    const found = await runCheck(ping, manifest, { host: 'nowhere.invalid', packets: 1 });
    expect(found).toMatchObject({
      state: 'critical',
      output: expect.stringMatching(/^nowhere\.invalid: .+/),
    });
  });

  it('asks for the version it is told', async () => {
    const found = await runCheck(ping, manifest, { host: '127.0.0.1', ip: 6, packets: 1 });
    expect(found.state).toBe('critical');
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('check', folder, ping, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
