import { expect, it } from 'vitest';
import { RateLimiter } from './rate-limiter.ts';

it('grants two seconds of the rate at once, then the rate, to each by itself', () => {
  const limiter = new RateLimiter(2);
  const at = (ms: number, key = 'a') => limiter.take(key, ms);
  expect([at(0), at(0), at(0), at(0), at(0), at(0, 'b')]).toEqual([0, 0, 0, 0, 1, 0]);
  expect([at(500), at(500), at(1000), at(60_000), at(60_000)]).toEqual([0, 1, 0, 0, 0]);
});

it('tells how long a debt takes', () => {
  const limiter = new RateLimiter(2);
  limiter.take('a', 0);
  limiter.charge('a', 100);
  expect(limiter.take('a', 0)).toBe(3);
  expect(limiter.take('a', 3000)).toBe(0);
});

it('counts 10,000 at a time', () => {
  const limiter = new RateLimiter(1);
  for (let at = 0; at < 10_100; at += 1) limiter.take(String(at), 0);
  expect(limiter.size).toBe(10_000);
});
