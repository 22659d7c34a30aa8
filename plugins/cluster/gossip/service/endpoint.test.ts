import { expect, it } from 'vitest';
import { endpointText, isLoopback, parseEndpoint } from './endpoint.ts';

it.each([
  ['10.0.0.1', { host: '10.0.0.1', port: 6768 }],
  ['10.0.0.1:7000', { host: '10.0.0.1', port: 7000 }],
  [' node-1.example.org:7000 ', { host: 'node-1.example.org', port: 7000 }],
  ['::1', { host: '::1', port: 6768 }],
  ['[fe80::1]:7000', { host: 'fe80::1', port: 7000 }],
  ['[fe80::1]', { host: 'fe80::1', port: 6768 }],
  ['', undefined],
  ['a:0', undefined],
  ['a:65536', undefined],
  ['a b', undefined],
  ['[10.0.0.1]:7000', undefined],
  ['http://a', undefined],
])('reads %j', (text, expected) => {
  expect(parseEndpoint(text)).toEqual(expected);
});

it('writes what it reads', () => {
  for (const text of ['10.0.0.1:7000', '[fe80::1]:7000'])
    expect(endpointText(parseEndpoint(text)!)).toBe(text);
});

it.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['10.0.0.1', false],
  ['0.0.0.0', false],
])('knows whether %s is loopback', (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});
