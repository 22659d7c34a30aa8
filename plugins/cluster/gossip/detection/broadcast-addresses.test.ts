import { expect, it } from 'vitest';
import { broadcastAddresses } from './broadcast-addresses.ts';

const one = (address: string, netmask: string) => ({
  address,
  netmask,
  family: 'IPv4' as const,
  mac: '00:00:00:00:00:00',
  internal: false,
  cidr: null,
});
const interfaces = {
  lo: [one('127.0.0.1', '255.0.0.0')],
  eth0: [
    one('192.0.2.17', '255.255.255.240'),
    { ...one('2001:db8::1', 'ffff:ffff:ffff:ffff::'), family: 'IPv6' as const, scopeid: 0 },
  ],
  eth1: [one('198.51.100.130', '255.255.255.128'), one('198.51.100.131', '255.255.255.128')],
  tun0: [one('203.0.113.1', '255.255.255.255'), one('203.0.113.8', '255.255.255.254')],
};

it.each([
  ['0.0.0.0', ['127.255.255.255', '192.0.2.31', '198.51.100.255']],
  ['::', ['127.255.255.255', '192.0.2.31', '198.51.100.255']],
  ['127.0.0.9', ['127.255.255.255']],
  ['192.0.2.17', ['192.0.2.31']],
  ['203.0.113.1', []],
  ['::1', []],
  ['2001:db8::1', []],
])('of a node that listens on %s are those of its neighbours', (listens, expected) => {
  expect(broadcastAddresses(listens, interfaces)).toEqual(expected);
});

it('are bounded', () => {
  const many = Object.fromEntries(
    Array.from({ length: 100 }, (_, index) => [`veth${index}`, [one(`10.0.${index}.1`, '255.255.255.0')]]),
  );
  expect(broadcastAddresses('0.0.0.0', many)).toHaveLength(32);
});
