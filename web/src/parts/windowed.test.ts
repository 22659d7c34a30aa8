import { describe, expect, it } from 'vitest';
import { stretchOf } from './windowed.ts';

describe('a windowed list', () => {
  it.each([
    [20_000, 36, 0, 720, { first: 0, last: 28 }],
    [20_000, 36, 3600, 720, { first: 92, last: 128 }],
    [20_000, 36, 720_000, 720, { first: 19_992, last: 20_000 }],
    [3, 36, 0, 720, { first: 0, last: 3 }],
    // It became shorter while it was scrolled down.
    [5, 36, 72_000, 720, { first: 4, last: 5 }],
  ])('of %d rows of %d px, scrolled by %d, in %d draws %j', (count, row, top, height, expected) => {
    expect(stretchOf(count, row, top, height)).toEqual(expected);
  });
});
