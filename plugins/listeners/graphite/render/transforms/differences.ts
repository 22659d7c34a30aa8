import type { Call } from '../evaluate/call.ts';
import { type FunctionSpec, params } from '../evaluate/function-spec.ts';
import { roundHalfEven } from '../series/rounding.ts';
import { type Series, tagged } from '../series/series.ts';
import { parseOffset } from '../time/offset.ts';

const onlySeries = params('seriesList:seriesList!');
const bounded = params('seriesList:seriesList! maxValue:float minValue:float');

/** Functions that look at how values change, and that add them up. */
export const differenceFunctions: FunctionSpec[] = [
  {
    name: 'derivative',
    group: 'Transform',
    summary: 'The difference of each value to the one before.',
    params: onlySeries,
    run: (call) =>
      walked(call, 'derivative', () => {
        let previous = Number.NaN;
        return (value) => {
          const difference = value - previous;
          previous = value;
          return difference;
        };
      }),
  },
  {
    name: 'nonNegativeDerivative',
    group: 'Transform',
    summary:
      'The difference of each value of a counter to the one before; a counter that starts anew has none.',
    params: bounded,
    run: (call) => walked(call, 'nonNegativeDerivative', () => growth(call)),
  },
  {
    name: 'perSecond',
    group: 'Transform',
    summary: 'How fast a counter grows, per second.',
    params: bounded,
    run: (call) =>
      walked(call, 'perSecond', ({ step }) => {
        const next = growth(call);
        return (value) => roundHalfEven(next(value) / step, 6);
      }),
  },
  {
    name: 'integral',
    group: 'Transform',
    summary: 'The sum of all values up to each time.',
    params: onlySeries,
    run: (call) =>
      walked(call, 'integral', () => {
        let sum = 0;
        return (value) => {
          if (Number.isNaN(value)) return value;
          sum += value;
          return sum;
        };
      }),
  },
  {
    name: 'integralByInterval',
    group: 'Transform',
    summary: 'The sum of all values since the interval began.',
    params: params('seriesList:seriesList! intervalUnit:interval!'),
    run: integralByInterval,
  },
  {
    name: 'changed',
    group: 'Special',
    summary: 'One where the value differs from the one before, else zero.',
    params: onlySeries,
    run: (call) =>
      call.series().map((series) => {
        let previous = Number.NaN;
        const values = call.mapped(series.values, (value) => {
          const isOther = !Number.isNaN(previous) && !Number.isNaN(value) && value !== previous;
          if (!Number.isNaN(value)) previous = value;
          return isOther ? 1 : 0;
        });
        return tagged(series, {}, { name: `changed(${series.name})`, values });
      }),
  },
];

function walked(call: Call, name: string, start: (series: Series) => (value: number) => number): Series[] {
  return call.series().map((series) => {
    const values = call.mapped(series.values, start(series));
    return tagged(series, { [name]: '1' }, { name: `${name}(${series.name})`, values });
  });
}

/** How much a counter grew since its last value. One that wraps at `maxValue` goes on from `minValue`; one that starts anew has no growth. */
function growth(call: Call): (value: number) => number {
  const most = call.has('maxValue') ? call.number('maxValue') : undefined;
  const least = call.has('minValue') ? call.number('minValue') : undefined;
  let previous = Number.NaN;
  return (value) => {
    const isOutside = (most !== undefined && value > most) || (least !== undefined && value < least);
    const before = previous;
    previous = isOutside ? Number.NaN : value;
    if (isOutside || Number.isNaN(before) || Number.isNaN(value)) return Number.NaN;
    if (value >= before) return value - before;
    if (most !== undefined) return most + 1 + value - before - (least ?? 0);
    return least === undefined ? Number.NaN : value - least;
  };
}

function integralByInterval(call: Call): Series[] {
  const unit = call.text('intervalUnit');
  const interval = Math.abs(parseOffset(unit));
  if (interval === 0) throw call.error('the interval must not be 0');
  const { from } = call.context;
  return call.series().map((series) => {
    let sum = 0;
    let time = series.start;
    const values = call.mapped(series.values, (value) => {
      const isNew =
        Math.floor((time - from) / interval) !== Math.floor((time - from - series.step) / interval);
      time += series.step;
      if (isNew) sum = 0;
      if (!Number.isNaN(value)) sum += value;
      return sum;
    });
    const name = `integralByInterval(${series.name},'${unit}')`;
    return tagged(series, { integralByInterval: unit }, { name, values });
  });
}
