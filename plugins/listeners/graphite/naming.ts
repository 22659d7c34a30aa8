import { createHash } from 'node:crypto';
import type { Json, JsonObject } from 'opsbro/sdk';

/** What a step of a name may be made of; Graphite reads the rest as something else, or not at all. */
const foreign = /[^A-Za-z0-9_:@+$#&-]/g;
/** Leaves room for an ending within the 255 bytes of a file's name. */
const maxStepLength = 200;
const maxDepth = 16;

/** A text as one step of a metric's name: `/`, `.`, `%` and whatever else a step cannot hold become `_`. */
export function cleanStep(text: string): string {
  return text.replace(foreign, '_').slice(0, maxStepLength) || '_';
}

/** Six digits that tell one original from another. */
function mark(text: string): string {
  return `~${createHash('sha1').update(text).digest('hex').slice(0, 6)}`;
}

/**
 * The steps of texts that stand side by side, each its own: where two become the same, those that were changed get `~` and six digits of
 * their SHA-1.
 */
export function stepsOf(texts: readonly string[]): string[] {
  const cleaned = texts.map(cleanStep);
  const users = new Map<string, number>();
  for (const step of cleaned) users.set(step, (users.get(step) ?? 0) + 1);
  return cleaned.map((step, index) => {
    const text = texts[index]!;
    return step === text || users.get(step) === 1 ? step : step + mark(text);
  });
}

/** The steps of things that have names, as `stepsOf` gives them; of those that share a name each gets the digits of its id. */
export function stepsOfNamed(all: readonly { id: string; name: string }[]): string[] {
  const users = new Map<string, number>();
  for (const { name } of all) users.set(name, (users.get(name) ?? 0) + 1);
  const steps = stepsOf(all.map(({ name }) => name));
  return all.map(({ id, name }, index) =>
    users.get(name) === 1 ? (steps[index] as string) : cleanStep(name) + mark(id),
  );
}

/** A number of a collector's tree. */
export interface Measured {
  /** The steps that lead to it, below a prefix. */
  metric: string;
  /** The keys that lead to it, as the collector gave them. */
  path: string[];
  value: number;
}

/** Every number of a collector's tree. Texts, booleans and lists are none. */
export function measuredOf(prefix: string, tree: JsonObject): Measured[] {
  const found: Measured[] = [];
  collect(prefix, [], tree, found);
  return found;
}

/** Every number of a collector's tree with its name: the steps that lead to it, below `prefix`. */
export function metricsOf(prefix: string, tree: JsonObject): [name: string, value: number][] {
  return measuredOf(prefix, tree).map(({ metric, value }) => [metric, value]);
}

/** Everything of a collector's tree that is neither a number nor a tree: texts, booleans, nothing, lists. */
export function otherValuesOf(tree: JsonObject, path: string[] = []): [path: string[], value: Json][] {
  return Object.entries(tree).flatMap(([key, value]): [string[], Json][] => {
    const steps = [...path, key];
    if (isTree(value)) return path.length < maxDepth ? otherValuesOf(value as JsonObject, steps) : [];
    return typeof value === 'number' ? [] : [[steps, value]];
  });
}

function collect(prefix: string, path: string[], tree: JsonObject, found: Measured[]): void {
  const entries = Object.entries(tree).filter(([, value]) => typeof value === 'number' || isTree(value));
  const steps = stepsOf(entries.map(([key]) => key));
  entries.forEach(([key, value], index) => {
    const metric = `${prefix}.${steps[index]!}`;
    const keys = [...path, key];
    if (typeof value === 'number') found.push({ metric, path: keys, value });
    else if (path.length < maxDepth) collect(metric, keys, value as JsonObject, found);
  });
}

function isTree(value: Json): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The names that a key may have got as a step: alone among its neighbours, and beside one that becomes the same. */
export function possibleSteps(key: string): string[] {
  const step = cleanStep(key);
  return step === key ? [step] : [step + mark(key), step];
}
