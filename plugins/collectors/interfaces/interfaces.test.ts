import { readFileSync } from 'node:fs';
import type { NetworkInterfaceInfo } from 'node:os';
import { complianceSuite, fixtureContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { collectInterfaces } from './collect.ts';
import interfaces from './index.ts';
import { broadcastAddress } from './interface.ts';

const folder = new URL('./', import.meta.url);
const recorded = (name: string) => new URL(`testdata/${name}/`, folder);
const ipv4 = (address: string, netmask: string, prefix: number): NetworkInterfaceInfo => ({
  address,
  netmask,
  family: 'IPv4',
  mac: '00:00:00:00:00:00',
  internal: false,
  cidr: `${address}/${prefix}`,
});
const ipv6 = (address: string): NetworkInterfaceInfo => ({
  address,
  netmask: 'ffff:ffff:ffff:ffff::',
  family: 'IPv6',
  mac: '00:00:00:00:00:00',
  internal: false,
  cidr: `${address}/64`,
  scopeid: 0,
});
const without = { ip_address: '', broadcast_address: '', net_mask: '', ipv4: [], ipv6: [] };

describe('interfaces', () => {
  const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8'));
  for (const test of complianceSuite('collector', folder, interfaces, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);

  it('reads linux 6.18', async () => {
    const ctx = fixtureContext({ root: recorded('linux-6.18') });
    const addresses = { eth0: [ipv4('192.0.2.2', '255.255.255.0', 24), ipv6('fd00::2')] };
    expect(await collectInterfaces(ctx, () => addresses)).toEqual({
      eth0: {
        interface: 'eth0',
        link_encap: 'Ethernet',
        hardware_address: '02:fc:00:00:00:01',
        ip_address: '192.0.2.2',
        broadcast_address: '192.0.2.255',
        net_mask: '255.255.255.0',
        up: true,
        running: true,
        multicast: true,
        broadcast: true,
        loopback: false,
        state: 'up',
        mtu: 1400,
        ipv4: ['192.0.2.2/24'],
        ipv6: ['fd00::2/64'],
      },
      ifb0: {
        ...without,
        interface: 'ifb0',
        link_encap: 'Ethernet',
        hardware_address: '56:2f:bd:8c:34:a1',
        up: false,
        running: false,
        multicast: false,
        broadcast: true,
        loopback: false,
        state: 'down',
        mtu: 1500,
      },
      lo: {
        ...without,
        interface: 'lo',
        link_encap: 'Local Loopback',
        hardware_address: '00:00:00:00:00:00',
        up: true,
        running: true,
        multicast: false,
        broadcast: false,
        loopback: true,
        state: 'unknown',
        mtu: 65_536,
      },
    });
  });

  it('reads linux 2.6.32: labels, links that are down, point to point, a file among the interfaces', async () => {
    const ctx = fixtureContext({ root: recorded('linux-2.6.32') });
    const addresses = {
      eth0: [ipv4('10.0.4.7', '255.255.252.0', 22)],
      'eth0:1': [ipv4('10.0.4.8', '255.255.252.0', 22)],
      ppp0: [ipv4('203.0.113.9', '255.255.255.255', 32)],
    };
    const tree = await collectInterfaces(ctx, () => addresses);
    expect(Object.keys(tree)).toEqual(['eth0', 'eth1', 'lo', 'ppp0', 'sit0']);
    expect(tree).toMatchObject({
      eth0: { broadcast_address: '10.0.7.255', ipv4: ['10.0.4.7/22', '10.0.4.8/22'], running: true },
      eth1: { ...without, up: false, running: false, state: 'down' },
      ppp0: {
        link_encap: 'Point-to-Point Protocol',
        broadcast_address: '',
        hardware_address: '',
        running: true,
      },
      sit0: { link_encap: 'IPv6-in-IPv4', up: false },
    });
  });

  it('tells the speed when the driver does', async () => {
    const files = {
      '/sys/class/net/e/flags': '0x1003',
      '/sys/class/net/e/speed': '10000\n',
      '/sys/class/net/v/flags': '0x1003',
      '/sys/class/net/v/speed': '-1\n',
    };
    const tree = await collectInterfaces(fixtureContext({ files }), () => ({}));
    expect(tree.e).toMatchObject({ speed: 10_000, link_encap: 'UNSPEC', state: 'unknown', mtu: 0 });
    expect(tree.v).not.toHaveProperty('speed');
  });

  it.each<{ [path: string]: string }>([
    {},
    { '/sys/class/net/bonding_masters': '' },
    { '/sys/class/net/eth0/mtu': '1500' },
    { '/sys/class/net/eth0/flags': 'none' },
    { '/sys/class/net/eth0/flags': '' },
  ])('is not eligible on %j', async (files) => {
    expect((await runVerb(interfaces, fixtureContext({ files }))).status).toBe('not-eligible');
  });

  it('bounds what it reads', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 501 }, (_, n) => [`/sys/class/net/veth${n}/flags`, '0x1003']),
    );
    const ctx = fixtureContext({ files });
    expect(Object.keys(await collectInterfaces(ctx, () => ({})))).toHaveLength(500);
    expect(ctx.logs).toMatchObject([{ level: 'warn', fields: { found: 501 } }]);
  });

  it.each([
    ['192.0.2.2', '255.255.255.0', '192.0.2.255'],
    ['10.1.2.3', '255.0.0.0', '10.255.255.255'],
    ['10.1.2.3', '255.255.255.255', '10.1.2.3'],
    ['nonsense', '255.0.0.0', ''],
    ['1.2.3.999', '255.0.0.0', ''],
  ])('has for %s/%s the broadcast address %s', (address, mask, expected) => {
    expect(broadcastAddress(address, mask)).toBe(expected);
  });
});
