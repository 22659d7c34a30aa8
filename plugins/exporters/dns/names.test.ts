import { expect, it } from 'vitest';
import { canonical } from './address.ts';
import { addressOf, domainLabels, readingsOf } from './names.ts';

const zones = new Set(['lan', 'dc.eu']);
const read = (name: string) => readingsOf(name.split('.'), (zone) => zones.has(zone));

it.each([
  ['redis.group.lan', { about: 'group', value: 'redis', zone: 'lan' }],
  ['web.example.com.name.dc.eu', { about: 'name', value: 'web.example.com', zone: 'dc.eu' }],
  ['a.name.name.lan', { about: 'name', value: 'a.name', zone: 'lan' }],
  ['_redis._tcp.lan', { about: 'service', value: 'redis', zone: 'lan' }],
  ['load.check.web.example.dc.eu', { about: 'check', value: 'load', node: 'web.example', zone: 'dc.eu' }],
  ['load.check.web.dc1', { about: 'check', value: 'load', node: 'web', zone: 'dc1' }],
  ['redis.group.a.b', { about: 'group', value: 'redis', zone: 'a.b' }],
])('reads %s first as %o', (name, asked) => {
  expect(read(name)[0]).toEqual(asked);
});

it.each([
  'lan',
  'redis.group',
  'group.lan',
  'redis._tcp.lan',
  '_._tcp.lan',
  Array(60).fill('name').join('.'),
])('finds nothing to ask for in %s', (name) => expect(read(name)).toEqual([]));

it.each([
  ['4.3.2.1.in-addr.arpa', '1.2.3.4'],
  ['256.3.2.1.in-addr.arpa', undefined],
  ['04.3.2.1.in-addr.arpa', undefined],
  ['3.2.1.in-addr.arpa', undefined],
  ['4.3.2.1.in-addr.example', undefined],
  [`1.${'0.'.repeat(26)}0.8.e.f.ip6.arpa`, undefined],
  [`1.${'0.'.repeat(27)}0.8.e.f.ip6.arpa`, canonical('fe80::1')],
])('%s stands for %s', (name, address) => {
  expect(addressOf(name.split('.'))).toBe(address);
});

it.each([
  ['10.0.0.1', '10.0.0.1'],
  ['FD00::1', 'fd00:0000:0000:0000:0000:0000:0000:0001'],
  ['::', '0000:0000:0000:0000:0000:0000:0000:0000'],
  ['1:2:3:4:5:6:7::', '0001:0002:0003:0004:0005:0006:0007:0000'],
  ['::ffff:1.2.3.4', '0000:0000:0000:0000:0000:ffff:0102:0304'],
  ['999.1.1.1', undefined],
  ['fe80::1%eth0', undefined],
  ['host.example', undefined],
])('writes %s as %s', (address, expected) => {
  expect(canonical(address)).toBe(expected);
});

it.each([
  ['.opsbro', ['opsbro']],
  ['Ops.Example.', ['ops', 'example']],
  ['a..b', undefined],
  ['', undefined],
  ['sp ace', undefined],
])('takes the domain %j for %j', (domain, labels) => {
  expect(domainLabels(domain)).toEqual(labels);
});
