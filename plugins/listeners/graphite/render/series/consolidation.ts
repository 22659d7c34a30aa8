import { type AggregateName, aggregate, counted, isEnough } from './aggregates.ts';
import type { Series } from './series.ts';

/** Joins each `size` values to one, the last ones may be fewer. */
export function joined(
  values: Float64Array,
  size: number,
  name: AggregateName,
  xFilesFactor: number,
): Float64Array {
  const result = new Float64Array(Math.ceil(values.length / size));
  if (name === 'average') joinAverages(values, size, xFilesFactor, result);
  else
    for (let index = 0; index < result.length; index += 1) {
      const from = index * size;
      const count = Math.min(size, values.length - from);
      result[index] = isEnough(counted(values, from, count), count, xFilesFactor)
        ? aggregate(name, values, from, count)
        : Number.NaN;
    }
  return result;
}

/** The same for what nearly every series asks for, in one pass. */
function joinAverages(values: Float64Array, size: number, xFilesFactor: number, result: Float64Array): void {
  for (let index = 0; index < result.length; index += 1) {
    const from = index * size;
    const to = Math.min(from + size, values.length);
    let total = 0;
    let found = 0;
    for (let at = from; at < to; at += 1) {
      const value = values[at]!;
      if (!Number.isNaN(value)) {
        total += value;
        found += 1;
      }
    }
    result[index] = isEnough(found, to - from, xFilesFactor) ? total / found : Number.NaN;
  }
}

/** Values of series of one time and one step. */
export interface Normalized {
  start: number;
  end: number;
  step: number;
  /** Values of each series from its own start on, as Graphite compares them: by place. */
  columns: Float64Array[];
}

/** Brings series to the least common multiple of their steps. Undefined where there is none. */
export function normalize(list: readonly Series[], xFilesFactor: number): Normalized | undefined {
  if (list.length === 0) return undefined;
  let step = list[0]!.step;
  let start = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const series of list) {
    if (series.step !== step) step = (step / divisor(step, series.step)) * series.step;
    start = Math.min(start, series.start);
    end = Math.max(end, series.end);
  }
  const columns = list.map(({ values, step: own, consolidation, xFilesFactor: share }) =>
    own === step ? values : joined(values, step / own, consolidation, share ?? xFilesFactor),
  );
  return { start, end: end - ((end - start) % step), step, columns };
}

function divisor(one: number, other: number): number {
  return other === 0 ? one : divisor(other, one % other);
}

/** As many rows as the longest column has. */
export function rowCount(columns: readonly Float64Array[]): number {
  return columns.reduce((longest, { length }) => Math.max(longest, length), 0);
}

/** One value from each row of the columns; a column that ends early is absent from then on. `row` is used anew for each. */
export function rows(columns: readonly Float64Array[], judge: (row: Float64Array) => number): Float64Array {
  const row = new Float64Array(columns.length);
  const result = new Float64Array(rowCount(columns));
  for (let index = 0; index < result.length; index += 1) {
    for (let column = 0; column < columns.length; column += 1)
      row[column] = columns[column]![index] ?? Number.NaN;
    result[index] = judge(row);
  }
  return result;
}

/** What `name` makes of each row. */
export function aggregateRows(
  columns: readonly Float64Array[],
  name: AggregateName,
  xFilesFactor: number,
): Float64Array {
  if (name === 'sum' || name === 'average') return totals(columns, name === 'average', xFilesFactor);
  return rows(columns, (row) =>
    isEnough(counted(row), row.length, xFilesFactor) ? aggregate(name, row) : Number.NaN,
  );
}

/** Sums column by column, so that memory is read in order. */
function totals(columns: readonly Float64Array[], isMean: boolean, xFilesFactor: number): Float64Array {
  const result = new Float64Array(rowCount(columns));
  const found = new Uint32Array(result.length);
  for (const column of columns)
    for (let index = 0; index < column.length; index += 1) {
      const value = column[index]!;
      if (!Number.isNaN(value)) {
        result[index]! += value;
        found[index]! += 1;
      }
    }
  for (let index = 0; index < result.length; index += 1) {
    if (!isEnough(found[index]!, columns.length, xFilesFactor)) result[index] = Number.NaN;
    else if (isMean) result[index]! /= found[index]!;
  }
  return result;
}
