import { describe, expect, it } from 'vitest';
import { clientOf, countedAs, networks } from './client-address.ts';

const proxies = networks(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);

describe('who asks', () => {
  it.each([
    ['127.0.0.1', {}, '127.0.0.1', true],
    ['::ffff:127.0.0.1', {}, '127.0.0.1', true],
    ['::1', {}, '::1', true],
    ['::1', { 'x-forwarded-for': '192.0.2.1' }, '::1', false],
    ['::1', { via: '1.1 proxy' }, '::1', false],
    ['192.0.2.1', {}, '192.0.2.1', false],
    ['192.0.2.1', { 'x-forwarded-for': '127.0.0.1' }, '192.0.2.1', false],
    ['127.0.0.1', { 'x-forwarded-for': '192.0.2.1' }, '192.0.2.1', false],
    ['127.0.0.1', { 'x-forwarded-for': '203.0.113.5, 192.0.2.1, 10.1.2.3' }, '192.0.2.1', false],
    ['10.0.0.1', { 'x-forwarded-for': 'nonsense, 192.0.2.1:4711' }, '192.0.2.1', false],
    ['10.0.0.1', { 'x-forwarded-for': 'nonsense' }, '10.0.0.1', false],
    ['fd00::1', { 'x-forwarded-for': '[2001:db8::7]:80' }, '2001:db8::7', false],
    ['127.0.0.1', { 'x-forwarded-for': '127.0.0.1' }, '127.0.0.1', false],
  ])('%s with %j is %s, of this host: %s', (peer, headers, address, isLocal) => {
    expect(clientOf(peer, headers, proxies)).toMatchObject({ address, isLocal });
  });
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', ':0:0:0'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
])('counts %s as %s', (address, key) => {
  expect(countedAs(address)).toBe(key);
});

it.each(['', 'x', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129'])(
  'takes %j for no network',
  (text) => {
    expect(() => networks([text])).toThrow('is no address and no network');
  },
);
