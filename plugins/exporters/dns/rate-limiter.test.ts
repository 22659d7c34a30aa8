import { expect, it } from 'vitest';
import { networkHash, RateLimiter } from './rate-limiter.ts';

function count(limiter: RateLimiter, client: string, answer: number, times: number, nowMs: number) {
  const found = { answer: 0, slip: 0, drop: 0 };
  for (let time = 0; time < times; time += 1) found[limiter.allow(client, answer, nowMs)] += 1;
  return found;
}

it('lets 200 equal answers a second go to a network, and slips every second one beyond', () => {
  const limiter = new RateLimiter();
  expect(count(limiter, '192.0.2.1', 7, 300, 1000)).toEqual({ answer: 200, slip: 50, drop: 50 });
  expect(count(limiter, '192.0.2.9', 7, 10, 1999)).toEqual({ answer: 0, slip: 5, drop: 5 });
  expect(count(limiter, '192.0.2.1', 8, 10, 1000).answer).toBe(10);
  expect(count(limiter, '192.0.3.1', 7, 10, 1000).answer).toBe(10);
  expect(count(limiter, '192.0.2.1', 7, 10, 2000).answer).toBe(10);
});

it.each(['127.0.0.1', '127.8.0.1', '::1', '::ffff:127.0.0.1'])('never limits %s', (client) => {
  expect(count(new RateLimiter(), client, 1, 1000, 0).answer).toBe(1000);
});

it.each([
  ['10.1.2.3', '10.1.2.200', true],
  ['10.1.2.3', '10.1.3.3', false],
  ['::ffff:10.1.2.3', '10.1.2.9', true],
  ['2001:db8:0:1100::1', '2001:db8:0:11ff:1:2:3:4', true],
  ['2001:db8:0:1100::1', '2001:db8:0:1200::1', false],
  ['fe80::1', 'fe80::2', true],
])('%s and %s are one network: %s', (one, other, isSame) => {
  expect(networkHash(one) === networkHash(other)).toBe(isSame);
});

it('forgets the longest unseen under more networks than it has room for', () => {
  const limiter = new RateLimiter();
  for (let network = 0; network < 100_000; network += 1)
    expect(limiter.allow(`10.${network >> 16}.${(network >> 8) & 255}.${network & 255}`, network, 5000)).toBe(
      'answer',
    );
});
