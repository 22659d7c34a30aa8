import { type AggregateName, aggregate, counted, isEnough, medianOf } from './aggregates.ts';
import { present } from './series.ts';

/**
 * What `name` makes of the `size` values before each place from `size` on: the place's own value is not among them. A window with fewer values
 * than its share has none.
 */
export function slidingAggregate(
  values: Float64Array,
  size: number,
  name: AggregateName,
  xFilesFactor: number,
): Float64Array {
  const result = new Float64Array(Math.max(0, values.length - size));
  if (name === 'average' || name === 'sum')
    slidingSum(values, size, name === 'average', xFilesFactor, result);
  else if (name === 'median') slidingMedian(values, size, xFilesFactor, result);
  else if (name === 'min' || name === 'max')
    slidingExtreme(values, size, name === 'min' ? 1 : -1, xFilesFactor, result);
  else
    for (let index = 0; index < result.length; index += 1)
      result[index] = isEnough(counted(values, index, size), size, xFilesFactor)
        ? aggregate(name, present(values.subarray(index, index + size)))
        : Number.NaN;
  return result;
}

/**
 * Up to so many additions a sum is taken anew for each place: exactly what adding up gives. Beyond, it slides, and is taken anew every so often,
 * so that what adding and subtracting rounds away does not add up.
 */
const exactAdditions = 10_000_000;

function slidingSum(
  values: Float64Array,
  size: number,
  isMean: boolean,
  xFilesFactor: number,
  result: Float64Array,
): void {
  let sum = 0;
  let found = 0;
  const freshEvery = result.length * size <= exactAdditions ? 1 : size;
  for (let index = 0; index < result.length; index += 1) {
    if (index % freshEvery === 0) {
      found = counted(values, index, size);
      sum = found === 0 ? 0 : aggregate('sum', values, index, size);
    } else {
      const gone = values[index - 1]!;
      const come = values[index + size - 1]!;
      if (!Number.isNaN(gone)) {
        sum -= gone;
        found -= 1;
      }
      if (!Number.isNaN(come)) {
        sum += come;
        found += 1;
      }
    }
    result[index] = isEnough(found, size, xFilesFactor) ? (isMean ? sum / found : sum) : Number.NaN;
  }
}

/** Keeps the window's values in order. */
function slidingMedian(values: Float64Array, size: number, xFilesFactor: number, result: Float64Array): void {
  const ordered = new Float64Array(size + 1);
  let count = 0;
  const placeOf = (value: number): number => {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ordered[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const add = (value: number): void => {
    if (Number.isNaN(value)) return;
    const place = placeOf(value);
    ordered.copyWithin(place + 1, place, count);
    ordered[place] = value;
    count += 1;
  };
  const drop = (value: number): void => {
    if (Number.isNaN(value)) return;
    const place = placeOf(value);
    ordered.copyWithin(place, place + 1, count);
    count -= 1;
  };
  for (let index = 0; index < size && index < values.length; index += 1) add(values[index]!);
  for (let index = 0; index < result.length; index += 1) {
    result[index] = isEnough(count, size, xFilesFactor) ? medianOf(ordered.subarray(0, count)) : Number.NaN;
    drop(values[index]!);
    add(values[index + size]!);
  }
}

/** The candidates for the extreme are kept in order of time: each worse one before a better one is dropped (the monotonic queue). */
function slidingExtreme(
  values: Float64Array,
  size: number,
  sign: 1 | -1,
  xFilesFactor: number,
  result: Float64Array,
): void {
  const queue = new Uint32Array(values.length);
  let head = 0;
  let tail = 0;
  let found = 0;
  for (let index = 0; index < values.length; index += 1) {
    const place = index - size;
    if (place >= 0) {
      while (head < tail && queue[head]! < place) head += 1;
      result[place] = isEnough(found, size, xFilesFactor) ? values[queue[head]!]! : Number.NaN;
      if (!Number.isNaN(values[place]!)) found -= 1;
    }
    const value = values[index]!;
    if (Number.isNaN(value)) continue;
    found += 1;
    while (head < tail && values[queue[tail - 1]!]! * sign >= value * sign) tail -= 1;
    queue[tail] = index;
    tail += 1;
  }
}
