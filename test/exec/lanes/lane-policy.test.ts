import { expect, it } from 'vitest';
import {
  hasTurn,
  type LaneView,
  lanesAtOnce,
  lanesToStart,
  ordersAtOnce,
  slowAfter,
} from '../../../exec/lanes/lane-policy.ts';

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

it.each<[string, number, [idle: number, own: number, thread: number] | null, number]>([
  ['twice as many where processors stand idle', 3, [0.6, 0.3, 0.1], 6],
  ['no more than allowed', 12, [0.6, 0.3, 0.1], 16],
  ['the same where more would only keep the thread busy', 3, [0.6, 0.3, 0.9], 3],
  ['the same where the commands leave a little', 6, [0.1, 0.8, 0.1], 6],
  ['half as many where they leave nothing', 12, [0.01, 0.8, 0.1], 6],
  ['no fewer than allowed', 5, [0, 0.9, 0.1], 3],
  ['as many as usual where others take the processors', 3, [0, 0.1, 0.1], 6],
  ['no more than usual there', 6, [0.1, 0.1, 0.1], 8],
  ['as many as usual where others came to take them', 16, [0, 0.2, 0.1], 8],
  ['the same where nobody knows', 6, null, 6],
])('uses %s', (_, so, shares, count) => {
  const [idle = 0, own = 0, thread = 0] = shares ?? [];
  const use = shares === null ? null : { idle, own, thread };
  expect(lanesAtOnce(so, use, { least: 3, usual: 8, fast: 16 })).toBe(count);
});

it.each<[string, LaneView[], boolean]>([
  ['while there is room', [...lanes(3, 20), ...lanes(5, null)], true],
  ['not beside as many as may use the processor', lanes(4, 20), false],
  ['beside any number of long ones', lanes(9, 200), true],
  ['beside as many of other kinds, when its kind has none under way', lanes(4, 20, 'b'), true],
  [
    'beside as many of other kinds, when what its kind has takes long',
    [...lanes(4, 20, 'b'), ...lanes(1, 200)],
    true,
  ],
])('gives an idle lane a command %s', (_, views, is) => {
  expect(hasTurn('a', views, bounds)).toBe(is);
});

it('gives a lane one order while there is a lane for each, and sixty-four at most', () => {
  const waiting = [1, 4, 5, 8, 9, 31, 32, 500];
  expect(waiting.map((count) => ordersAtOnce(count, 4, 1))).toEqual([1, 1, 2, 2, 3, 8, 8, 64]);
  expect(ordersAtOnce(3, 0, 1)).toBe(3);
});

it('gives a lane no more orders than are done soon', () => {
  expect([0, 0.5, 2, 20, 60, 500].map((usualMs) => ordersAtOnce(500, 4, usualMs))).toEqual([
    64, 64, 32, 3, 1, 1,
  ]);
});
