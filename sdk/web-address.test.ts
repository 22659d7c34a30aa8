import { expect, it } from 'vitest';
import { linkTo, parseWebAddress } from './web-address.ts';

it.each([
  ['https://wiki.example.org/load?a=b#c', ['https', '', 'wiki.example.org', '/load', 'a=b']],
  ['HTTP://Agent:p@ss@Wiki:8080', ['http', 'Agent:p@ss', 'wiki:8080', '', '']],
  ['http://[2001:DB8::1]:80/a?b?c', ['http', '', '[2001:db8::1]:80', '/a', 'b?c']],
  ['https://x?key=a/b', ['https', '', 'x', '', 'key=a/b']],
])('reads the address %s', (text, [scheme, login, host, path, query]) => {
  expect(parseWebAddress(text)).toEqual({ scheme, login, host, path, query });
});

it.each([
  '',
  'wiki',
  'ftp://wiki/',
  'https://',
  'https:///x',
  'https://[bad',
  'https://a b/',
  'https://x:port/',
  '/x',
])('finds no address in %j', (text) => {
  expect(parseWebAddress(text)).toBeUndefined();
});

it.each([
  [' https://wiki.example.org ', 'https://wiki.example.org'],
  ['https://wiki/load average?q=größe', 'https://wiki/load%20average?q=gr%C3%B6%C3%9Fe'],
  ['https://wiki/a%20b#c', 'https://wiki/a%20b#c'],
  ['https://wiki/💾<"|">', 'https://wiki/%F0%9F%92%BE%3C%22%7C%22%3E'],
  ['https://wiki/half\ud83d', 'https://wiki/half%EF%BF%BD'],
  ['https://bücher.example/', undefined],
  ['https://<wiki>/load', undefined],
  ['https://wiki:65536/', undefined],
  ['http://[2001:db8::1]:80/a', 'http://[2001:db8::1]:80/a'],
  ['javascript:alert(1)', undefined],
])('makes the link of %j', (text, link) => {
  expect(linkTo(text)).toBe(link);
});
