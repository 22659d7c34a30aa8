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

/** Every number of a collector's tree with its name: the steps that lead to it, below `prefix`. Texts, booleans and lists have none. */
export function metricsOf(prefix: string, tree: JsonObject): [name: string, value: number][] {
  const found: [string, number][] = [];
  collect(prefix, tree, found, maxDepth);
  return found;
}

function collect(prefix: string, tree: JsonObject, found: [string, number][], depth: number): void {
  const entries = Object.entries(tree).filter(([, value]) => typeof value === 'number' || isTree(value));
  const steps = stepsOf(entries.map(([key]) => key));
  entries.forEach(([, value], index) => {
    const name = `${prefix}.${steps[index]!}`;
    if (typeof value === 'number') found.push([name, value]);
    else if (depth > 0) collect(name, value as JsonObject, found, depth - 1);
  });
}

function isTree(value: Json): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
