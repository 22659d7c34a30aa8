import { readFileSync } from 'node:fs';
import type { NetworkInterfaceInfo } from 'node:os';
import { complianceSuite, fixtureContext } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fullName, localAddress, parseHosts } from './address.ts';
import { collectSystem } from './collect.ts';
import { parseCpuinfo } from './cpuinfo.ts';
import { parseOsRelease, parseRedHatRelease, readDistribution, versionNumbers } from './distribution.ts';
import system from './index.ts';

const folder = new URL('./', import.meta.url);
const info = (address: string, internal = false): NetworkInterfaceInfo =>
  ({
    address,
    netmask: '',
    mac: '',
    internal,
    cidr: null,
    family: address.includes(':') ? 'IPv6' : 'IPv4',
  }) as NetworkInterfaceInfo;
const self = {
  machine: 'x86_64',
  hostname: 'fallback',
  user: 'root',
  uid: 0,
  gid: 0,
  addresses: { lo: [info('127.0.0.1', true)], eth0: [info('192.0.2.2')] },
};
const run = (host: string) =>
  collectSystem(fixtureContext({ root: new URL(`testdata/${host}/`, folder) }), self);

describe('system', () => {
  const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8'));
  for (const test of complianceSuite('collector', folder, system, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);

  it('reads Debian 12', async () => {
    expect(await run('debian-12')).toEqual({
      hostname: 'web1',
      fqdn: 'web1.example.org',
      architecture: 'x86_64',
      os: {
        name: 'linux',
        platform: 'linux',
        kernel: '6.18.44',
        linux: {
          distribution: 'debian',
          version: '12',
          id: 'debian',
          codename: 'bookworm',
          major_version: 12,
          minor_version: 11,
        },
      },
      cpu_count: 2,
      cpucount: 2,
      cpu_model_name: 'AMD EPYC',
      cpu_mhz: 2596.146,
      user: 'root',
      uid: 0,
      gid: 0,
      local_ip: '192.0.2.2',
      public_ip: '192.0.2.2',
      publicip: '192.0.2.2',
      uptime: 3191.74,
    });
  });

  it('reads CentOS 6, which has no os-release', async () => {
    expect(await run('centos-6')).toMatchObject({
      hostname: 'db.example.org',
      fqdn: 'db.example.org',
      os: {
        kernel: '2.6.32-754.el6.x86_64',
        linux: {
          distribution: 'centos',
          version: '6.10',
          id: 'centos',
          codename: 'Final',
          major_version: 6,
          minor_version: 10,
        },
      },
      cpu_count: 4,
      cpu_model_name: 'Intel(R) Xeon(R) CPU E5-2670 v2 @ 2.50GHz',
      cpu_mhz: 2500.09,
      uptime: 350_735.47,
    });
  });

  it('reads Ubuntu on ARM, whose kernel names neither model nor clock of the processor', async () => {
    expect(await run('ubuntu-arm')).toMatchObject({
      hostname: 'fallback',
      os: {
        linux: {
          distribution: 'ubuntu',
          version: '22.04',
          id: 'ubuntu',
          codename: 'jammy',
          major_version: 22,
          minor_version: 4,
        },
      },
      cpu_count: 2,
      cpu_model_name: 'Raspberry Pi 4 Model B Rev 1.1',
      cpu_mhz: 1500,
    });
  });

  it('tells what the process knows when no file is there', async () => {
    expect(await collectSystem(fixtureContext(), self)).toEqual({
      hostname: 'fallback',
      fqdn: 'fallback',
      architecture: 'x86_64',
      os: { name: 'linux', platform: 'linux', linux: {} },
      cpu_model_name: '',
      user: 'root',
      uid: 0,
      gid: 0,
      local_ip: '192.0.2.2',
      public_ip: '192.0.2.2',
      publicip: '192.0.2.2',
    });
  });

  it("takes the host's name in a container that watches its host", async () => {
    const files = { '/etc/hostname': 'outer\n', '/proc/sys/kernel/hostname': 'inner\n' };
    const ctx = fixtureContext({ files, env: { HOST_ROOT: '/host' } });
    expect(await collectSystem(ctx, self)).toMatchObject({ hostname: 'outer' });
  });
});

describe('the distribution', () => {
  it.each<[{ [path: string]: string }, unknown]>([
    [{}, undefined],
    [{ '/etc/os-release': '' }, undefined],
    [{ '/usr/lib/os-release': 'ID=arch\n' }, { id: 'arch', version: '', codename: '' }],
    [
      {
        '/etc/os-release': 'ID="centos"\nVERSION_ID="7"\nVERSION="7 (Core)"\n',
        '/etc/redhat-release': 'CentOS Linux release 7.9.2009 (Core)\n',
      },
      { id: 'centos', version: '7', codename: 'Core', finerVersion: '7.9.2009' },
    ],
    [
      { '/etc/os-release': 'ID=debian\nVERSION_ID="12"\n', '/etc/debian_version': 'trixie/sid\n' },
      { id: 'debian', version: '12', codename: '' },
    ],
    [
      { '/etc/lsb-release': 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=8.04\nDISTRIB_CODENAME=hardy\n' },
      { id: 'ubuntu', version: '8.04', codename: 'hardy' },
    ],
    [{ '/etc/debian_version': '6.0.10\n' }, { id: 'debian', version: '6.0.10', codename: '' }],
  ])('of %j is %j', async (files, expected) => {
    expect(await readDistribution(fixtureContext({ files }))).toEqual(expected);
  });

  it.each([
    [
      'Red Hat Enterprise Linux Server release 5.11 (Tikanga)',
      { id: 'rhel', version: '5.11', codename: 'Tikanga' },
    ],
    ['Rocky Linux release 9.3 (Blue Onyx)', { id: 'rocky', version: '9.3', codename: 'Blue Onyx' }],
    ['Fedora release 40 (Forty)', { id: 'fedora', version: '40', codename: 'Forty' }],
    ['CentOS Stream release 9', { id: 'centos-stream', version: '9', codename: '' }],
    ['nonsense', undefined],
  ])('named by %s is %j', (text, expected) => {
    expect(parseRedHatRelease(text)).toEqual(expected);
  });

  it('survives odd quoting', () => {
    expect(parseOsRelease("# x\nID='opensuse-leap' \nVERSION_ID=\"15.5\nBROKEN\n")).toMatchObject({
      id: 'opensuse-leap',
    });
  });

  it.each([
    ['12.5', { major_version: 12, minor_version: 5 }],
    ['40', { major_version: 40 }],
    ['trixie/sid', {}],
    ['', {}],
  ])('has in version %s the numbers %j', (version, expected) => {
    expect(versionNumbers(version)).toEqual(expected);
  });
});

describe('parseCpuinfo', () => {
  it.each([
    ['', {}],
    ['processor', {}],
    ['processor : 0\nmodel name :\ncpu MHz : x\n', { count: 1 }],
    [
      'processor\t: 0\ncpu\t\t: POWER9, altivec supported\nclock\t\t: 2300.000000MHz\n',
      { count: 1, model: 'POWER9, altivec supported', mhz: 2300 },
    ],
    ['vendor_id       : IBM/S390\n# processors    : 4\ncpu MHz dynamic : 5200\n', { count: 4, mhz: 5200 }],
  ])('reads %j', (text, expected) => {
    expect(parseCpuinfo(text)).toEqual(expected);
  });
});

describe('addresses', () => {
  const hosts = parseHosts('127.0.1.1 web1\n10.0.0.5 web1.lan web1 # note\nbroken\n');

  it('finds the full name beside the short one', () => {
    expect(fullName('web1', hosts)).toBe('web1.lan');
    expect(fullName('web1.org', hosts)).toBe('web1.org');
    expect(fullName('other', hosts)).toBe('other');
  });

  it.each([
    [
      'the one /etc/hosts names, if it is its own',
      { a: [info('192.168.1.1')], b: [info('10.0.0.5')] },
      '10.0.0.5',
    ],
    [
      '192. before 172. before 10. before others',
      { a: [info('203.0.113.1')], b: [info('10.1.1.1')], c: [info('172.16.1.1')] },
      '172.16.1.1',
    ],
    [
      "the host's before its containers'",
      { docker0: [info('172.17.0.1')], eth0: [info('10.1.1.1')] },
      '10.1.1.1',
    ],
    ["its containers' when there is no other", { docker0: [info('172.17.0.1')] }, '172.17.0.1'],
    [
      'a global IPv6 address when there is no IPv4',
      { e: [info('fe80::1'), info('2001:db8::1')] },
      '2001:db8::1',
    ],
    [
      'the loopback when there is nothing',
      { lo: [info('127.0.0.1', true)], e: [info('169.254.1.1')] },
      '127.0.0.1',
    ],
  ])('takes %s', (_, addresses, expected) => {
    expect(localAddress('web1', hosts, addresses)).toBe(expected);
  });
});
