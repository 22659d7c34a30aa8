import type { Call } from '../evaluate/call.ts';
import { type FunctionSpec, params } from '../evaluate/function-spec.ts';
import { type AggregateName, aggregate, aggregateNamed, isEnough } from '../series/aggregates.ts';
import { roundHalfEven } from '../series/rounding.ts';
import { type Series, tagged } from '../series/series.ts';
import { slidingAggregate } from '../series/sliding.ts';
import { parseOffset } from '../time/offset.ts';

const windowed = params('seriesList:seriesList! windowSize:intOrInterval! xFilesFactor:float');

/** Functions over the values before each point. */
export const windowFunctions: FunctionSpec[] = [
  moving('movingAverage', 'average', 'The average of the points before each.'),
  moving('movingMedian', 'median', 'The median of the points before each.'),
  moving('movingMin', 'min', 'The least of the points before each.'),
  moving('movingMax', 'max', 'The greatest of the points before each.'),
  moving('movingSum', 'sum', 'The sum of the points before each.'),
  {
    name: 'movingWindow',
    group: 'Calculate',
    summary: 'An aggregate of the points before each.',
    params: params(
      'seriesList:seriesList! windowSize:intOrInterval! func:aggFunc=average xFilesFactor:float',
    ),
    run: (call) => movingWindow(call, call.text('func')),
  },
  {
    name: 'exponentialMovingAverage',
    aliases: ['ema'],
    group: 'Calculate',
    summary: 'An average that weighs recent points more.',
    params: params('seriesList:seriesList! windowSize:intOrInterval!'),
    run: exponentialMovingAverage,
  },
  {
    name: 'stdev',
    group: 'Calculate',
    summary: 'The standard deviation of the last points.',
    params: params('seriesList:seriesList! points:integer! windowTolerance:float=0.1'),
    run: stdev,
  },
];

function moving(name: string, word: AggregateName, summary: string): FunctionSpec {
  return {
    ...{ name, group: 'Calculate', summary, params: windowed },
    run: (call) => movingWindow(call, word),
  };
}

/** How far back a window reaches, and how its size is written in names. */
interface Window {
  seconds: number;
  /** Undefined where the window is a span of time. */
  points: number | undefined;
  shown: string;
  quoted: string;
}

function windowOf(call: Call): Window {
  const [value] = call.values('windowSize');
  const text = call.text('windowSize');
  if (value?.kind === 'string' && !/^\d+$/.test(text)) {
    const seconds = Math.abs(parseOffset(text));
    return { seconds, points: undefined, shown: text, quoted: `"${text}"` };
  }
  const points = call.integer('windowSize');
  if (points < 1) throw call.error('the window must have a point at least');
  const step = Math.max(0, ...call.series().map((series) => series.step));
  return { seconds: points * step, points, shown: text, quoted: text };
}

function movingWindow(call: Call, word: string): Series[] {
  if (call.series().length === 0) return [];
  const window = windowOf(call);
  const name = `moving${word.charAt(0).toUpperCase()}${word.slice(1).toLowerCase()}`;
  const func = aggregateNamed(word);
  return call.again(0, { from: call.context.from - window.seconds }).map((series) => {
    const points = window.points ?? Math.floor(window.seconds / series.step);
    call.context.budget.take(series.values.length * (1 + slidingCost(func) * points));
    const values = slidingAggregate(series.values, points, func, call.xFilesFactor());
    return tagged(
      series,
      { [name]: window.shown },
      {
        name: `${name}(${series.name},${window.quoted})`,
        start: series.start + window.seconds,
        values,
      },
    );
  });
}

/** What a point of a window costs, beside one that is read: nothing where the window slides, else it is gone through. */
function slidingCost(name: AggregateName): number {
  return ['average', 'sum', 'min', 'max', 'median'].includes(name) ? 0 : 1 / 16;
}

function exponentialMovingAverage(call: Call): Series[] {
  if (call.series().length === 0) return [];
  const window = windowOf(call);
  const weight = 2 / ((window.points ?? window.seconds) + 1);
  return call.again(0, { from: call.context.from - window.seconds }).map((series) => {
    const points = Math.floor(window.seconds / series.step);
    const first = aggregate('average', series.values, 0, Math.min(points, series.values.length));
    let average = Number.isNaN(first) ? 0 : first;
    const smooth = call.mapped(series.values.subarray(points), (value) => {
      if (!Number.isNaN(value)) average = weight * value + (1 - weight) * average;
      return Number.isNaN(value) ? value : roundHalfEven(average, 6);
    });
    const values = new Float64Array(smooth.length + 1);
    values[0] = Number.isNaN(first) ? 0 : roundHalfEven(first, 6);
    values.set(smooth, 1);
    return tagged(
      series,
      { exponentialMovingAverage: window.shown },
      {
        name: `exponentialMovingAverage(${series.name},${window.quoted})`,
        start: series.start + window.seconds,
        values,
      },
    );
  });
}

function stdev(call: Call): Series[] {
  const points = call.integer('points');
  if (points < 1) throw call.error("'points' must be 1 at least");
  const tolerance = call.number('windowTolerance');
  return call.series().map((series) => {
    let index = -1;
    let sum = 0;
    let squares = 0;
    let count = 0;
    const values = call.mapped(series.values, (value) => {
      index += 1;
      const dropped = index < points ? Number.NaN : series.values[index - points]!;
      if (!Number.isNaN(dropped)) {
        count -= 1;
        sum -= dropped;
        squares -= dropped ** 2;
      }
      if (!Number.isNaN(value)) {
        count += 1;
        sum += value;
        squares += value ** 2;
      }
      if (!isEnough(count, points, tolerance)) return Number.NaN;
      return Math.sqrt(count * squares - sum ** 2) / count;
    });
    return tagged(series, { stdev: `${points}` }, { name: `stdev(${series.name},${points})`, values });
  });
}
