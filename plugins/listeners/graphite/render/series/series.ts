import type { AggregateName } from './aggregates.ts';

/** How a series is drawn; what is absent is as the graph says. */
export interface Drawing {
  color?: string;
  alpha?: number;
  lineWidth?: number;
  dash?: number;
  invisible?: boolean;
  stacked?: boolean;
  infinite?: boolean;
  secondAxis?: boolean;
}

/**
 * A series of one request: evenly spaced points with a name. Series are never changed, and share values; a function makes new ones. Times are
 * whole seconds since 1970, `NaN` is a point without value.
 */
export interface Series {
  /** What people see. */
  name: string;
  /** What it was computed from: a target that yields it anew. */
  path: string;
  start: number;
  end: number;
  step: number;
  values: Float64Array;
  /** What joins points where several become one. */
  consolidation: AggregateName;
  /** The share of points that must have a value for joined ones to have one; undefined is what the request says. */
  xFilesFactor: number | undefined;
  tags: Readonly<Record<string, string>>;
  drawing: Drawing;
}

/** What a new series takes from its source, unless it is told. */
export type Change = Partial<Series>;

/** A series like another one. With a new name alone its path follows the name. */
export function changed(series: Series, change: Change): Series {
  const path = change.path ?? change.name ?? series.path;
  return { ...series, ...change, path };
}

/** A series like another one, with more tags. */
export function tagged(series: Series, tags: Record<string, string>, change: Change = {}): Series {
  return changed(series, { ...change, tags: { ...series.tags, ...tags } });
}

/** A series that comes from nowhere. Its tags are those that its name tells. */
export function newSeries(
  from: Pick<Series, 'name' | 'start' | 'end' | 'step' | 'values'> & Partial<Series>,
): Series {
  return {
    path: from.name,
    consolidation: 'average',
    xFilesFactor: undefined,
    tags: tagsOfName(from.name),
    drawing: {},
    ...from,
  };
}

/** The tags of `name;tag=value;…`, and the name before them as the tag `name`. */
export function tagsOfName(path: string): Record<string, string> {
  const [name = '', ...pairs] = path.split(';');
  const tags: Record<string, string> = {};
  // A computed name may speak of tagged series; it has no tags itself.
  if (name.includes('(') || pairs.some((pair) => !/^[^=]+=./.test(pair))) return { name: path };
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    tags[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return { ...tags, name };
}

/** The value of a tag, which anybody may have named; empty where the series does not have it. */
export function tagValue(tags: Readonly<Record<string, string>>, tag: string): string {
  return Object.hasOwn(tags, tag) ? tags[tag]! : '';
}

/** New values, one from each. */
export function mapped(values: Float64Array, change: (value: number) => number): Float64Array {
  const result = new Float64Array(values.length);
  for (let index = 0; index < values.length; index += 1) result[index] = change(values[index]!);
  return result;
}

/** The values that are there. */
export function present(values: Float64Array): Float64Array {
  return values.filter((value) => !Number.isNaN(value));
}
