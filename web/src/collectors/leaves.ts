import type { Json } from 'opsbro/sdk';

/** One value of a collector's tree, by the path to it. */
export interface Leaf {
  path: string;
  value: Json;
}

/** The values of a tree in its order, by dotted paths; a list is one value. */
export function leavesOf(tree: Json | undefined, path = ''): Leaf[] {
  if (tree === undefined) return [];
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) return [{ path, value: tree }];
  return Object.entries(tree).flatMap(([key, value]) =>
    leavesOf(value, path === '' ? key : `${path}.${key}`),
  );
}

/** The paths of which the value is another than before; where nothing was known before, nothing is new. */
export function changedPaths(before: readonly Leaf[], now: readonly Leaf[]): Set<string> {
  if (before.length === 0) return new Set();
  const known = new Map(before.map(({ path, value }) => [path, JSON.stringify(value)]));
  return new Set(now.flatMap(({ path, value }) => (known.get(path) === JSON.stringify(value) ? [] : [path])));
}
