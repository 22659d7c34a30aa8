import type { Json, JsonObject } from 'opsbro/sdk';
import { plain } from './table.ts';

/** One leaf of a tree: its dotted path and its value. */
export interface Leaf {
  path: string;
  value: Json;
}

/** The leaves of a tree below `prefix`, sorted by path as plain text. Empty mappings and lists are leaves too. */
export function leaves(tree: Json, prefix: string): Leaf[] {
  const found: Leaf[] = [];
  collect(tree, prefix, found);
  return found.sort((left, right) => (left.path < right.path ? -1 : 1));
}

function collect(value: Json, path: string, found: Leaf[]): void {
  const inner: [string, Json][] = Array.isArray(value)
    ? value.map((entry, index): [string, Json] => [String(index), entry])
    : value !== null && typeof value === 'object'
      ? Object.entries(value as JsonObject)
      : [];
  if (inner.length === 0) found.push({ path, value });
  for (const [key, entry] of inner) collect(entry, `${path}.${key}`, found);
}

/** `collector.memory.phys_used = 41.5` for every leaf, one a line. */
export function valueLines(tree: Json, prefix: string): string[] {
  return leaves(tree, prefix).map(({ path, value }) => `${plain(path)} = ${valueText(value)}`);
}

/** A leaf as text: strings bare, everything else as JSON. */
export function valueText(value: Json): string {
  return typeof value === 'string' ? plain(value) : JSON.stringify(value);
}
