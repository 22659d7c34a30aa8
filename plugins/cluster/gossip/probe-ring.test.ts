import { expect, it } from 'vitest';
import { ProbeRing, randomOrder } from './probe-ring.ts';
import { seededRandom } from './simulation/virtual-time.ts';

const all = ['a', 'b', 'c', 'd', 'e'];

it('visits everybody once a round', () => {
  const ring = new ProbeRing(seededRandom(3));
  for (let round = 0; round < 5; round += 1) {
    const visited = all.map(() =>
      ring.next(
        () => all,
        () => true,
      ),
    );
    expect([...visited].sort()).toEqual(all);
  }
});

it('passes over who is no target, and gives up where nobody is', () => {
  const ring = new ProbeRing(seededRandom(3));
  expect(
    ring.next(
      () => all,
      (uuid) => uuid === 'd',
    ),
  ).toBe('d');
  expect(
    ring.next(
      () => all,
      () => false,
    ),
  ).toBeUndefined();
});

it('takes a new member into the present round', () => {
  const ring = new ProbeRing(seededRandom(3));
  ring.next(
    () => all,
    () => true,
  );
  ring.add('new');
  const rest = [1, 2, 3, 4, 5].map(() =>
    ring.next(
      () => [],
      () => true,
    ),
  );
  expect(rest).toContain('new');
});

it('orders at random without repetition', () => {
  const random = seededRandom(5);
  expect([...randomOrder(5, random)].sort()).toEqual([0, 1, 2, 3, 4]);
  const first = Array.from({ length: 400 }, () => randomOrder(4, random).next().value as number);
  expect([0, 1, 2, 3].map((place) => first.filter((one) => one === place).length > 60)).not.toContain(false);
});
