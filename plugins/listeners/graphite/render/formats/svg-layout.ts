import { joined } from '../series/consolidation.ts';
import type { Series } from '../series/series.ts';
import { type Marks, marksFor } from './scale.ts';
import { colorOf, type GraphOptions } from './svg-options.ts';

/** A series as it is drawn: few enough points, stacked where asked. */
export interface Curve {
  series: Series;
  color: string;
  start: number;
  step: number;
  values: Float64Array;
  /** Where the area begins, for stacked ones. */
  floor: Float64Array | undefined;
  isArea: boolean;
}

/** Where things are, in pixels, and what the axes show. */
export interface Layout {
  curves: Curve[];
  left: number;
  right: number;
  top: number;
  bottom: number;
  marks: Marks;
  /** Of the axis on the right; undefined where nothing is drawn by it. */
  secondMarks: Marks | undefined;
  /** Names in the legend, those that are shown. */
  legendRows: number;
  x(time: number): number;
  y(value: number, isSecond: boolean): number;
}

const mostLegendRows = 12;

/** Decides where everything goes. */
export function layoutOf(list: readonly Series[], options: GraphOptions): Layout {
  const { width, height, fontSize, hidesAxes, from, until } = options;
  const curves = curvesOf(list, options);
  const first = curves.filter(({ series }) => series.drawing.secondAxis !== true);
  const second = curves.filter(({ series }) => series.drawing.secondAxis === true);
  const shown = list.filter(({ drawing }) => drawing.invisible !== true).length;
  const room = Math.max(0, Math.floor((height * 0.4) / (fontSize * 1.5)));
  const legendRows = options.hidesLegend ? 0 : Math.min(shown, mostLegendRows, room);
  const pad = hidesAxes ? 4 : fontSize;
  const left = hidesAxes ? pad : fontSize * (options.verticalTitle === '' ? 5 : 6.5);
  const right = width - (second.length > 0 && !hidesAxes ? fontSize * 5 : pad);
  const top = options.title === '' ? pad : fontSize * 2.6;
  const bottom = height - (hidesAxes ? pad : fontSize * 2.2) - legendRows * fontSize * 1.5;
  const wanted = Math.max(2, (bottom - top) / (fontSize * 3.2));
  const marks = marksOf(first, options, wanted);
  const secondMarks = second.length > 0 ? marksOf(second, options, wanted) : undefined;
  const time = { from, span: Math.max(1, until - from) };
  return {
    ...{ curves, left, right, top, bottom, marks, secondMarks, legendRows },
    x: (at) => left + ((at - time.from) / time.span) * (right - left),
    y(value, isSecond) {
      const { least, most } = isSecond && secondMarks !== undefined ? secondMarks : marks;
      const clipped = Math.min(most, Math.max(least, value));
      return bottom - ((clipped - least) / (most - least)) * (bottom - top);
    },
  };
}

function marksOf(curves: Curve[], { least, most, areaMode }: GraphOptions, wanted: number): Marks {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { series, values, isArea } of curves) {
    if (series.drawing.infinite === true) continue;
    if (isArea || areaMode === 'all') low = Math.min(low, 0);
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) [low, high] = [0, 1];
  return marksFor(least ?? low, most ?? high, wanted, {
    ...(least !== undefined && { least }),
    ...(most !== undefined && { most }),
  });
}

function curvesOf(list: readonly Series[], options: GraphOptions): Curve[] {
  let lower: Curve | undefined;
  const isOnTop = ({ drawing }: Series): boolean =>
    options.areaMode === 'stacked' && drawing.infinite !== true;
  let count = 0;
  return list.map((series, index) => {
    const { drawing, step, values, start } = series;
    const size = Math.max(1, Math.ceil(values.length / options.width));
    const fewer = size === 1 ? values : joined(values, size, series.consolidation, series.xFilesFactor ?? 0);
    const filled = options.drawsNullAsZero ? fewer.map((value) => (Number.isNaN(value) ? 0 : value)) : fewer;
    const isStacked = isOnTop(series);
    const fits = lower !== undefined && lower.start === start && lower.step === step * size;
    const floor = isStacked && fits ? lower!.values : undefined;
    const stacked = floor === undefined ? filled : filled.map((value, at) => sum(value, floor[at]));
    const isArea =
      isStacked ||
      drawing.stacked === true ||
      options.areaMode === 'all' ||
      (options.areaMode === 'first' && index === 0);
    const color = colorOf(drawing.color) ?? options.colors[count % options.colors.length]!;
    if (drawing.color === undefined && drawing.invisible !== true) count += 1;
    const own: Curve = {
      ...{ series, color, start, step: step * size, values: stacked, isArea },
      floor: floor ?? (drawing.stacked === true && fits ? lower!.values : undefined),
    };
    if (isStacked || drawing.stacked === true) lower = own;
    return own;
  });
}

function sum(value: number, floor: number | undefined): number {
  if (floor === undefined || Number.isNaN(floor)) return value;
  return Number.isNaN(value) ? floor : value + floor;
}
