import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, hostContext } from 'opsbro/sdk/testing';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { activeDriver } from './active-driver.ts';
import hosting from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const vendor = '/sys/class/dmi/id/board_vendor';

for (const test of complianceSuite('functions', folder, hosting, manifest)) it(test.name, test.run);

it.each<[string, { [path: string]: string }]>([
  ['docker-container', { '/.dockerenv': '' }],
  ['docker-container', { '/.dockerenv': '', [vendor]: 'Google\n' }],
  ['ec2', { '/sys/hypervisor/version/extra': '.amazon\n' }],
  ['ec2', { [vendor]: 'Amazon EC2\n' }],
  ['azure', { [vendor]: 'Microsoft Corporation\n' }],
  ['google-cloud', { [vendor]: 'Google\n' }],
  ['scaleway', { '/etc/scw-release': '' }],
  ['synology', { '/etc/synoinfo.conf': '' }],
  ['on-premise', { [vendor]: 'Dell Inc.\n' }],
  ['on-premise', {}],
])('is %s with %j', async (driver, files) => {
  const ctx = fixtureContext({ files });
  expect(await hosting.functions.hosting_driver_is_active?.(ctx, driver)).toBe(true);
  expect(await hosting.functions.hosting_driver_is_active?.(ctx, 'other')).toBe(false);
});

it('finds a driver for this host', async () => {
  expect(await activeDriver(hostContext())).toMatch(/^[a-z0-9-]+$/);
});
