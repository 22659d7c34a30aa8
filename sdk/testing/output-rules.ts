import type { Json } from '../values.ts';
import { expectThat } from './plugin-folder.ts';

/** Throws unless a value is plain data: objects, arrays, text, booleans, null and finite numbers, without cycles. */
export function checkPlain(
  value: unknown,
  path = 'value',
  above: readonly unknown[] = [],
): asserts value is Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number') return expectThat(Number.isFinite(value), `${path} is ${value}`);
  expectThat(typeof value === 'object', `${path} is a ${typeof value}`);
  expectThat(!above.includes(value), `${path} is part of a cycle`);
  const prototype: unknown = Object.getPrototypeOf(value);
  expectThat(
    Array.isArray(value) || prototype === Object.prototype || prototype === null,
    `${path} is an instance of a class`,
  );
  for (const [key, inner] of Object.entries(value)) checkPlain(inner, `${path}.${key}`, [...above, value]);
}

/** The steps of every leaf. An array is one leaf; an object without keys is none. */
export function leafPaths(value: Json, above: string[] = []): string[][] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [above];
  return Object.entries(value).flatMap(([key, inner]) => leafPaths(inner, [...above, key]));
}

/**
 * The leaves of a tree that a manifest's `output` does not document. Patterns are dotted; a `*` alone in a step stands for any
 * one key, also one that contains dots; within a step it stands for any text. A last step `**` stands for one step or more.
 */
export function undocumentedPaths(value: Json, output: { [pattern: string]: string }): string[] {
  const patterns = Object.keys(output).map((pattern) => pattern.split('.').map(stepPattern));
  return leafPaths(value)
    .filter((path) => !patterns.some((steps) => matches(steps, path)))
    .map((path) => path.join('.'));
}

/** What `**` becomes. */
const anyDepth = '^.*.*$';

function stepPattern(step: string): RegExp {
  const escaped = step.replace(/[\\^$.|?+()[\]{}]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`, 's');
}

function matches(steps: RegExp[], path: string[]): boolean {
  const isOpen = steps.at(-1)?.source === anyDepth && path.length > steps.length;
  return (
    (isOpen || steps.length === path.length) && steps.every((step, index) => step.test(path[index] ?? ''))
  );
}
