import type { Json } from 'opsbro/sdk';

/** Every number of a tree as a line of graphite: `path value seconds`. */
export function linesOf(value: Json, path: string[], seconds: number): string[] {
  if (typeof value === 'number') return [`${path.join('.')} ${value} ${seconds}\n`];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    linesOf(inner, [...path, key.replaceAll(/[^\w-]+/g, '_')], seconds),
  );
}
