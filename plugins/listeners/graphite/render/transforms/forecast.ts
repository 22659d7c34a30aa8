import type { Call } from '../evaluate/call.ts';
import { type FunctionSpec, params } from '../evaluate/function-spec.ts';
import { holtWinters } from '../series/holt-winters.ts';
import { changed, type Series, tagged } from '../series/series.ts';
import { parseOffset } from '../time/offset.ts';

const banded = params(
  'seriesList:seriesList! delta:integer=3 bootstrapInterval:interval=7d seasonality:interval=1d',
);

/** Functions that tell what values were to be expected. */
export const forecastFunctions: FunctionSpec[] = [
  {
    name: 'holtWintersForecast',
    group: 'Calculate',
    summary: "A forecast by Holt and Winters' method, from the time before.",
    params: params('seriesList:seriesList! bootstrapInterval:interval=7d seasonality:interval=1d'),
    run: (call) =>
      analysed(call).map(({ series, forecast }) =>
        tagged(series, {}, { name: `holtWintersForecast(${series.name})`, values: forecast }),
      ),
  },
  {
    name: 'holtWintersConfidenceBands',
    group: 'Calculate',
    summary: 'Between which values a series was to be expected.',
    params: banded,
    run: (call) => bands(call).flatMap(({ lower, upper }) => [lower, upper]),
  },
  {
    name: 'holtWintersConfidenceArea',
    group: 'Calculate',
    summary: 'Between which values a series was to be expected, as an area.',
    params: banded,
    run: (call) =>
      bands(call).flatMap(({ lower, upper }) => {
        const name = lower.name.replace('ConfidenceLower', 'ConfidenceArea');
        const tags = { holtWintersConfidenceArea: '1' };
        const stack = { stacked: true };
        return [
          tagged(lower, tags, { name, path: lower.path, drawing: { ...stack, invisible: true } }),
          tagged(upper, tags, { name, path: upper.path, drawing: stack }),
        ];
      }),
  },
  {
    name: 'holtWintersAberration',
    group: 'Calculate',
    summary: 'How far values lie outside of what was to be expected.',
    params: banded,
    run: aberration,
  },
  {
    name: 'linearRegression',
    group: 'Calculate',
    summary: 'The straight line that fits values best.',
    params: params('seriesList:seriesList! startSourceAt:date endSourceAt:date'),
    run: linearRegression,
  },
];

interface Analysis {
  /** The series in the time that was asked for. */
  series: Series;
  forecast: Float64Array;
  deviation: Float64Array;
}

function analysed(call: Call): Analysis[] {
  const before = Math.abs(parseOffset(call.text('bootstrapInterval')));
  const season = Math.abs(parseOffset(call.text('seasonality')));
  return call.again(0, { from: call.context.from - before }).map((series) => {
    call.context.budget.take(series.values.length * 4);
    const { predictions, deviations } = holtWinters(series.values, Math.floor(season / series.step));
    const skipped = Math.floor(before / series.step);
    const own = tagged(
      series,
      { holtWintersForecast: '1', holtWintersDeviation: '1' },
      { start: series.start + before, values: series.values.subarray(skipped) },
    );
    return {
      series: own,
      forecast: predictions.subarray(skipped),
      deviation: deviations.subarray(skipped),
    };
  });
}

function bands(call: Call): { lower: Series; upper: Series }[] {
  const delta = call.number('delta');
  const tags = { holtWintersConfidenceUpper: '1', holtWintersConfidenceLower: '1' };
  return analysed(call).map(({ series, forecast, deviation }) => {
    const band = (word: string, sign: number): Series =>
      tagged(series, tags, {
        name: `holtWintersConfidence${word}(${series.name})`,
        path: series.path,
        values: forecast.map((value, index) => value + sign * delta * deviation[index]!),
      });
    return { lower: band('Lower', -1), upper: band('Upper', 1) };
  });
}

function aberration(call: Call): Series[] {
  const around = new Map(bands(call).map((pair) => [pair.lower.name, pair]));
  return call.series().map((series) => {
    const pair = around.get(`holtWintersConfidenceLower(${series.name})`);
    let index = -1;
    const values = call.mapped(series.values, (value) => {
      index += 1;
      const upper = pair?.upper.values[index] ?? Number.NaN;
      const lower = pair?.lower.values[index] ?? Number.NaN;
      if (value > upper) return value - upper;
      return value < lower ? value - lower : 0;
    });
    return tagged(
      series,
      { holtWintersAberration: '1' },
      { name: `holtWintersAberration(${series.name})`, values },
    );
  });
}

function linearRegression(call: Call): Series[] {
  const from = call.time('startSourceAt', call.context.from);
  const until = call.time('endSourceAt', call.context.until);
  const sources = new Map(call.again(0, { from, until }).map((series) => [series.name, series]));
  return call.series().flatMap((series) => {
    const line = lineThrough(sources.get(series.name));
    if (line === undefined) return [];
    let time = series.start - series.step;
    const values = call.mapped(series.values, () => {
      time += series.step;
      return line.offset + time * line.factor;
    });
    const name = `linearRegression(${series.name}, ${from}, ${until})`;
    return [changed(tagged(series, { linearRegressions: `${from}, ${until}` }), { name, values })];
  });
}

/** The line of least squares, by time; undefined where fewer than two values tell it. */
function lineThrough(series: Series | undefined): { factor: number; offset: number } | undefined {
  if (series === undefined) return undefined;
  let [count, sumOfPlaces, sumOfValues, squares, products] = [0, 0, 0, 0, 0];
  for (const [place, value] of series.values.entries()) {
    if (Number.isNaN(value)) continue;
    count += 1;
    sumOfPlaces += place;
    sumOfValues += value;
    squares += place * place;
    products += place * value;
  }
  const denominator = count * squares - sumOfPlaces * sumOfPlaces;
  if (denominator === 0) return undefined;
  const factor = (count * products - sumOfPlaces * sumOfValues) / denominator / series.step;
  const offset = (squares * sumOfValues - products * sumOfPlaces) / denominator - factor * series.start;
  return { factor, offset };
}
