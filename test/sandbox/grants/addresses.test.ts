import { BlockList } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  includesRange,
  isReserved,
  isWithin,
  parseAddress,
  parseRange,
} from '../../../sandbox/grants/addresses.ts';

const four = fc.ipV4();
// What embeds an IPv4 address counts as that one.
const six = fc
  .ipV6()
  .filter((text) => !text.includes('.') && !text.startsWith('2002:') && parseAddress(text)?.length === 16);

it.each([
  ['ipv4', four, 32],
  ['ipv6', six, 128],
] as const)('finds %s addresses in networks as Node does', (family, address, most) => {
  fc.assert(
    fc.property(address, address, fc.nat(most), (base, other, bits) => {
      const list = new BlockList();
      list.addSubnet(base, bits, family);
      const range = parseRange(`${base}/${bits}`);
      const found = parseAddress(other);
      if (range === undefined || found === undefined) return expect.unreachable(`${base} ${other}`);
      expect(isWithin(range, found)).toBe(list.check(other, family));
      expect(isWithin(range, parseAddress(base) ?? [])).toBe(true);
      const inner = parseRange(other);
      if (inner !== undefined && includesRange(range, inner)) expect(isWithin(range, found)).toBe(true);
    }),
  );
});

it.each([
  ['169.254.169.254', true],
  ['::ffff:169.254.1.1', true],
  ['::169.254.1.1', true],
  ['64:ff9b::a9fe:1', true],
  ['64:ff9b:1:a9fe:a9:fe00::', true],
  ['::ffff:0:169.254.169.254', true],
  ['2002:a9fe:a9fe::1', true],
  ['fe80::1', true],
  ['febf::1', true],
  ['fec0::1', false],
  ['fd00:ec2::254', true],
  ['100.100.100.200', true],
  ['127.0.0.1', false],
  ['::1', false],
  ['10.0.0.1', false],
])('holds %s for reserved: %s', (text, expected) => {
  expect(isReserved(parseAddress(text) ?? [])).toBe(expected);
});

it.each(['fe80::1%eth0', '1.2.3', '1.2.3.4.5', 'x', ''])('takes %j for no address', (text) => {
  expect(parseAddress(text)).toBeUndefined();
});
