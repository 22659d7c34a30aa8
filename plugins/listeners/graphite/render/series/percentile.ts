import { sorted } from './aggregates.ts';

/**
 * The value of rank `percent` among those that are there, as Graphite ranks: the rank is a share of one more than their number, rounded up, or
 * with `interpolates` the point between two values. `NaN` where there is none.
 */
export function percentile(values: Float64Array, percent: number, interpolates = false): number {
  const ordered = sorted(values);
  const count = ordered.length;
  if (count === 0) return Number.NaN;
  const rank = (percent / 100) * (count + 1);
  const floor = Math.floor(rank);
  const fraction = rank - floor;
  const place = interpolates ? floor : Math.ceil(rank);
  if (place <= 0) return ordered[0]!;
  if (place > count) return ordered[count - 1]!;
  const below = ordered[place - 1]!;
  const above = ordered[place];
  return interpolates && above !== undefined ? below + fraction * (above - below) : below;
}
