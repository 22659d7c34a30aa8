import type { Call } from '../evaluate/call.ts';
import { type FunctionSpec, params } from '../evaluate/function-spec.ts';
import { type AggregateName, aggregate, counted, isEnough } from '../series/aggregates.ts';
import { changed, type Series, tagged } from '../series/series.ts';
import { parseOffset } from '../time/offset.ts';
import { startOfUnit } from '../time/start-of-unit.ts';

/** Functions that make longer steps. */
export const summaryFunctions: FunctionSpec[] = [
  {
    name: 'summarize',
    group: 'Transform',
    summary: 'Joins values to one each interval.',
    params: params(
      'seriesList:seriesList! intervalString:interval! func:aggFunc=sum alignToFrom:boolean=false',
    ),
    run: summarize,
  },
  {
    name: 'smartSummarize',
    group: 'Transform',
    summary:
      'Joins values to one each interval, from the start of what is asked for, or of its hour, day and so on.',
    params: params('seriesList:seriesList! intervalString:interval! func:aggFunc=sum alignTo:string'),
    run: smartSummarize,
  },
  {
    name: 'hitcount',
    group: 'Transform',
    summary: 'How often something happened each interval, from rates per second.',
    params: params('seriesList:seriesList! intervalString:interval! alignToInterval:boolean=false'),
    run: hitcount,
  },
];

function intervalOf(call: Call): number {
  const interval = Math.abs(parseOffset(call.text('intervalString')));
  if (interval === 0) throw call.error('the interval must not be 0');
  return interval;
}

function summarize(call: Call): Series[] {
  const interval = intervalOf(call);
  const text = call.text('intervalString');
  const word = call.text('func');
  const isFromStart = call.flag('alignToFrom');
  return call.series().map((series) => {
    const start = isFromStart ? series.start : series.start - (series.start % interval);
    const end = isFromStart ? series.end : series.end - (series.end % interval) + interval;
    const values = buckets(call, series, { start, end, interval }, call.aggregate());
    const name = `summarize(${series.name}, "${text}", "${word}"${isFromStart ? ', true' : ''})`;
    const tags = { summarize: text, summarizeFunction: word };
    return tagged(series, tags, {
      name,
      start,
      end: start + values.length * interval,
      step: interval,
      values,
    });
  });
}

function smartSummarize(call: Call): Series[] {
  const interval = intervalOf(call);
  const text = call.text('intervalString');
  const word = call.text('func');
  const { from, zone } = call.context;
  const list = call.has('alignTo')
    ? call.again(0, { from: startOfUnit(call.text('alignTo'), from, zone) })
    : call.series();
  return list.map((series) => {
    const { start, end } = series;
    const values = buckets(call, series, { start, end, interval }, call.aggregate());
    const name = `smartSummarize(${series.name}, "${text}", "${word}")`;
    const tags = { smartSummarize: text, smartSummarizeFunction: word };
    return tagged(series, tags, { name, step: interval, values });
  });
}

interface Span {
  start: number;
  end: number;
  interval: number;
}

/** Values joined by the interval into which each one's time falls. */
function buckets(
  call: Call,
  series: Series,
  { start, end, interval }: Span,
  name: AggregateName,
): Float64Array {
  const count = Math.ceil((end - start) / interval);
  call.context.budget.take(count + series.values.length);
  const result = new Float64Array(count).fill(Number.NaN);
  const share = call.xFilesFactor(series);
  const placeOf = (index: number): number =>
    Math.floor((series.start + index * series.step - start) / interval);
  for (let from = 0; from < series.values.length; ) {
    const place = placeOf(from);
    let to = from + 1;
    while (to < series.values.length && placeOf(to) === place) to += 1;
    const found = counted(series.values, from, to - from);
    if (place >= 0 && place < count && isEnough(found, interval / series.step, share))
      result[place] = aggregate(name, series.values, from, to - from);
    from = to;
  }
  return result;
}

function hitcount(call: Call): Series[] {
  const interval = intervalOf(call);
  const text = call.text('intervalString');
  const isAligned = call.flag('alignToInterval');
  const list = isAligned ? aligned(call, interval) : call.series();
  return list.map((series) => {
    const count = Math.ceil((series.end - series.start) / interval);
    const start = series.end - count * interval;
    call.context.budget.take(count + series.values.length);
    const values = hits(series, { start, end: series.end, interval });
    const name = `hitcount(${series.name}, "${text}"${isAligned ? ', true' : ''})`;
    return tagged(series, { hitcount: text }, { name, start, step: interval, values });
  });
}

/** The series from the start of the day, hour or minute on, with whole intervals. */
function aligned(call: Call, interval: number): Series[] {
  const { from, zone } = call.context;
  const unit =
    interval >= 86400 ? 'days' : interval >= 3600 ? 'hours' : interval >= 60 ? 'minutes' : 'seconds';
  return call.again(0, { from: startOfUnit(unit, from, zone) }).map((series) => {
    const count = Math.floor((series.end - series.start) / interval);
    return changed(series, { end: series.start + (count + 1) * interval });
  });
}

function hits(series: Series, { start, end, interval }: Span): Float64Array {
  const count = Math.round((end - start) / interval);
  const result = new Float64Array(count).fill(Number.NaN);
  const add = (place: number, amount: number): void => {
    if (place < 0 || place >= count) return;
    result[place] = (Number.isNaN(result[place]!) ? 0 : result[place]!) + amount;
  };
  for (const [index, value] of series.values.entries()) {
    if (Number.isNaN(value)) continue;
    const begins = series.start + index * series.step - start;
    const ends = Math.min(begins + series.step, count * interval);
    for (let place = Math.floor(begins / interval); place * interval < ends; place += 1)
      add(place, value * (Math.min(ends, (place + 1) * interval) - Math.max(begins, place * interval)));
  }
  return result;
}
