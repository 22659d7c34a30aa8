import { TargetError } from '../grammar/target.ts';

/** What makes one value of several. */
export type AggregateName =
  | 'average'
  | 'avg_zero'
  | 'median'
  | 'sum'
  | 'min'
  | 'max'
  | 'diff'
  | 'stddev'
  | 'count'
  | 'range'
  | 'multiply'
  | 'first'
  | 'last'
  | 'pow';

/** Takes `count` values from `from` on, some of which may be absent (`NaN`); gives `NaN` where there is nothing to say. */
type Aggregate = (values: Float64Array, from: number, count: number) => number;

const aliases: { [name: string]: AggregateName } = {
  avg: 'average',
  total: 'sum',
  rangeOf: 'range',
  current: 'last',
};

/** What a function of a target may call an aggregate, for those who choose one. */
export const aggregateOptions = [
  'average',
  'avg',
  'avg_zero',
  'count',
  'current',
  'diff',
  'last',
  'max',
  'median',
  'min',
  'multiply',
  'range',
  'rangeOf',
  'stddev',
  'sum',
  'total',
];

/** The aggregate that `text` names: its name, a short one, or either followed by `Series`. Throws a TargetError. */
export function aggregateNamed(text: string): AggregateName {
  const name = text.endsWith('Series') ? text.slice(0, -'Series'.length) : text;
  const known = Object.hasOwn(aliases, name) ? aliases[name] : undefined;
  if (known !== undefined) return known;
  if (Object.hasOwn(aggregates, name)) return name as AggregateName;
  throw new TargetError(`'${text}' aggregates nothing; take one of ${aggregateOptions.join(', ')}`);
}

const aggregates: { [name in AggregateName]: Aggregate } = {
  sum,
  average: (values, from, count) => sum(values, from, count) / counted(values, from, count),
  avg_zero: (values, from, count) => sum(values, from, count) / count,
  median: (values, from, count) => medianOf(sorted(values.subarray(from, from + count))),
  min(values, from, count) {
    let least = Number.NaN;
    for (let index = from; index < from + count; index += 1) {
      const value = values[index]!;
      if (!(value >= least) && !Number.isNaN(value)) least = value;
    }
    return least;
  },
  max(values, from, count) {
    let most = Number.NaN;
    for (let index = from; index < from + count; index += 1) {
      const value = values[index]!;
      if (!(value <= most) && !Number.isNaN(value)) most = value;
    }
    return most;
  },
  diff: (values, from, count) => folded(values, from, count, (one, other) => one - other),
  // A product without one of its factors is none.
  multiply(values, from, count) {
    let product = 1;
    for (let index = from; index < from + count; index += 1) product *= values[index]!;
    return count === 0 ? Number.NaN : product;
  },
  pow(values, from, count) {
    const power = folded(values, from, count, (one, other) => one ** other);
    return Number.isFinite(power) ? power : Number.NaN;
  },
  stddev: stddev,
  count(values, from, count) {
    const found = counted(values, from, count);
    return found === 0 ? Number.NaN : found;
  },
  range: (values, from, count) => aggregates.max(values, from, count) - aggregates.min(values, from, count),
  first(values, from, count) {
    for (let index = from; index < from + count; index += 1)
      if (!Number.isNaN(values[index]!)) return values[index]!;
    return Number.NaN;
  },
  last(values, from, count) {
    for (let index = from + count - 1; index >= from; index -= 1)
      if (!Number.isNaN(values[index]!)) return values[index]!;
    return Number.NaN;
  },
};

/** What `name` makes of `count` values from `from` on; absent ones do not count. `NaN` where all are absent. */
export function aggregate(
  name: AggregateName,
  values: Float64Array,
  from = 0,
  count = values.length - from,
): number {
  return aggregates[name](values, from, count);
}

/** How many of the values are there. */
export function counted(values: Float64Array, from = 0, count = values.length - from): number {
  let found = 0;
  for (let index = from; index < from + count; index += 1) if (!Number.isNaN(values[index]!)) found += 1;
  return found;
}

/** Whether enough of `total` values are there. */
export function isEnough(found: number, total: number, xFilesFactor: number): boolean {
  return found > 0 && found / total >= xFilesFactor;
}

/** The values that are there, in order of size. */
export function sorted(values: Float64Array): Float64Array {
  return values.filter((value) => !Number.isNaN(value)).sort();
}

/** The middle of sorted values, or between the two middle ones. */
export function medianOf(ordered: Float64Array): number {
  const middle = ordered.length >> 1;
  if (ordered.length === 0) return Number.NaN;
  return ordered.length % 2 === 1 ? ordered[middle]! : (ordered[middle - 1]! + ordered[middle]!) / 2;
}

function sum(values: Float64Array, from: number, count: number): number {
  let total = 0;
  let found = 0;
  for (let index = from; index < from + count; index += 1) {
    const value = values[index]!;
    if (Number.isNaN(value)) continue;
    total += value;
    found += 1;
  }
  return found === 0 ? Number.NaN : total;
}

function stddev(values: Float64Array, from: number, count: number): number {
  const mean = aggregates.average(values, from, count);
  let squares = 0;
  let found = 0;
  for (let index = from; index < from + count; index += 1) {
    const value = values[index]!;
    if (Number.isNaN(value)) continue;
    squares += (value - mean) ** 2;
    found += 1;
  }
  return Math.sqrt(squares / found);
}

function folded(
  values: Float64Array,
  from: number,
  count: number,
  join: (one: number, other: number) => number,
): number {
  let result = Number.NaN;
  let isFirst = true;
  for (let index = from; index < from + count; index += 1) {
    const value = values[index]!;
    if (Number.isNaN(value)) continue;
    result = isFirst ? value : join(result, value);
    isFirst = false;
  }
  return result;
}
