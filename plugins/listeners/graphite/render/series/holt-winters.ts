/** Weights of what is new: for the level and the season, and for the slope. Those of Graphite. */
const levelWeight = 0.1;
const slopeWeight = 0.0035;

/**
 * What each value was predicted to be from those before it, and how far off predictions of the same time of a season were. Triple exponential
 * smoothing after Holt and Winters, and the deviation after Brutlag (LISA 2000). `season` counts values. A gap forgets the level.
 */
export function holtWinters(
  values: Float64Array,
  season: number,
): { predictions: Float64Array; deviations: Float64Array } {
  const predictions = new Float64Array(values.length).fill(Number.NaN);
  const deviations = new Float64Array(values.length);
  const seasonals = new Float64Array(values.length);
  const ago = (list: Float64Array, index: number): number => (index >= season ? list[index - season]! : 0);
  let level = Number.NaN;
  let slope = 0;
  let next = Number.NaN;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]!;
    predictions[index] = next;
    if (Number.isNaN(value)) {
      level = Number.NaN;
      slope = 0;
      next = Number.NaN;
      continue;
    }
    if (index === 0) predictions[index] = value;
    const lastLevel = Number.isNaN(level) ? value : level;
    const lastSeasonal = ago(seasonals, index);
    level = levelWeight * (value - lastSeasonal) + (1 - levelWeight) * (lastLevel + slope);
    slope = slopeWeight * (level - lastLevel) + (1 - slopeWeight) * slope;
    seasonals[index] = levelWeight * (value - level) + (1 - levelWeight) * lastSeasonal;
    const predicted = Number.isNaN(predictions[index]!) ? 0 : predictions[index]!;
    deviations[index] =
      levelWeight * Math.abs(value - predicted) + (1 - levelWeight) * ago(deviations, index);
    next = level + slope + ago(seasonals, index + 1);
  }
  return { predictions, deviations };
}
