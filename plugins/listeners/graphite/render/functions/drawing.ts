import type { Call } from '../evaluate/call.ts';
import { type FunctionSpec, params } from '../evaluate/function-spec.ts';
import { aggregate, aggregateNamed } from '../series/aggregates.ts';
import { percentile } from '../series/percentile.ts';
import { pythonFloat, shortFloat } from '../series/python-text.ts';
import { type Drawing, type Series, tagged } from '../series/series.ts';
import { constantLine } from './sources.ts';

const onlySeries = params('seriesList:seriesList!');

/** Functions that say how series are drawn and joined, and lines beside them. */
export const drawingFunctions: FunctionSpec[] = [
  {
    name: 'color',
    group: 'Graph',
    summary: 'Draws series in a colour, by name or as hexadecimal digits.',
    params: params('seriesList:seriesList! theColor:string!'),
    run: (call) => drawn(call, { color: call.text('theColor') }),
  },
  {
    name: 'alpha',
    group: 'Graph',
    summary: 'Draws series with an opacity between 0 and 1.',
    params: params('seriesList:seriesList! alpha:float!'),
    run: (call) => drawn(call, { alpha: call.number('alpha') }),
  },
  {
    name: 'lineWidth',
    group: 'Graph',
    summary: 'Draws lines of a width.',
    params: params('seriesList:seriesList! width:float!'),
    run: (call) => drawn(call, { lineWidth: call.number('width') }),
  },
  {
    name: 'dashed',
    group: 'Graph',
    summary: 'Draws dashed lines.',
    params: params('seriesList:seriesList! dashLength:float=5'),
    run(call) {
      const shown = call.shown('dashLength');
      const dash = call.number('dashLength');
      return drawn(call, { dash }, { dashed: shown }, (name) => `dashed(${name}, ${shortFloat(dash)})`);
    },
  },
  {
    name: 'secondYAxis',
    group: 'Graph',
    summary: 'Draws series by the axis on the right.',
    params: onlySeries,
    run: (call) => drawn(call, { secondAxis: true }, { secondYAxis: '1' }, (name) => `secondYAxis(${name})`),
  },
  {
    name: 'drawAsInfinite',
    group: 'Graph',
    summary: 'Draws a vertical line wherever a value is above zero.',
    params: onlySeries,
    run: (call) =>
      drawn(call, { infinite: true }, { drawAsInfinite: '1' }, (name) => `drawAsInfinite(${name})`),
  },
  {
    name: 'stacked',
    group: 'Graph',
    summary: 'Draws series as areas one above the other.',
    params: params('seriesLists:seriesList! stack:string=__DEFAULT__'),
    run: stacked,
  },
  {
    name: 'areaBetween',
    group: 'Graph',
    summary: 'Draws the area between two series.',
    params: onlySeries,
    run: areaBetween,
  },
  {
    name: 'consolidateBy',
    group: 'Special',
    summary: 'How values are joined where a graph has fewer points.',
    params: params(
      'seriesList:seriesList! consolidationFunc:string!(average|avg|avg_zero|first|last|max|min|sum)',
    ),
    run: (call) => consolidateBy(call, call.text('consolidationFunc')),
  },
  {
    name: 'cumulative',
    group: 'Special',
    summary: 'Adds values up where a graph has fewer points.',
    params: onlySeries,
    run: (call) => consolidateBy(call, 'sum'),
  },
  {
    name: 'setXFilesFactor',
    aliases: ['xFilesFactor'],
    group: 'Special',
    summary: 'The share of values that must be there for joined ones to have one.',
    params: params('seriesList:seriesList! xFilesFactor:float!'),
    run(call) {
      const xFilesFactor = call.number('xFilesFactor');
      // Graphite lets it hold for whatever the request computes after this, too.
      call.context.xFilesFactor = xFilesFactor;
      return call.series().map((series) => ({
        ...series,
        xFilesFactor,
        tags: { ...series.tags, xFilesFactor: pythonFloat(xFilesFactor) },
      }));
    },
  },
  {
    name: 'aggregateLine',
    group: 'Calculate',
    summary: 'A horizontal line at an aggregate of a series.',
    params: params('seriesList:seriesList! func:aggFunc=average keepStep:boolean=false'),
    run: aggregateLine,
  },
  {
    name: 'nPercentile',
    group: 'Calculate',
    summary: 'A horizontal line at a percentile of a series.',
    params: params('seriesList:seriesList! n:float!'),
    run: nPercentile,
  },
];

function drawn(
  call: Call,
  drawing: Drawing,
  tags: Record<string, string> = {},
  rename: (name: string) => string = (name) => name,
): Series[] {
  return call.series().map((series) => ({
    ...series,
    name: rename(series.name),
    tags: { ...series.tags, ...tags },
    drawing: { ...series.drawing, ...drawing },
  }));
}

/** Values on top of those of the same stack, also of earlier targets of the request. */
function stacked(call: Call): Series[] {
  const stack = call.text('stack');
  const totals = call.context.stacks.get(stack) ?? [];
  call.context.stacks.set(stack, totals);
  const isUsual = stack === '__DEFAULT__';
  return call.series('seriesLists').map((series) => {
    let index = -1;
    const values = call.mapped(series.values, (value) => {
      index += 1;
      totals[index] = (totals[index] ?? 0) + (Number.isNaN(value) ? 0 : value);
      return Number.isNaN(value) ? value : totals[index]!;
    });
    const name = isUsual ? `stacked(${series.name})` : series.name;
    const tags: Record<string, string> = isUsual ? { stacked: stack } : {};
    const path = isUsual ? name : series.path;
    return tagged(series, tags, { name, path, values, drawing: { ...series.drawing, stacked: true } });
  });
}

function areaBetween(call: Call): Series[] {
  const [lower, upper, ...more] = call.series();
  if (lower === undefined || upper === undefined || more.length > 0)
    throw call.error('it takes two series, the lower and the upper one');
  const name = `areaBetween(${upper.path})`;
  const tags = { ...upper.tags, areaBetween: '1' };
  return [
    { ...lower, name, tags, drawing: { ...lower.drawing, stacked: true, invisible: true } },
    { ...upper, name, tags, drawing: { ...upper.drawing, stacked: true } },
  ];
}

function consolidateBy(call: Call, word: string): Series[] {
  const consolidation = aggregateNamed(word);
  return call
    .series()
    .map((series) =>
      tagged(
        series,
        { consolidateBy: word },
        { name: `consolidateBy(${series.name},"${word}")`, consolidation },
      ),
    );
}

function aggregateLine(call: Call): Series[] {
  return call.series().map((series) => {
    const value = aggregate(call.aggregate(), series.values);
    const name = `aggregateLine(${series.name}, ${Number.isNaN(value) ? 'None' : shortFloat(value)})`;
    if (call.flag('keepStep')) {
      const values = new Float64Array(series.values.length).fill(value);
      return tagged(series, {}, { name, values });
    }
    const shown = Number.isNaN(value) ? 'None' : pythonFloat(value);
    return { ...constantLine(call.context, value, shown), name, path: name };
  });
}

function nPercentile(call: Call): Series[] {
  const n = call.number('n');
  if (n <= 0) throw call.error('the percentile must be above 0');
  return call.series().flatMap((series) => {
    const value = percentile(series.values, n);
    if (Number.isNaN(value)) return [];
    const values = new Float64Array(series.values.length).fill(value);
    const name = `nPercentile(${series.name}, ${shortFloat(n)})`;
    return [tagged(series, { nPercentile: pythonFloat(n) }, { name, values })];
  });
}
