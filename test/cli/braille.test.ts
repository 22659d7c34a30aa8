import { expect, it } from 'vitest';
import { brailleChart, brailleRing, DotGrid } from '../../cli/braille.ts';

it('sets dots, and leaves out those outside', () => {
  const grid = new DotGrid(2, 1);
  for (const [x, y] of [
    [0, 0],
    [3, 3],
    [-1, 0],
    [4, 0],
    [0, 4],
  ] as const)
    grid.set(x, y);
  expect(grid.lines()).toEqual(['⠁⢀']);
  expect([grid.has(0, 0), new DotGrid(1, 1).has(0, 0)]).toEqual([true, false]);
});

it('draws a line from value to value, the highest at the top', () => {
  expect(brailleChart([0, 1, 2, 3], 2, 1)).toEqual(['⡠⠊']);
  expect(brailleChart([0, 7], 1, 2)).toEqual(['⢸', '⡸']);
  expect(brailleChart([0, null, 7], 2, 2)).toEqual(['⠀⠁', '⡀⠀']);
  expect(brailleChart([null, null], 2, 2)).toEqual(['⠀', '⠀']);
  expect(brailleChart([5, 5], 1, 1)).toEqual(['⣀']);
});

it('fills what is below, between bounds', () => {
  expect(brailleChart([0, 50, 100, 200], 2, 1, { low: 0, high: 100, filled: true })).toEqual(['⣰⣿']);
});

it('draws a ring that is thin where it is not filled', () => {
  const half = brailleRing(8, 4, 0.5);
  expect([...half.filled.lines(), ...half.rest.lines()].join('\n')).toMatchInlineSnapshot(`
    "⠀⠀⠀⠀⠿⣶⣄⠀
    ⠀⠀⠀⠀⠀⠈⢻⣧
    ⠀⠀⠀⠀⠀⢀⣼⡟
    ⠀⠀⠀⠀⣶⠿⠋⠀
    ⠀⢀⠤⠒⠀⠀⠀⠀
    ⢠⠃⠀⠀⠀⠀⠀⠀
    ⠘⡄⠀⠀⠀⠀⠀⠀
    ⠀⠈⠒⠤⠀⠀⠀⠀"
  `);
  expect(half.hole).toBe(3);
  expect(brailleRing(8, 4, 0).filled.lines().join('')).toMatch(/^\u2800+$/);
  expect(brailleRing(8, 4, 1).rest.lines().join('')).toMatch(/^\u2800+$/);
});
