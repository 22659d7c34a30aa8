import { expect, it } from 'vitest';
import { BootCookies } from './boot-cookies.ts';

const packet = (value: number) => Uint8Array.of(value);

it('gives back what waited, once, and for the right cookie only', () => {
  const cookies = new BootCookies();
  const cookie = cookies.ask('boot', packet(1));
  expect(cookies.ask('boot', packet(2))).toEqual(cookie);
  expect(cookies.redeem('boot', new Uint8Array(8))).toBeUndefined();
  expect(cookies.redeem('other', cookie)).toBeUndefined();
  expect(cookies.redeem('boot', cookie)?.map(([value]) => value)).toEqual([1, 2]);
  expect(cookies.redeem('boot', cookie)).toBeUndefined();
});

it('keeps the last four packets of a boot', () => {
  const cookies = new BootCookies();
  for (let value = 0; value < 9; value += 1) cookies.ask('boot', packet(value));
  const cookie = cookies.ask('boot');
  expect(cookies.redeem('boot', cookie)?.map(([value]) => value)).toEqual([5, 6, 7, 8]);
});

it('is bounded: the boot that waits for longest goes first', () => {
  const cookies = new BootCookies(2);
  const first = cookies.ask('a');
  const second = cookies.ask('b');
  cookies.ask('c');
  expect(cookies.size).toBe(2);
  expect(cookies.redeem('a', first)).toBeUndefined();
  expect(cookies.redeem('b', second)).toEqual([]);
});
