import { expect, it } from 'vitest';
import { changedPaths, leavesOf } from './leaves.ts';

it('lists the values of a tree, and which are others than before', () => {
  const before = leavesOf({ a: 1, b: { c: 'x', d: [1, 2] }, e: null });
  expect(before).toEqual([
    { path: 'a', value: 1 },
    { path: 'b.c', value: 'x' },
    { path: 'b.d', value: [1, 2] },
    { path: 'e', value: null },
  ]);
  expect(leavesOf(undefined)).toEqual([]);
  expect(changedPaths([], before).size).toBe(0);
  expect([...changedPaths(before, leavesOf({ a: 2, b: { c: 'x', d: [1, 2] }, f: 1 }))]).toEqual(['a', 'f']);
});
