import type { AggregationMethod } from './layout.ts';

/**
 * Makes one value of those of a finer archive, as Whisper does: `values` in order of time, NaN where there is none. NaN when none is known,
 * or less of them than `xFilesFactor` asks for.
 */
export function aggregate(method: AggregationMethod, values: Float64Array, xFilesFactor: number): number {
  let known = 0;
  let result = Number.NaN;
  let sum = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    known += 1;
    sum += value;
    if (known === 1 || isBetter(method, value, result)) result = value;
  }
  if (known === 0 || known / values.length < xFilesFactor) return Number.NaN;
  if (method === 'sum') return sum;
  if (method === 'average') return sum / known;
  return method === 'avg_zero' ? sum / values.length : result;
}

function isBetter(method: AggregationMethod, value: number, than: number): boolean {
  if (method === 'last') return true;
  if (method === 'max') return value > than;
  if (method === 'min') return value < than;
  if (method === 'absmax') return Math.abs(value) > Math.abs(than);
  return method === 'absmin' && Math.abs(value) < Math.abs(than);
}
