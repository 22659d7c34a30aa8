import { expect, it } from 'vitest';
import { type LaneView, lanesToStart, ordersAtOnce, slowAfter } from '../../../exec/lanes/lane-policy.ts';

const bounds = { fast: 4, max: 12, slowMs: 100 };
const lanes = (count: number, busyMs: number | null, kind = 'a'): LaneView[] =>
  Array(count).fill({ kind, busyMs });

it.each<[string, number, LaneView[], number]>([
  ['one lane for one command', 1, [], 1],
  ['as many as may use the processor', 9, [], 4],
  ['none beside enough short commands', 9, lanes(4, 20), 0],
  ['the rest beside some short commands', 9, lanes(3, 20), 1],
  ['none beside enough that start', 9, lanes(4, 0), 0],
  ['as many again beside long ones', 9, lanes(4, 200), 4],
  ['no more than there is room for', 9, lanes(10, 200), 2],
  ['none when there is no room', 9, lanes(12, 200), 0],
  ['one for a kind that has none', 9, lanes(4, 20, 'b'), 1],
  ['none that would wait for nothing', 0, [], 0],
  ['as if idle lanes of other kinds were not there', 9, lanes(4, null, 'b'), 4],
])('starts %s', (_, waiting, views, count) => {
  expect(lanesToStart('a', waiting, views, bounds)).toBe(count);
});

it('starts few at a time', () => {
  expect(lanesToStart('a', 100, [], { fast: 64, max: 256, slowMs: 100 })).toBe(8);
});

it('takes nothing for slow sooner than ten starts of a lane, between 100 ms and 2 s', () => {
  expect([0, 4, 40, 900].map(slowAfter)).toEqual([100, 100, 400, 2000]);
});

it('gives a lane one order while there is a lane for each, and sixteen at most', () => {
  const waiting = [1, 4, 5, 8, 9, 31, 32, 500];
  expect(waiting.map((count) => ordersAtOnce(count, 4))).toEqual([1, 1, 2, 2, 3, 8, 8, 16]);
  expect(ordersAtOnce(3, 0)).toBe(3);
});
