import type { Target } from '../grammar/target.ts';
import { parseTargetStart } from '../grammar/target-parser.ts';
import { type Series, tagValue } from '../series/series.ts';

/** A step of a name, counted from 0 or from the end (-1), or the name of a tag. */
export type NodeKey = number | string;

/** Steps and tags of a series, joined by dots; what it does not have is empty. */
export function nodeKey(series: Series, nodes: readonly NodeKey[], path = firstPath(series.name)): string {
  const steps = path.split(';', 1)[0]!.split('.');
  return nodes
    .map((node) => (typeof node === 'number' ? (steps.at(node) ?? '') : tagValue(series.tags, node)))
    .join('.');
}

/** The first pattern that a name with calls speaks of: `a.b` of `scale(a.b,2)`. A name that is no target stands for itself. */
export function firstPath(name: string): string {
  if (!/[(|]/.test(name)) return name;
  try {
    return pathIn(parseTargetStart(name)) ?? name;
  } catch {
    return name;
  }
}

function pathIn(target: Target): string | undefined {
  if (target.kind === 'path') return target.text;
  if (target.kind === 'template') return pathIn(target.body);
  if (target.kind !== 'call') return undefined;
  for (const argument of target.args) {
    const found = pathIn(argument);
    if (found !== undefined) return found;
  }
  return undefined;
}
