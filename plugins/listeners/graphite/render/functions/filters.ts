import type { Call } from '../evaluate/call.ts';
import { type FunctionSpec, params } from '../evaluate/function-spec.ts';
import { Expression } from '../grammar/expression.ts';
import { type AggregateName, aggregate, counted, isEnough } from '../series/aggregates.ts';
import { normalize, rows } from '../series/consolidation.ts';
import { percentile } from '../series/percentile.ts';
import type { Series } from '../series/series.ts';
import { ordered } from './sorting.ts';

const byNumber = params('seriesList:seriesList! n:float!');
const byCount = params('seriesList:seriesList! n:integer!');
const byPattern = params('seriesList:seriesList! pattern:string!');

const operators: { [operator: string]: (value: number, bound: number) => boolean } = {
  '=': (value, bound) => value === bound,
  '!=': (value, bound) => value !== bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
};

/** Functions that choose among series. */
export const filterFunctions: FunctionSpec[] = [
  bounded('averageAbove', 'average', '>', 'Series whose average is above a number.'),
  bounded('averageBelow', 'average', '<=', 'Series whose average is at most a number.'),
  bounded('currentAbove', 'last', '>', 'Series whose last value is above a number.'),
  bounded('currentBelow', 'last', '<=', 'Series whose last value is at most a number.'),
  bounded('maximumAbove', 'max', '>', 'Series whose greatest value is above a number.'),
  bounded('maximumBelow', 'max', '<=', 'Series whose greatest value is at most a number.'),
  bounded('minimumAbove', 'min', '>', 'Series whose least value is above a number.'),
  bounded('minimumBelow', 'min', '<=', 'Series whose least value is at most a number.'),
  topmost('highestAverage', 'average', true, 'The series with the highest averages.'),
  topmost('highestCurrent', 'last', true, 'The series with the highest last values.'),
  topmost('highestMax', 'max', true, 'The series with the highest peaks.'),
  topmost('lowestAverage', 'average', false, 'The series with the lowest averages.'),
  topmost('lowestCurrent', 'last', false, 'The series with the lowest last values.'),
  chosenBy('highest', true, 'The series that are highest by an aggregate.'),
  chosenBy('lowest', false, 'The series that are lowest by an aggregate.'),
  {
    name: 'filterSeries',
    group: 'Filter Series',
    summary: 'Series whose aggregate compares to a number.',
    params: params('seriesList:seriesList! func:aggFunc! operator:string!(=|!=|>|>=|<|<=) threshold:float!'),
    run: (call) => compared(call, call.aggregate(), call.text('operator'), call.number('threshold')),
  },
  {
    name: 'grep',
    group: 'Filter Series',
    summary: 'Series whose names match a regular expression.',
    params: byPattern,
    run: (call) => named(call, true),
  },
  {
    name: 'exclude',
    group: 'Filter Series',
    summary: 'Series whose names do not match a regular expression.',
    params: byPattern,
    run: (call) => named(call, false),
  },
  {
    name: 'limit',
    group: 'Filter Series',
    summary: 'The first series.',
    params: byCount,
    run: (call) => call.series().slice(0, Math.max(0, call.integer('n'))),
  },
  {
    name: 'mostDeviant',
    group: 'Filter Series',
    summary: 'The series that spread most around their average.',
    params: byCount,
    run(call) {
      const spread = call.series().filter(({ values }) => counted(values) > 0);
      return ordered(spread, 'stddev', true).slice(0, Math.max(0, call.integer('n')));
    },
  },
  {
    name: 'unique',
    group: 'Filter Series',
    summary: 'Each name once.',
    params: params('seriesLists:seriesList!*'),
    run(call) {
      const names = new Set<string>();
      return call
        .lists()
        .flat()
        .filter(({ name }) => !names.has(name) && names.add(name));
    },
  },
  {
    name: 'removeEmptySeries',
    group: 'Filter Series',
    summary: 'Series that have values, or values enough.',
    params: params('seriesList:seriesList! xFilesFactor:float'),
    run(call) {
      const share = call.has('xFilesFactor') ? call.number('xFilesFactor') : 0;
      return call.series().filter(({ values }) => isEnough(counted(values), values.length, share));
    },
  },
  {
    name: 'averageOutsidePercentile',
    group: 'Filter Series',
    summary: 'Series whose averages lie outside of a span of percentiles.',
    params: byNumber,
    run: averageOutsidePercentile,
  },
  {
    name: 'removeBetweenPercentile',
    group: 'Filter Series',
    summary: 'Series that lie outside of a span of percentiles at some time.',
    params: byNumber,
    run: removeBetweenPercentile,
  },
  {
    name: 'useSeriesAbove',
    group: 'Filter Series',
    summary: 'For each series that goes above a number, the one whose name results from a replacement.',
    params: params('seriesList:seriesList! value:float! search:string! replace:string!'),
    run(call) {
      const above = compared(call, 'max', '>', call.number('value')).map(({ name }) => name);
      const names = new Expression(call.text('search')).replace(above, call.text('replace'));
      return names.flatMap((name) => call.evaluator.series(name, call.context));
    },
  },
];

