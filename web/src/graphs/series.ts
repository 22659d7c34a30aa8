/** One series as `/render` answers it: points are value and epoch seconds. */
export interface RenderedSeries {
  target: string;
  datapoints: [value: number | null, at: number][];
}

/** Columns as uPlot draws them: times, then the values of each series at those. */
export type Columns = [times: number[], ...values: (number | null)[][]];

/** Series over the times of all of them. */
export function columnsOf(series: readonly RenderedSeries[]): Columns {
  const times = [...new Set(series.flatMap(({ datapoints }) => datapoints.map(([, at]) => at)))].sort(
    (one, other) => one - other,
  );
  const place = new Map(times.map((at, index) => [at, index]));
  const values = series.map(({ datapoints }) => {
    const column: (number | null)[] = new Array(times.length).fill(null);
    for (const [value, at] of datapoints) column[place.get(at) ?? 0] = value;
    return column;
  });
  return [times, ...values];
}

/** What a table says of a series. */
export interface SeriesFigures {
  target: string;
  min: number | null;
  max: number | null;
  mean: number | null;
  last: number | null;
}

/** Lowest, highest, mean and last value of a series; nulls where it has none. */
export function figuresOf({ target, datapoints }: RenderedSeries): SeriesFigures {
  const values = datapoints.flatMap(([value]) => (value === null ? [] : [value]));
  if (values.length === 0) return { target, min: null, max: null, mean: null, last: null };
  let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return { target, min, max, mean: sum / values.length, last: values.at(-1) ?? null };
}

/** A step of a name in the metric store: what it cannot hold is `_`. */
export function stepOf(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}_:@+$#&-]/gu, '_');
}

/** The query of `/render` for these targets, as many points as can be told apart. */
export function renderPath(targets: readonly string[], from: string, points: number): string {
  const query = new URLSearchParams(targets.map((target) => ['target', target]));
  query.set('from', from);
  query.set('format', 'json');
  query.set('maxDataPoints', String(points));
  return `render?${query.toString()}`;
}

/** Series of the metric store that a check wrote or read: figures of its own, and numbers of collectors. */
export function targetsOfCheck(node: string, name: string, keys: readonly string[]): string[] {
  const own = stepOf(node);
  const read = keys.flatMap((key) => {
    const path = /^collectors?\.(.+)$/.exec(key)?.[1];
    return path === undefined ? [] : [`${own}.${path.split('.').map(stepOf).join('.')}`];
  });
  return [`${own}.checks.${stepOf(name)}.*`, ...new Set(read)];
}
