import { expect, it } from 'vitest';
import { RowIds } from './row-ids.ts';

it('keeps the newest ids of each slot, in their order', () => {
  const ids = new RowIds(3);
  const [one, other] = [ids.take(), ids.take()];
  expect([1, 5, 6, 2 ** 40].map((id) => ids.push(one, id))).toEqual([[], [], [], [1, 5, 6]]);
  expect([7, 8, 9, 20, 21].map((id) => ids.push(other, id))).toEqual([[], [], [], [7], [8]]);
  expect([ids.list(one), ids.list(other), ids.last(one), ids.last(other)]).toEqual([
    [2 ** 40],
    [9, 20, 21],
    2 ** 40,
    21,
  ]);
});

it('gives a slot anew, empty, and grows', () => {
  const ids = new RowIds(2);
  const slot = ids.take();
  ids.push(slot, 3);
  ids.push(slot, 4);
  ids.push(slot, 9);
  ids.release(slot);
  expect(ids.take()).toBe(slot);
  expect([ids.list(slot), ids.last(slot)]).toEqual([[], 0]);
  ids.push(slot, 2 ** 45);
  expect(ids.push(slot, 2 ** 45 + 1)).toEqual([]);
  const slots = Array.from({ length: 3000 }, () => ids.take());
  for (const [index, each] of slots.entries()) ids.push(each, index + 1);
  expect(new Set(slots).size).toBe(3000);
  expect(slots.every((each, index) => ids.last(each) === index + 1)).toBe(true);
});
