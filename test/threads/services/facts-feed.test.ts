import { expect, it } from 'vitest';
import { FactsFeed } from '../../../threads/services/facts-feed.ts';
import { HandClock } from '../../core/schedule/test-clock.ts';

function open() {
  const clock = new HandClock();
  const seen = { reads: 0, pushes: [] as unknown[], wanted: true };
  const feed = new FactsFeed({
    clock,
    isWanted: () => seen.wanted,
    read: () => {
      seen.reads += 1;
      return seen.reads;
    },
    push: (facts) => seen.pushes.push(facts),
  });
  return { clock, seen, feed };
}

it('hands facts on at once, and what changes often once a second', () => {
  const { clock, seen, feed } = open();
  feed.now();
  expect(seen.pushes).toEqual([1]);
  for (let change = 0; change < 20; change += 1) {
    feed.soon();
    clock.advance(40);
  }
  expect(seen.pushes).toEqual([1]);
  clock.advance(200);
  expect(seen.pushes).toEqual([1, 2]);
  clock.advance(5000);
  expect(seen.pushes).toEqual([1, 2]);
});

it('does not tell twice what is told at once, and nothing after its stop', () => {
  const { clock, seen, feed } = open();
  feed.soon();
  feed.now();
  clock.advance(5000);
  expect(seen.pushes).toEqual([1]);
  feed.soon();
  feed.stop();
  clock.advance(5000);
  expect(seen.pushes).toEqual([1]);
});

it('computes nothing while nobody wants it', () => {
  const { clock, seen, feed } = open();
  seen.wanted = false;
  feed.now();
  feed.soon();
  clock.advance(5000);
  expect(seen.reads).toBe(0);
});
