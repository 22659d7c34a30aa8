import type { Call } from '../evaluate/call.ts';
import { type FunctionSpec, params } from '../evaluate/function-spec.ts';
import { aggregate } from '../series/aggregates.ts';
import { pythonFloat, shortFloat } from '../series/python-text.ts';
import { roundHalfEven } from '../series/rounding.ts';
import { type Series, tagged } from '../series/series.ts';

const onlySeries = params('seriesList:seriesList!');

/** Functions that make of each value another one. */
export const arithmeticFunctions: FunctionSpec[] = [
  single('absolute', 'The values without their sign.', '1', Math.abs),
  single('invert', 'One divided by each value.', '1', (value) => (value === 0 ? Number.NaN : 1 / value)),
  single('squareRoot', 'The square root of each value.', '1', Math.sqrt),
  single('exp', 'e to the power of each value.', 'e', Math.exp),
  single('logit', 'The logit of each value.', 'logit', (value) => {
    const odds = value / (1 - value);
    return odds > 0 && Number.isFinite(odds) ? Math.log(odds) : Number.NaN;
  }),
  single('sigmoid', 'The sigmoid of each value.', 'sigmoid', (value) => 1 / (1 + Math.exp(-value))),
  single('isNonNull', 'One where there is a value, zero where there is none.', '1', (value) =>
    Number.isNaN(value) ? 0 : 1,
  ),
  withNumber('add', 'constant', 'Adds a number to each value.', (value, other) => value + other),
  withNumber('offset', 'factor', 'Adds a number to each value.', (value, other) => value + other),
  withNumber('scale', 'factor', 'Multiplies each value by a number.', (value, other) => value * other),
  withNumber('pow', 'factor', 'Raises each value to a power.', (value, other) => value ** other),
  {
    name: 'log',
    aliases: ['logarithm'],
    group: 'Transform',
    summary: 'The logarithm of each value.',
    params: params('seriesList:seriesList! base:integer=10'),
    run(call) {
      const base = call.number('base');
      const shown = call.shown('base');
      const logarithm = (value: number): number =>
        value <= 0 ? Number.NaN : base === 10 ? Math.log10(value) : Math.log(value) / Math.log(base);
      return each(call, logarithm, ({ name }) => [`log(${name}, ${shown})`, { log: shown }]);
    },
  },
  {
    name: 'round',
    group: 'Transform',
    summary: 'Rounds each value to the given number of digits after the point.',
    params: params('seriesList:seriesList! precision:integer=0'),
    run(call) {
      const precision = call.has('precision') ? call.integer('precision') : undefined;
      const suffix = precision === undefined ? '' : `,${precision}`;
      return each(
        call,
        (value) => roundHalfEven(value, precision ?? 0),
        ({ name }) => [`round(${name}${suffix})`, { round: `${precision ?? 0}` }],
      );
    },
  },
  {
    name: 'scaleToSeconds',
    group: 'Transform',
    summary: 'What the values come to in the given number of seconds.',
    params: params('seriesList:seriesList! seconds:float!'),
    run(call) {
      const seconds = call.number('seconds');
      return call.series().map((series) =>
        tagged(
          series,
          { scaleToSeconds: pythonFloat(seconds) },
          {
            name: `scaleToSeconds(${series.name},${Math.trunc(seconds)})`,
            values: call.mapped(series.values, (value) => roundHalfEven(value * (seconds / series.step), 6)),
          },
        ),
      );
    },
  },
  {
    name: 'offsetToZero',
    group: 'Transform',
    summary: 'The values less the least of them.',
    params: onlySeries,
    run: (call) =>
      call.series().map((series) => {
        const least = aggregate('min', series.values);
        const values = call.mapped(series.values, (value) => value - least);
        const shown = Number.isNaN(least) ? 'None' : pythonFloat(least);
        return tagged(series, { offsetToZero: shown }, { name: `offsetToZero(${series.name})`, values });
      }),
  },
  {
    name: 'minMax',
    group: 'Transform',
    summary: 'The values between their least, as 0, and their greatest, as 1.',
    params: onlySeries,
    run: (call) =>
      call.series().map((series) => {
        const least = aggregate('min', series.values);
        const span = aggregate('max', series.values) - least;
        const values = call.mapped(series.values, (value) =>
          span === 0 ? value * 0 : (value - least) / span,
        );
        return tagged(series, {}, { name: `minMax(${series.name})`, values });
      }),
  },
];

/** A function of each value without further arguments. `mark` is what its tag says. */
function single(
  name: string,
  summary: string,
  mark: string,
  change: (value: number) => number,
): FunctionSpec {
  return {
    ...{ name, group: 'Transform', summary, params: onlySeries },
    run: (call) => each(call, change, (series) => [`${name}(${series.name})`, { [name]: mark }]),
  };
}

/** A function of each value and a number. */
function withNumber(
  name: string,
  param: string,
  summary: string,
  change: (value: number, number: number) => number,
): FunctionSpec {
  return {
    ...{ name, group: 'Transform', summary, params: params(`seriesList:seriesList! ${param}:float!`) },
    run(call) {
      const number = call.number(param);
      return each(
        call,
        (value) => finite(change(value, number)),
        (series) => [`${name}(${series.name},${shortFloat(number)})`, { [name]: pythonFloat(number) }],
      );
    },
  };
}

/** What overflows has no value. */
function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}

function each(
  call: Call,
  change: (value: number) => number,
  label: (series: Series) => [string, Record<string, string>],
): Series[] {
  return call.series().map((series) => {
    const [name, tags] = label(series);
    return tagged(series, tags, { name, values: call.mapped(series.values, change) });
  });
}
