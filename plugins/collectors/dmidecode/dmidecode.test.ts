import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import dmidecode from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const dell = new URL('testdata/dell-linux-5.10/', folder);

describe('collector/dmidecode', () => {
  it('yields every attribute of a server by its file name, as trimmed text', async () => {
    const modalias =
      'dmi:bvnDellInc.:bvr2.12.2:bd10/30/2021:br2.12:svnDellInc.:pnPowerEdgeR640:pvr:rvnDellInc.:rn0H21J3:rvrA09:cvnDellInc.:ct23:cvr:skuSKU=NotProvided;ModelName=PowerEdgeR640:';
    expect(await runVerb(dmidecode, fixtureContext({ root: dell }))).toEqual({
      status: 'done',
      value: {
        bios_date: '10/30/2021',
        bios_release: '2.12',
        bios_vendor: 'Dell Inc.',
        bios_version: '2.12.2',
        board_asset_tag: '',
        board_name: '0H21J3',
        board_vendor: 'Dell Inc.',
        board_version: 'A09',
        chassis_type: '23',
        chassis_vendor: 'Dell Inc.',
        chassis_version: '',
        modalias,
        product_family: 'PowerEdge',
        product_name: 'PowerEdge R640',
        product_serial: '7XK2M13',
        product_sku: 'SKU=NotProvided;ModelName=PowerEdge R640',
        sys_vendor: 'Dell Inc.',
        uevent: `MODALIAS=${modalias}`,
      },
    });
  });

  it('yields what an older kernel has for a virtual machine', async () => {
    const root = new URL('testdata/qemu-linux-3.10/', folder);
    const version = 'RHEL 7.6.0 PC (i440FX + PIIX, 1996)';
    expect(await runVerb(dmidecode, fixtureContext({ root }))).toEqual({
      status: 'done',
      value: {
        bios_date: '04/01/2014',
        bios_vendor: 'SeaBIOS',
        bios_version: '1.11.0-2.el7',
        chassis_type: '1',
        chassis_vendor: 'Red Hat',
        chassis_version: version,
        modalias:
          'dmi:bvnSeaBIOS:bvr1.11.0-2.el7:bd04/01/2014:svnRedHat:pnKVM:pvrRHEL7.6.0PC(i440FX+PIIX,1996):cvnRedHat:ct1:cvrRHEL7.6.0PC(i440FX+PIIX,1996):',
        product_name: 'KVM',
        product_version: version,
        sys_vendor: 'Red Hat',
      },
    });
  });

  it('leaves out what only root may read', async () => {
    const ctx = fixtureContext({ root: dell });
    const refusing = {
      ...ctx,
      tryReadText: (path: string) =>
        path.endsWith('serial') ? Promise.resolve(undefined) : ctx.tryReadText(path),
    };
    const outcome = await runVerb(dmidecode, refusing);
    expect(outcome).toMatchObject({ value: { sys_vendor: 'Dell Inc.' } });
    expect(outcome).not.toHaveProperty('value.product_serial');
  });

  it('is not eligible without a DMI table', async () => {
    expect((await runVerb(dmidecode, fixtureContext())).status).toBe('not-eligible');
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('collector', folder, dmidecode, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
