import type { Json, JsonObject } from 'opsbro/sdk';

/** A `$a.b | c$` macro: its alternatives, each a path. */
export type Macro = string[][];

/** The macros of a command line (text or list of arguments), in order. */
export function macrosOf(script: Json | undefined): Macro[] {
  const texts = (Array.isArray(script) ? script : [script]).filter((item) => typeof item === 'string');
  return texts.flatMap((text) =>
    [...text.matchAll(/\$\s*([^$]+?)\s*\$/g)].map(([, names = '']) =>
      names.split('|').map((name) => name.trim().split('.')),
    ),
  );
}

/** First names of the `configuration.…` references in an object's texts. */
export function configurationNames(value: Json): string[] {
  if (typeof value === 'string')
    return [...value.matchAll(/\bconfiguration\.([^.\s{}|]+)/g)].map(([, name]) => name!);
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(configurationNames);
}

/** Walks own keys of mappings; undefined where the path ends early. */
export function lookUp(tree: Json | undefined, path: readonly string[]): Json | undefined {
  let value = tree;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, step))
      return undefined;
    value = value[step];
  }
  return value;
}

/** The base with every key of `over`: mappings merge, everything else is replaced. Neither is changed. */
export function mergeTrees(base: JsonObject, over: JsonObject): JsonObject {
  const result: JsonObject = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = Object.hasOwn(result, key) ? result[key] : undefined;
    const both = [before, value].every(
      (side) => typeof side === 'object' && side !== null && !Array.isArray(side),
    );
    result[key] = both ? mergeTrees(before as JsonObject, value as JsonObject) : value;
  }
  return result;
}
