import { kind } from '../grammar/kinds.ts';
import type { Interval } from './columns.ts';
import type { SortedTimers } from './timer-values.ts';

/** How aggregates are called and computed. */
export interface AggregateRules {
  naming: 'opsbro' | 'statsd';
  intervalSeconds: number;
  /** Ascending; negative ones are of the top, in the original's arithmetic. */
  percentiles: number[];
}

/** Takes one aggregate: `key` is what follows the name, empty where the name stands alone; `prefix` what precedes it. */
export type Take = (prefix: string, key: string, value: number) => void;

/** The aggregates of the metric at a place. */
export function aggregate(
  interval: Interval,
  place: number,
  timers: SortedTimers,
  rules: AggregateRules,
  take: Take,
): void {
  const of = interval.kinds[place]!;
  if (of === kind.timer) {
    const values = timers.of(place);
    const count = interval.counts[place]!;
    const into = (key: string, value: number) => take('stats.timers.', key, value);
    if (rules.naming === 'statsd') originalTimer(values, count, rules, into);
    else if (values.length > 0) timer(values, count, rules, into);
  } else if (of === kind.set) take('stats.sets.', 'count', interval.sets.get(place)?.size ?? 0);
  else if (of === kind.gauge) gauge(interval, place, rules, take);
  else if (of === kind.counter || of === kind.meter) counter(interval, place, rules, take);
}

function gauge(
  { sums, counts, lowest, highest, last }: Interval,
  place: number,
  rules: AggregateRules,
  take: Take,
): void {
  if (rules.naming === 'statsd') take('stats.gauges.', '', last[place]!);
  else if (counts[place]! > 0) {
    take('stats.gauges.', '', sums[place]! / counts[place]!);
    take('stats.gauges.', 'min', lowest[place]!);
    take('stats.gauges.', 'max', highest[place]!);
  }
}

function counter(
  { kinds, sums }: Interval,
  place: number,
  { naming, intervalSeconds }: AggregateRules,
  take: Take,
): void {
  const sum = sums[place]!;
  const rate = sum / intervalSeconds;
  if (naming === 'statsd') {
    take('stats.', '', rate);
    take('stats_counts.', '', sum);
    return;
  }
  // OpsBro has always kept counters beside gauges.
  const prefix = kinds[place] === kind.meter ? 'stats.meters.' : 'stats.gauges.';
  take(prefix, 'count', sum);
  take(prefix, 'rate', rate);
}

/** OpsBro's: percentiles as numpy interpolates them, the deviation that of all values, sums of what is not above the percentile. */
function timer(
  values: Float64Array,
  count: number,
  { percentiles }: AggregateRules,
  into: (key: string, value: number) => void,
): void {
  const { length } = values;
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  into('mean', mean);
  into('std', Math.sqrt(squares / length));
  into('count', count);
  into('sum', sum);
  into('median', percentile(values, 50));
  into('upper', values[length - 1]!);
  into('lower', values[0]!);
  for (const percent of percentiles) {
    if (percent < 0) continue;
    const upper = percentile(values, percent);
    let below = 0;
    for (let at = 0; at < length && values[at]! <= upper; at += 1) below += values[at]!;
    const name = percentName(percent);
    into(`upper_${name}`, upper);
    into(`sum_${name}`, below);
  }
}

/** The value below which so many percent of ascending values lie, interpolated between neighbours. */
export function percentile(values: Float64Array, percent: number): number {
  const place = ((values.length - 1) * percent) / 100;
  const below = Math.floor(place);
  const low = values[below]!;
  const high = values[Math.min(below + 1, values.length - 1)]!;
  return low + (high - low) * (place - below);
}

/** The arithmetic of the original's `process_metrics.js`, in its order, so that rounding is the same too. */
function originalTimer(
  values: Float64Array,
  received: number,
  rules: AggregateRules,
  into: (key: string, value: number) => void,
): void {
  const { length: count } = values;
  const perSecond = received / rules.intervalSeconds;
  if (count === 0) {
    into('count', 0);
    into('count_ps', 0);
    return;
  }
  const sums = new Float64Array(count);
  const squares = new Float64Array(count);
  let [sum, square] = [0, 0];
  for (let at = 0; at < count; at += 1) {
    sum = at === 0 ? values[0]! : values[at]! + sum;
    square = at === 0 ? values[0]! * values[0]! : values[at]! * values[at]! + square;
    sums[at] = sum;
    squares[at] = square;
  }
  for (const percent of rules.percentiles) originalPercentile(values, sums, squares, percent, into);
  const mean = sum / count;
  let differences = 0;
  for (const value of values) differences += (value - mean) * (value - mean);
  const middle = Math.floor(count / 2);
  into('std', Math.sqrt(differences / count));
  into('upper', values[count - 1]!);
  into('lower', values[0]!);
  into('count', received);
  into('count_ps', perSecond);
  into('sum', sum);
  into('sum_squares', square);
  into('mean', mean);
  into('median', count % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2);
}

function originalPercentile(
  values: Float64Array,
  sums: Float64Array,
  squares: Float64Array,
  percent: number,
  into: (key: string, value: number) => void,
): void {
  const count = values.length;
  const within = count > 1 ? Math.round((Math.abs(percent) / 100) * count) : 1;
  if (within === 0) return;
  const isTop = percent < 0 && count > 1;
  const before = isTop ? count - within - 1 : -1;
  const end = isTop ? count - 1 : within - 1;
  // The top of all values is taken from before the first one, which is not there: the original's sum then is no number, and is left out.
  const sum = isTop ? sums[end]! - (sums[before] ?? Number.NaN) : sums[end]!;
  const name = percentName(percent);
  into(`count_${name}`, within);
  into(`mean_${name}`, sum / within);
  into(`${percent > 0 ? 'upper_' : 'lower_'}${name}`, values[isTop ? count - within : end]!);
  into(`sum_${name}`, sum);
  into(`sum_squares_${name}`, isTop ? squares[end]! - (squares[before] ?? Number.NaN) : squares[end]!);
}

function percentName(percent: number): string {
  return `${percent}`.replace('.', '_').replace('-', 'top');
}
