import type { Call } from '../evaluate/call.ts';
import { type FunctionSpec, params } from '../evaluate/function-spec.ts';
import { aggregate, counted } from '../series/aggregates.ts';
import { normalize, rowCount, rows } from '../series/consolidation.ts';
import { percentile } from '../series/percentile.ts';
import { shortFloat } from '../series/python-text.ts';
import { newSeries, type Series } from '../series/series.ts';
import { combined, pathsOf } from './combined.ts';
import { constantLine } from './sources.ts';

const lists = params('seriesLists:seriesList!*');
const pairs = params('seriesListFirstPos:seriesList! seriesListSecondPos:seriesList!');
const wildcards = params('seriesList:seriesList! position:node*');

/** Functions that make one series of several. */
export const combineFunctions: FunctionSpec[] = [
  joining('sumSeries', 'sum', 'Adds series up.', ['sum']),
  joining('averageSeries', 'average', 'The average of series.', ['avg']),
  joining('minSeries', 'min', 'The least value of series.'),
  joining('maxSeries', 'max', 'The greatest value of series.'),
  joining('diffSeries', 'diff', 'The first series less all others.'),
  joining('multiplySeries', 'multiply', 'The product of series.'),
  joining('stddevSeries', 'stddev', 'The standard deviation between series.'),
  joining('rangeOfSeries', 'rangeOf', 'The span between the least and the greatest value of series.'),
  ofWildcards('sumSeriesWithWildcards', 'sum', 'Adds up series whose names differ in the given steps only.'),
  ofWildcards(
    'averageSeriesWithWildcards',
    'average',
    'Averages series whose names differ in the given steps only.',
  ),
  ofWildcards(
    'multiplySeriesWithWildcards',
    'multiply',
    'Multiplies series whose names differ in the given steps only.',
  ),
  ofPairs('sumSeriesLists', 'sum', 'Adds up the series of two lists, pair by pair.'),
  ofPairs('diffSeriesLists', 'diff', 'Subtracts the series of a list from those of another, pair by pair.'),
  ofPairs('multiplySeriesLists', 'multiply', 'Multiplies the series of two lists, pair by pair.'),
  {
    name: 'aggregate',
    group: 'Combine',
    summary: 'Joins series by the given aggregate.',
    params: params('seriesList:seriesList! func:aggFunc! xFilesFactor:float'),
    run: (call) => one(call, call.series(), call.text('func')),
  },
  {
    name: 'aggregateWithWildcards',
    group: 'Combine',
    summary: 'Joins series whose names differ in the given steps only.',
    params: params('seriesList:seriesList! func:aggFunc! position:node*'),
    run: (call) => withoutSteps(call, call.text('func')),
  },
  {
    name: 'aggregateSeriesLists',
    group: 'Combine',
    summary: 'Joins the series of two lists, pair by pair.',
    params: params(
      'seriesListFirstPos:seriesList! seriesListSecondPos:seriesList! func:aggFunc! xFilesFactor:float',
    ),
    run: (call) => pairwise(call, call.text('func')),
  },
  {
    name: 'countSeries',
    group: 'Combine',
    summary: 'How many series there are.',
    params: params('seriesLists:seriesList*'),
    run: countSeries,
  },
  {
    name: 'percentileOfSeries',
    group: 'Combine',
    summary: 'The given percentile of the values of series at each time.',
    params: params('seriesList:seriesList! n:float! interpolate:boolean=false'),
    run: percentileOfSeries,
  },
  {
    name: 'powSeries',
    group: 'Combine',
    summary: 'The first series to the power of the next, and so on.',
    params: lists,
    run: powSeries,
  },
  {
    name: 'group',
    group: 'Combine',
    summary: 'Several lists of series as one.',
    params: params('seriesLists:seriesList*'),
    run: (call) => call.lists().flat(),
  },
];

function joining(name: string, word: string, summary: string, aliases: string[] = []): FunctionSpec {
  return {
    ...{ name, aliases, group: 'Combine', summary, params: lists },
    run: (call) => one(call, call.lists().flat(), word),
  };
}

function ofWildcards(name: string, word: string, summary: string): FunctionSpec {
  return { name, group: 'Combine', summary, params: wildcards, run: (call) => withoutSteps(call, word) };
}

function ofPairs(name: string, word: string, summary: string): FunctionSpec {
  return { name, group: 'Combine', summary, params: pairs, run: (call) => pairwise(call, word) };
}

function one(call: Call, list: Series[], word: string): Series[] {
  const share = call.has('xFilesFactor') ? { xFilesFactor: call.number('xFilesFactor') } : {};
  const result = combined(list, { word, ...share }, call.context);
  return result === undefined ? [] : [result];
}

/** Joins series whose names are the same without the given steps. */
function withoutSteps(call: Call, word: string): Series[] {
  const positions = new Set(call.nodes('position'));
  const groups = new Map<string, Series[]>();
  for (const series of call.series()) {
    const steps = series.name.split('.');
    const name = steps.filter((_, index) => !positions.has(index)).join('.');
    groups.set(name, [...(groups.get(name) ?? []), series]);
  }
  return [...groups].flatMap(([name, list]) => combined(list, { word, name }, call.context) ?? []);
}

function pairwise(call: Call, word: string): Series[] {
  const firsts = call.series('seriesListFirstPos');
  const seconds = call.series('seriesListSecondPos');
  if (firsts.length !== seconds.length) throw call.error('both lists must have as many series');
  return firsts.flatMap((first, index) => {
    const pair = [first, seconds[index]!];
    const [result] = one(call, pair, word);
    const name = `${word.replace(/Series$/, '')}Series(${pair.map((series) => series.name).join(',')})`;
    return result === undefined ? [] : [{ ...result, name }];
  });
}

function countSeries(call: Call): Series[] {
  const given = call.lists();
  if (given.length === 0) return [constantLine(call.context, 0, '0')];
  const list = given.flat();
  const normal = normalize(list, call.context.xFilesFactor);
  if (normal === undefined) return [];
  const { columns, ...time } = normal;
  const values = new Float64Array(rowCount(columns)).fill(list.length);
  return [newSeries({ ...time, name: `countSeries(${pathsOf(list)})`, values })];
}

function percentileOfSeries(call: Call): Series[] {
  const list = call.series();
  const n = call.number('n');
  if (n <= 0) throw call.error('the percentile must be above 0');
  const normal = normalize(list, call.context.xFilesFactor);
  if (normal === undefined) return [];
  const { columns, ...time } = normal;
  for (const { length } of columns) call.context.budget.take(length);
  const interpolates = call.flag('interpolate');
  const values = rows(columns, (row) => percentile(row, n, interpolates));
  return [newSeries({ ...time, name: `percentileOfSeries(${list[0]!.path},${shortFloat(n)})`, values })];
}

function powSeries(call: Call): Series[] {
  const list = call.lists().flat();
  const normal = normalize(list, call.context.xFilesFactor);
  if (normal === undefined) return [];
  const { columns, ...time } = normal;
  for (const { length } of columns) call.context.budget.take(length);
  const values = rows(columns, (row) => (counted(row) < row.length ? Number.NaN : aggregate('pow', row)));
  return [newSeries({ ...time, name: `powSeries(${pathsOf(list)})`, values })];
}
