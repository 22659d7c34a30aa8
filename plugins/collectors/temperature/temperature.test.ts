import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import temperature from './index.ts';
import { addUnique, keyOf, parseMillidegrees } from './sensors.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

describe('parseMillidegrees', () => {
  it.each([
    ['54000\n', 54],
    ['-5500', -5.5],
    ['0', 0],
    ['-274000', undefined],
    ['255000', undefined],
    ['', undefined],
    ['54.0', undefined],
    [undefined, undefined],
  ])('reads %j as %j', (text, celsius) => expect(parseMillidegrees(text)).toBe(celsius));
});

describe('keyOf', () => {
  it.each([
    ['Package id 0\n', 'package_id_0'],
    ['x86_pkg_temp', 'x86_pkg_temp'],
    ['__proto__', 'proto'],
    ['"+"', 'sensor'],
    ['', 'sensor'],
  ])('makes %j %s', (name, key) => expect(keyOf(name)).toBe(key));
});

describe('addUnique', () => {
  it('numbers what is there already', () => {
    const tree = {};
    for (const value of [1, 2, 3]) addUnique(tree, 'nvme', value);
    expect(tree).toEqual({ nvme: 1, nvme_2: 2, nvme_3: 3 });
  });
});

describe('collector/temperature', () => {
  it('yields chips and zones of a server, and the hottest', async () => {
    const root = new URL('testdata/server-linux-5.10/', folder);
    expect(await runVerb(temperature, fixtureContext({ root }))).toEqual({
      status: 'done',
      value: {
        max: 54,
        hwmon: {
          coretemp: {
            package_id_0: { temp: 54, high: 80, critical: 100 },
            core_0: { temp: 51, high: 80, critical: 100 },
            core_8: { temp: 52 },
          },
          nvme: { composite: { temp: 35.85, high: 81.85, critical: 84.85 } },
          nvme_2: { temp1: { temp: 41.85 } },
        },
        thermal: { x86_pkg_temp: 54 },
      },
    });
  });

  it('yields the zone of a small board whose chips have no temperature', async () => {
    const root = new URL('testdata/raspberry-pi-linux-4.19/', folder);
    expect(await runVerb(temperature, fixtureContext({ root }))).toEqual({
      status: 'done',
      value: { max: 48.312, hwmon: {}, thermal: { cpu_thermal: 48.312 } },
    });
  });

  it('leaves out a sensor whose driver refuses', async () => {
    const root = new URL('testdata/server-linux-5.10/', folder);
    const files = {
      '/sys/class/hwmon/hwmon2/temp1_input': null,
      '/sys/class/thermal/thermal_zone0/temp': '',
    };
    const outcome = await runVerb(temperature, fixtureContext({ root, files }));
    expect(outcome).toMatchObject({
      value: { max: 54, thermal: {}, hwmon: { nvme: { temp1: { temp: 41.85 } } } },
    });
  });

  it('is not eligible without a sensor', async () => {
    expect((await runVerb(temperature, fixtureContext())).status).toBe('not-eligible');
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('collector', folder, temperature, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