function bounded(name: string, by: AggregateName, operator: string, summary: string): FunctionSpec {
  return {
    ...{ name, group: 'Filter Series', summary, params: byNumber },
    run: (call) => compared(call, by, operator, call.number('n')),
  };
}

function topmost(name: string, by: AggregateName, isHighest: boolean, summary: string): FunctionSpec {
  return {
    ...{ name, group: 'Filter Series', summary, params: byCount },
    run: (call) => ordered(call.series(), by, isHighest).slice(0, Math.max(0, call.integer('n'))),
  };
}

function chosenBy(name: string, isHighest: boolean, summary: string): FunctionSpec {
  const given = params('seriesList:seriesList! n:integer=1 func:aggFunc=average');
  return {
    ...{ name, group: 'Filter Series', summary, params: given },
    run: (call) =>
      ordered(call.series(), call.aggregate(), isHighest).slice(0, Math.max(0, call.integer('n'))),
  };
}

function compared(call: Call, by: AggregateName, operator: string, bound: number): Series[] {
  const test = Object.hasOwn(operators, operator) ? operators[operator] : undefined;
  if (test === undefined)
    throw call.error(`'${operator}' compares nothing; take one of ${Object.keys(operators).join(' ')}`);
  return call.series().filter((series) => {
    call.context.budget.take(series.values.length);
    const value = aggregate(by, series.values);
    return test(Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value, bound);
  });
}

function named(call: Call, wanted: boolean): Series[] {
  const list = call.series();
  const fits = new Expression(call.text('pattern')).test(list.map(({ name }) => name));
  return list.filter((_, index) => fits[index] === wanted);
}

/** The percentiles on both sides of the middle. */
function outerPercents(call: Call): [number, number] {
  const n = call.number('n');
  const upper = n < 50 ? 100 - n : n;
  return [100 - upper, upper];
}

function averageOutsidePercentile(call: Call): Series[] {
  const list = call.series();
  const averages = Float64Array.from(list, ({ values }) => aggregate('average', values));
  const [low, high] = outerPercents(call).map((percent) => percentile(averages, percent));
  return list.filter((_, index) => !(averages[index]! > low! && averages[index]! < high!));
}

function removeBetweenPercentile(call: Call): Series[] {
  const list = call.series();
  const normal = normalize(list, call.context.xFilesFactor);
  if (normal === undefined) return [];
  const [low, high] = outerPercents(call).map((percent) =>
    rows(normal.columns, (row) => percentile(row, percent)),
  );
  return list.filter((_, place) =>
    normal.columns[place]!.some((value, index) => value <= low![index]! || value >= high![index]!),
  );
}
