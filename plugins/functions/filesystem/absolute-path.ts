import { isAbsolute } from 'node:path';
import type { Json } from 'opsbro/sdk';

/**
 * Narrows an argument to an absolute path. Throws for anything else: an agent has no working directory that means something.
 */
export function absolutePath(value: Json | undefined): string {
  if (typeof value !== 'string') throw new Error(`the path must be a string, got ${typeName(value)}`);
  if (!isAbsolute(value)) throw new Error(`the path must be absolute, got '${value.slice(0, 200)}'`);
  return value;
}

function typeName(value: Json | undefined): string {
  if (value === null || value === undefined) return 'None';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
