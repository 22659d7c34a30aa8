import type { Call } from '../evaluate/call.ts';
import type { RenderContext } from '../evaluate/context.ts';
import { type FunctionSpec, params } from '../evaluate/function-spec.ts';
import { nodeKey } from '../evaluate/node-key.ts';
import { aggregateRows, type Normalized, normalize, rows } from '../series/consolidation.ts';
import { byCodePoint } from '../series/python-text.ts';
import { newSeries, type Series } from '../series/series.ts';
import { combined, pathsOf } from './combined.ts';

const share = (value: number, total: number): number => ratio(value, total) * 100;

/** Functions that set series in relation to others. */
export const percentFunctions: FunctionSpec[] = [
  {
    name: 'asPercent',
    aliases: ['pct'],
    group: 'Combine',
    summary: 'Series in percent of their sum, of a number or of other series.',
    params: params('seriesList:seriesList! total:any nodes:nodeOrTag*'),
    run: asPercent,
  },
  {
    name: 'divideSeries',
    group: 'Combine',
    summary: 'Series divided by one series.',
    params: params('dividendSeriesList:seriesList! divisorSeries:seriesList!'),
    run(call) {
      const divisors = call.series('divisorSeries');
      if (divisors.length > 1) throw call.error(`the divisor must be one series, and not ${divisors.length}`);
      return call
        .series('dividendSeriesList')
        .map((series) => related('divideSeries', series, divisors[0], ratio, call.context));
    },
  },
  {
    name: 'divideSeriesLists',
    group: 'Combine',
    summary: 'The series of a list divided by those of another, pair by pair.',
    params: params('dividendSeriesList:seriesList! divisorSeriesList:seriesList!'),
    run(call) {
      const divisors = call.series('divisorSeriesList');
      const dividends = call.series('dividendSeriesList');
      if (divisors.length !== dividends.length) throw call.error('both lists must have as many series');
      return dividends.map((series, index) =>
        related('divideSeries', series, divisors[index], ratio, call.context),
      );
    },
  },
  {
    name: 'weightedAverage',
    group: 'Combine',
    summary: 'The average of series, weighted by others that have the same steps in their names.',
    params: params('seriesListAvg:seriesList! seriesListWeight:seriesList! nodes:nodeOrTag*'),
    run: weightedAverage,
  },
];

/** A division by zero has no value. */
function ratio(value: number, divisor: number): number {
  return divisor === 0 ? Number.NaN : value / divisor;
}

/** Two series in relation, point by point. */
function related(
  word: string,
  first: Series | undefined,
  second: Series | undefined,
  relate: (one: number, other: number) => number,
  context: RenderContext,
): Series {
  const list = [first, second].flatMap((series) => series ?? []);
  const { columns, ...time } = normalize(list, context.xFilesFactor) as Normalized;
  context.budget.take(columns[0]!.length);
  const name = `${word}(${first?.name ?? 'MISSING'},${second?.name ?? 'MISSING'})`;
  if (list.length < 2) {
    const values = new Float64Array(columns[0]!.length).fill(Number.NaN);
    return newSeries({ ...time, name, values, ...(word === 'divideSeries' && { tags: list[0]!.tags }) });
  }
  return newSeries({ ...time, name, values: rows(columns, (row) => relate(row[0]!, row[1]!)) });
}

function asPercent(call: Call): Series[] {
  const list = call.series();
  const [total] = call.values('total');
  const percentOf = (series: Series | undefined, of: Series | undefined): Series =>
    related('asPercent', series, of, share, call.context);
  if (call.has('nodes')) {
    if (total !== undefined && total.kind !== 'series' && total.kind !== 'none')
      throw call.error("with nodes, 'total' must be None or series");
    return percentByNodes(call, list, total?.kind === 'series' ? total.list : undefined, percentOf);
  }
  if (list.length === 0) return [];
  if (total === undefined || total.kind === 'none') {
    const { columns, ...time } = normalize(list, call.context.xFilesFactor) as Normalized;
    const name = `sumSeries(${pathsOf(list)})`;
    const sum = newSeries({
      ...time,
      name,
      values: aggregateRows(columns, 'sum', call.context.xFilesFactor),
    });
    return list.map((series) => percentOf(series, sum));
  }
  if (total.kind !== 'series') return list.map((series) => percentOfNumber(call, series));
  const totals = total.list;
  if (totals.length === 1) return list.map((series) => percentOf(series, totals[0]));
  if (totals.length !== list.length)
    throw call.error("'total' must be a number, one series, or as many series as there are");
  const ordered = [...totals].sort(byName);
  return [...list].sort(byName).map((series, index) => percentOf(series, ordered[index]));
}

function percentOfNumber(call: Call, series: Series): Series {
  const total = call.number('total');
  const name = `asPercent(${series.name},${call.shown('total')})`;
  const values = call.mapped(series.values, (value) => share(value, total));
  const { start, end, step } = series;
  return newSeries({ name, start, end, step, values });
}

function percentByNodes(
  call: Call,
  list: Series[],
  totals: Series[] | undefined,
  percentOf: (series: Series | undefined, of: Series | undefined) => Series,
): Series[] {
  const nodes = call.nodes();
  const byKey = keyed(list, (series) => nodeKey(series, nodes));
  const sums = new Map<string, Series>();
  for (const [key, group] of totals === undefined
    ? byKey
    : keyed(totals, (series) => nodeKey(series, nodes))) {
    const sum = group.length === 1 ? group[0] : combined(group, { word: 'sum' }, call.context);
    if (sum !== undefined) sums.set(key, sum);
  }
  const keys = [...new Set([...byKey.keys(), ...sums.keys()])].sort(byCodePoint);
  return keys.flatMap((key) =>
    (byKey.get(key) ?? [undefined]).map((series) => percentOf(series, sums.get(key))),
  );
}

function keyed(list: readonly Series[], keyOf: (series: Series) => string): Map<string, Series[]> {
  const groups = new Map<string, Series[]>();
  for (const series of list) groups.set(keyOf(series), [...(groups.get(keyOf(series)) ?? []), series]);
  return groups;
}

function weightedAverage(call: Call): Series[] {
  const averages = call.series('seriesListAvg');
  const weights = call.series('seriesListWeight');
  const nodes = call.nodes();
  const weightOf = new Map(weights.map((series) => [nodeKey(series, nodes), series]));
  const averageOf = new Map(averages.map((series) => [nodeKey(series, nodes), series]));
  const products = [...averageOf].flatMap(([key, average]) => {
    const weight = weightOf.get(key);
    if (weight === undefined) return [];
    const values = rows([average.values, weight.values], (row) => row[0]! * row[1]!);
    const { start, end, step } = average;
    return [newSeries({ name: `product(${weight.name},${average.name})`, start, end, step, values })];
  });
  const product = combined(products, { word: 'sum' }, call.context);
  const weight = combined(weights, { word: 'sum' }, call.context);
  if (product === undefined || weight === undefined) return [];
  const name = `weightedAverage(${sortedPaths(averages)}, ${sortedPaths(weights)}, ${nodes.join(',')})`;
  const values = rows([product.values, weight.values], (row) => ratio(row[0]!, row[1]!));
  const { start, end, step } = product;
  return [newSeries({ name, start, end, step, values })];
}

function sortedPaths(list: readonly Series[]): string {
  return [...new Set(list.map(({ path }) => path))].sort(byCodePoint).join(',');
}

function byName(one: Series, other: Series): number {
  return byCodePoint(one.name, other.name);
}
