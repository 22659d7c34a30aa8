import { readFileSync } from 'node:fs';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { prettySize } from './block-device.ts';
import blockdevice from './index.ts';

const folder = new URL('./', import.meta.url);
const run = (host: string) =>
  runVerb(blockdevice, fixtureContext({ root: new URL(`testdata/${host}/`, folder) }));

describe('blockdevice', () => {
  const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8'));
  for (const test of complianceSuite('collector', folder, blockdevice, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);

  it('reads linux 6.18: virtio and nvme, but no loop and no empty zram', async () => {
    expect(await run('linux-6.18')).toEqual({
      status: 'done',
      value: {
        nvme0n1: {
          vendor: '',
          model: 'SAMSUNG MZVLB512HBJQ-000L7',
          size: '476.94 GB',
          size_bytes: 512_110_190_592,
          rotational: false,
          removable: false,
        },
        vda: {
          vendor: '0x1af4',
          model: '',
          size: '256.00 GB',
          size_bytes: 274_877_906_944,
          rotational: true,
          removable: false,
        },
      },
    });
  });

  it('reads linux 3.10: SCSI and cciss, but no device mapper and no empty drive', async () => {
    expect(await run('linux-3.10')).toEqual({
      status: 'done',
      value: {
        'cciss/c0d0': {
          vendor: '',
          model: '',
          size: '68.33 GB',
          size_bytes: 73_372_631_040,
          rotational: false,
          removable: false,
        },
        sda: {
          vendor: 'VMware',
          model: 'Virtual disk',
          size: '20.00 GB',
          size_bytes: 21_474_836_480,
          rotational: true,
          removable: false,
        },
      },
    });
  });

  it.each<{ [path: string]: string }>([
    {},
    { '/sys/block/loop0/size': '100\n' },
    { '/sys/block/sda/size': '' },
    { '/sys/block/sda/size': 'many\n' },
    { '/sys/block/sda/removable': '0\n' },
  ])('is not eligible on %j', async (files) => {
    expect((await runVerb(blockdevice, fixtureContext({ files }))).status).toBe('not-eligible');
  });

  it.each([
    [512, '512.00 Bytes'],
    [1024, '1.00 KB'],
    [1536 * 1024 ** 3, '1.50 TB'],
    [1024 ** 7, '1024.00 EB'],
  ])('writes %i bytes as %s', (bytes, text) => {
    expect(prettySize(bytes)).toBe(text);
  });
});
