import type { Call } from '../evaluate/call.ts';
import { type FunctionSpec, params } from '../evaluate/function-spec.ts';
import { percentile } from '../series/percentile.ts';
import { pythonFloat, shortFloat } from '../series/python-text.ts';
import { type Series, tagged } from '../series/series.ts';

const limited = params('seriesList:seriesList! limit:intOrInf=Infinity');
const bounded = params('seriesList:seriesList! n:float!');

/** Functions that fill gaps, and that make them. */
export const gapFunctions: FunctionSpec[] = [
  {
    name: 'keepLastValue',
    group: 'Transform',
    summary: 'Fills gaps, up to a number of points, with the value before.',
    params: limited,
    run: (call) => filled(call, 'keepLastValue', (before) => before),
  },
  {
    name: 'interpolate',
    group: 'Transform',
    summary: 'Fills gaps, up to a number of points, by a straight line.',
    params: limited,
    run: (call) => filled(call, 'interpolate', (before, after, share) => before + share * (after - before)),
  },
  {
    name: 'transformNull',
    group: 'Transform',
    summary: 'Fills gaps with a number; with other series, where one of these has a value.',
    params: params('seriesList:seriesList! default:float=0 referenceSeries:seriesList'),
    run: transformNull,
  },
  removing('removeAboveValue', 'Takes out values above a number.', (value, bound) => value > bound),
  removing('removeBelowValue', 'Takes out values below a number.', (value, bound) => value < bound),
  removingByRank(
    'removeAbovePercentile',
    'Takes out values above a percentile.',
    (value, bound) => value > bound,
  ),
  removingByRank(
    'removeBelowPercentile',
    'Takes out values below a percentile.',
    (value, bound) => value < bound,
  ),
];

/** What fills a point: the values around the gap, and how far into it the point lies. At the end of a series there is none after. */
type Filling = (before: number, after: number, share: number) => number;

function filled(call: Call, name: string, fill: Filling): Series[] {
  const limit = call.has('limit') ? call.number('limit') : Number.POSITIVE_INFINITY;
  return call.series().map((series) => {
    call.context.budget.take(series.values.length);
    const values = fillGaps(series.values, limit, fill);
    return tagged(series, {}, { name: `${name}(${series.name})`, values });
  });
}

function fillGaps(values: Float64Array, limit: number, fill: Filling): Float64Array {
  const result = values.slice();
  let last = -1;
  for (let index = 0; index <= values.length; index += 1) {
    if (index < values.length && Number.isNaN(values[index]!)) continue;
    const gap = index - last - 1;
    if (last >= 0 && gap > 0 && gap <= limit)
      for (let at = last + 1; at < index; at += 1)
        result[at] = fill(values[last]!, values[index] ?? Number.NaN, (at - last) / (gap + 1));
    last = index;
  }
  return result;
}

function transformNull(call: Call): Series[] {
  const otherwise = call.number('default');
  const isReferred = call.has('referenceSeries');
  const references = call.series('referenceSeries');
  const shown = call.values('default').length === 0 ? '0' : pythonFloat(otherwise);
  return call.series().map((series) => {
    let index = -1;
    const values = call.mapped(series.values, (value) => {
      index += 1;
      if (!Number.isNaN(value)) return value;
      const isWanted =
        !isReferred || references.some((reference) => !Number.isNaN(reference.values[index] ?? Number.NaN));
      return isWanted ? otherwise : value;
    });
    const suffix = isReferred ? ',referenceSeries' : '';
    const tags = { transformNull: shown, ...(isReferred && { referenceSeries: '1' }) };
    return tagged(series, tags, {
      name: `transformNull(${series.name},${shortFloat(otherwise)}${suffix})`,
      values,
    });
  });
}

function removing(
  name: string,
  summary: string,
  goes: (value: number, bound: number) => boolean,
): FunctionSpec {
  return {
    ...{ name, group: 'Filter Data', summary, params: bounded },
    run(call) {
      const bound = call.number('n');
      return call.series().map((series) => {
        const values = call.mapped(series.values, (value) => (goes(value, bound) ? Number.NaN : value));
        return tagged(series, {}, { name: `${name}(${series.name}, ${shortFloat(bound)})`, values });
      });
    },
  };
}

function removingByRank(
  name: string,
  summary: string,
  goes: (value: number, bound: number) => boolean,
): FunctionSpec {
  return {
    ...{ name, group: 'Filter Data', summary, params: bounded },
    run(call) {
      const n = call.number('n');
      if (n <= 0) throw call.error('the percentile must be above 0');
      return call.series().map((series) => {
        const bound = percentile(series.values, n);
        const values = call.mapped(series.values, (value) => (goes(value, bound) ? Number.NaN : value));
        const change = { name: `${name}(${series.name}, ${shortFloat(n)})`, values };
        return tagged(series, { nPercentile: pythonFloat(n) }, change);
      });
    },
  };
}
