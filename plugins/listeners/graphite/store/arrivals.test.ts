import { expect, it } from 'vitest';
import { Arrivals } from './arrivals.ts';

it('tells for how long the oldest point was not safe', () => {
  const arrivals = new Arrivals();
  expect(arrivals.waitingMs(5)).toBe(0);
  arrivals.note(10, 100);
  arrivals.note(20, 105);
  arrivals.note(30, 200);
  arrivals.note(30, 900);
  expect(arrivals.waitingMs(300)).toBe(200);
  expect(arrivals.done(15, 400)).toBe(0);
  expect(arrivals.done(20, 500)).toBe(400);
  expect([arrivals.waitingMs(500), arrivals.longestMs]).toEqual([300, 400]);
  expect(arrivals.done(30, 550)).toBe(350);
  expect([arrivals.waitingMs(600), arrivals.longestMs]).toEqual([0, 400]);
});

it('is right where positions begin again, and takes bounded memory while nothing gets safe', () => {
  const arrivals = new Arrivals();
  for (let index = 0; index < 100_000; index += 1)
    arrivals.note((2 ** 32 - 50_000 + index) >>> 0, index * 20);
  expect(arrivals.waitingMs(3_000_000)).toBe(3_000_000);
  expect(arrivals.done(50_000, 3_000_000)).toBe(3_000_000);
  expect(arrivals.waitingMs(3_000_000)).toBe(0);
});
