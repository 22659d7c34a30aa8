import { brailleChart } from './braille.ts';
import type { CliContext } from './context.ts';
import type { Paint } from './paint.ts';
import { shortNumber, sparkline, summaryOf } from './series.ts';

/** One series as `/render` answers it; times are epoch seconds. */
export interface Rendered {
  target: string;
  datapoints: [value: number | null, time: number][];
  /** What all of its points came to, where those here are joined from more. */
  ofAll?: { min: number; max: number; last: number };
}

/** What a series came to; null where it has no value in that time. */
export interface Figures {
  name: string;
  min: number | null;
  max: number | null;
  mean: number | null;
  last: number | null;
}

const chartHeight = 8;
/** What the table leaves beside its other columns. */
const leastSpark = 10;
const mostSpark = 60;

/** The figures of one series. */
export function figuresOf(series: Rendered): Figures {
  const none = { min: null, max: null, mean: null, last: null };
  return { name: series.target, ...(summaryOf(valuesOf(series)) ?? none), ...series.ofAll };
}

/** What the points of a series come to, as they are here; undefined where there is none, or no series. */
export function summaryOfSeries(series: Rendered | undefined): ReturnType<typeof summaryOf> {
  return series && summaryOf(valuesOf(series));
}

/** A line for each series: its name and its figures. */
export function figuresCsv(series: Rendered[]): string {
  const lines = series
    .map(figuresOf)
    .map(({ name, min, max, mean, last }) =>
      [quoted(name), min, max, mean, last].map((cell) => cell ?? '').join(','),
    );
  return ['name,min,max,mean,last', ...lines].join('\n');
}

/** A line for each value: name, time, value. */
export function pointsCsv(series: Rendered[]): string {
  return series
    .flatMap(({ target, datapoints }) =>
      datapoints.map(
        ([value, time]) => `${quoted(target)},${new Date(time * 1000).toISOString()},${value ?? ''}`,
      ),
    )
    .join('\n');
}

function quoted(name: string): string {
  return /[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}

/** How lines are drawn: at most `room` characters wide, and with `isAscii` for a terminal that knows no others. */
export interface Drawn {
  room: number;
  isAscii: boolean;
}

/** Series as a table with a sparkline each, which is as wide as there is room. */
export function tableText(
  cli: Pick<CliContext, 'table'>,
  series: Rendered[],
  { room, isAscii }: Drawn,
): string {
  const longest = Math.max(...series.map(({ target }) => target.length));
  const spark = Math.min(Math.max(room - longest - 30, leastSpark), mostSpark);
  const figure = (of: 'min' | 'max' | 'last') => (one: Rendered) => {
    const value = figuresOf(one)[of];
    return value === null ? '-' : shortNumber(value);
  };
  return cli.table(
    [
      { title: 'SERIES', text: (one) => one.target },
      { title: 'VALUES', text: (one) => sparkline(valuesOf(one), spark, isAscii) },
      { title: 'MIN', text: figure('min'), align: 'right' },
      { title: 'MAX', text: figure('max'), align: 'right' },
      { title: 'LAST', text: figure('last'), align: 'right' },
    ],
    series,
  );
}

/** A series as a chart, with its highest and lowest value, its time and its figures. */
export function chartText(paint: Paint, series: Rendered, { room, isAscii }: Drawn): string {
  const values = valuesOf(series);
  const summary = summaryOf(values);
  if (summary === undefined) return `${series.target}\nno value in this time`;
  const labels = [shortNumber(summary.max), shortNumber(summary.min)];
  const margin = Math.max(...labels.map(({ length }) => length));
  const chart = brailleChart(values, Math.max(10, room - margin - 2), chartHeight, { isAscii });
  const lines = chart.map((line, index) => {
    const label = index === 0 ? labels[0]! : index === chartHeight - 1 ? labels[1]! : '';
    return `${paint.dim(label.padStart(margin))}  ${line}`;
  });
  const time = (at: number | undefined): string =>
    new Date((at ?? 0) * 1000).toISOString().replace('T', ' ').slice(0, 16);
  const span = `${time(series.datapoints[0]?.[1])} to ${time(series.datapoints.at(-1)?.[1])} UTC`;
  const { min, max, last } = series.ofAll ?? summary;
  const figures = `last ${shortNumber(last)}, mean ${shortNumber(summary.mean)}`;
  const below = [`${span}; ${figures}`];
  if (min < summary.min || max > summary.max)
    below.push(`drawn are means: the lowest was ${shortNumber(min)}, the highest ${shortNumber(max)}`);
  return [
    series.target,
    ...lines,
    ...below.map((text) => paint.dim(`${' '.repeat(margin + 2)}${text}`)),
  ].join('\n');
}

function valuesOf({ datapoints }: Rendered): (number | null)[] {
  return datapoints.map(([value]) => value);
}
