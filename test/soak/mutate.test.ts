import { expect, it } from 'vitest';
import { mutate } from './mutate.ts';
import { pick, randomFrom } from './result.ts';

it('repeats the same choices for the same seed', () => {
  const texts = [1, 1, 2].map((seed) =>
    mutate('check:\n  interval: 10s\n', randomFrom(seed)).toString('hex'),
  );
  expect(texts[0]).toBe(texts[1]);
  expect(texts[0]).not.toBe(texts[2]);
});

it('changes nearly every text, the empty one included', () => {
  const random = randomFrom(7);
  let changed = 0;
  for (let round = 0; round < 500; round += 1) {
    const text = round % 10 === 0 ? '' : 'a: 1\nb: [2]\n';
    if (mutate(text, random).toString('latin1') !== text) changed += 1;
  }
  expect(changed).toBeGreaterThan(440);
});

it('picks every value and spreads from 0 to 1', () => {
  const random = randomFrom(3);
  expect(new Set(Array.from({ length: 200 }, () => pick(['a', 'b', 'c'], random)))).toEqual(
    new Set(['a', 'b', 'c']),
  );
  const values = Array.from({ length: 1000 }, random);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...values)).toBeLessThan(1);
});
