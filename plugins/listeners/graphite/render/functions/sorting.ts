import { type FunctionSpec, params } from '../evaluate/function-spec.ts';
import { type AggregateName, aggregate } from '../series/aggregates.ts';
import { byCodePoint } from '../series/python-text.ts';
import type { Series } from '../series/series.ts';

const onlySeries = params('seriesList:seriesList!');

/** Functions that put series in order. */
export const sortingFunctions: FunctionSpec[] = [
  {
    name: 'sortBy',
    group: 'Sorting',
    summary: 'Series in order of an aggregate.',
    params: params('seriesList:seriesList! func:aggFunc=average reverse:boolean=false'),
    run: (call) => ordered(call.series(), call.aggregate(), call.flag('reverse')),
  },
  {
    name: 'sortByMaxima',
    group: 'Sorting',
    summary: 'Series in order of their greatest values, the highest first.',
    params: onlySeries,
    run: (call) => ordered(call.series(), 'max', true),
  },
  {
    name: 'sortByMinima',
    group: 'Sorting',
    summary: 'Series that have a value above 0, in order of their least values, the lowest first.',
    params: onlySeries,
    run: (call) =>
      ordered(
        call.series().filter(({ values }) => aggregate('max', values) > 0),
        'min',
        false,
      ),
  },
  {
    name: 'sortByTotal',
    group: 'Sorting',
    summary: 'Series in order of their sums, the highest first.',
    params: onlySeries,
    run: (call) => ordered(call.series(), 'sum', true),
  },
  {
    name: 'sortByName',
    group: 'Sorting',
    summary: 'Series in order of their names; naturally, x2 comes before x10.',
    params: params('seriesList:seriesList! natural:boolean=false reverse:boolean=false'),
    run(call) {
      const key = call.flag('natural')
        ? (name: string) => name.replace(/\d+/g, (digits) => digits.padStart(10, '0'))
        : (name: string) => name;
      const sign = call.flag('reverse') ? -1 : 1;
      return [...call.series()].sort((one, other) => sign * byCodePoint(key(one.name), key(other.name)));
    },
  },
];

/** Series in order of an aggregate, those alike as they were. One without values counts as least. */
export function ordered(list: readonly Series[], by: AggregateName, isDescending: boolean): Series[] {
  const keyed = list.map((series) => {
    const value = aggregate(by, series.values);
    return { series, value: Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value };
  });
  const sign = isDescending ? -1 : 1;
  keyed.sort((one, other) => (one.value === other.value ? 0 : sign * (one.value < other.value ? -1 : 1)));
  return keyed.map(({ series }) => series);
}
