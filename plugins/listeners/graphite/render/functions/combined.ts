import type { RenderContext } from '../evaluate/context.ts';
import type { AggregateName } from '../series/aggregates.ts';
import { aggregateNamed } from '../series/aggregates.ts';
import { aggregateRows, normalize } from '../series/consolidation.ts';
import { newSeries, type Series } from '../series/series.ts';

/** What series were computed from, each once. */
export function pathsOf(list: readonly Series[]): string {
  return [...new Set(list.map(({ path }) => path))].join(',');
}

/** How rows are joined, and under which word. */
export interface Joining {
  /** The word that names of results use, such as `avg`; with or without `Series`. */
  word: string;
  aggregate?: AggregateName;
  xFilesFactor?: number;
  name?: string;
}

/** One series of the rows of several. Undefined where there is none. */
export function combined(
  list: readonly Series[],
  { word, xFilesFactor, ...joining }: Joining,
  context: RenderContext,
): Series | undefined {
  const share = xFilesFactor ?? context.xFilesFactor;
  const normal = normalize(list, context.xFilesFactor);
  if (normal === undefined) return undefined;
  const { columns, ...time } = normal;
  for (const { length } of columns) context.budget.take(length);
  const short = word.endsWith('Series') ? word.slice(0, -'Series'.length) : word;
  const computed = `${short}Series(${pathsOf(list)})`;
  const values = aggregateRows(columns, joining.aggregate ?? aggregateNamed(word), share);
  return newSeries({
    ...time,
    name: joining.name ?? computed,
    path: computed,
    values,
    xFilesFactor,
    tags: { name: computed, ...commonTags(list), aggregatedBy: short },
  });
}

/** Tags that all of the series have alike. */
export function commonTags(list: readonly Series[]): Record<string, string> {
  const [first, ...others] = list;
  const tags = Object.entries(first?.tags ?? {});
  return Object.fromEntries(
    tags.filter(([tag, value]) => others.every((series) => series.tags[tag] === value)),
  );
}
