import { TargetError } from '../grammar/target.ts';
import { isTimeZone } from '../time/zone.ts';

/** How areas under curves are filled. */
export type AreaMode = 'none' | 'first' | 'all' | 'stacked';
/** How points are joined. */
export type LineMode = 'slope' | 'staircase' | 'connected';

/** How a graph looks. Colours are ready for SVG. */
export interface GraphOptions {
  width: number;
  height: number;
  title: string;
  verticalTitle: string;
  areaMode: AreaMode;
  lineMode: LineMode;
  areaAlpha: number;
  lineWidth: number;
  fontSize: number;
  colors: string[];
  background: string;
  foreground: string;
  least: number | undefined;
  most: number | undefined;
  unitSystem: string;
  hidesLegend: boolean;
  hidesAxes: boolean;
  hidesGrid: boolean;
  drawsNullAsZero: boolean;
  zone: string;
  /** Seconds since 1970 between which it is drawn. */
  from: number;
  until: number;
}

// Wong's palette for readers who do not tell all colours apart (Nature Methods 8, 441), and darker kin.
const palette =
  '#0072b2,#e69f00,#009e73,#d55e00,#56b4e9,#cc79a7,#8a8a00,#5f4690,#666666,#1d6996,#38a6a5,#94346e'.split(
    ',',
  );

/** What a request says about the graph. Throws a TargetError for what is not a number, or out of bounds. */
export function graphOptions(
  text: (name: string) => string | undefined,
  time: { from: number; until: number; zone: string },
): GraphOptions {
  const number = (name: string, otherwise: number, least: number, most: number): number => {
    const given = text(name);
    if (given === undefined || given === '') return otherwise;
    const value = Number(given);
    if (!(value >= least && value <= most))
      throw new TargetError(`'${name}' must be between ${least} and ${most}`);
    return value;
  };
  const bound = (name: string): number | undefined => {
    const value = number(name, Number.NaN, -Number.MAX_VALUE, Number.MAX_VALUE);
    return Number.isNaN(value) ? undefined : value;
  };
  const choice = <T extends string>(name: string, choices: readonly T[]): T =>
    choices.find((one) => one === text(name)) ?? choices[0]!;
  const flag = (name: string): boolean => /^(true|1|yes|on)$/i.test(text(name) ?? '');
  const isBare = flag('graphOnly');
  const zone = text('tz') ?? time.zone;
  const listed = (text('colorList') ?? '').split(',').flatMap((one) => colorOf(one) ?? []);
  return {
    width: Math.round(number('width', 800, 100, 4000)),
    height: Math.round(number('height', 320, 80, 4000)),
    title: (text('title') ?? '').slice(0, 300),
    verticalTitle: (text('vtitle') ?? '').slice(0, 300),
    areaMode: choice('areaMode', ['none', 'first', 'all', 'stacked']),
    lineMode: choice('lineMode', ['slope', 'staircase', 'connected']),
    areaAlpha: number('areaAlpha', 0.35, 0, 1),
    lineWidth: number('lineWidth', 1.4, 0.1, 20),
    fontSize: number('fontSize', 12, 6, 40),
    colors: listed.length > 0 ? listed : palette,
    background: colorOf(text('bgcolor')) ?? '#ffffff',
    foreground: colorOf(text('fgcolor')) ?? '#333333',
    least: bound('yMin') ?? bound('min'),
    most: bound('yMax') ?? bound('max'),
    unitSystem: choice('yUnitSystem', ['si', 'binary', 'none']),
    hidesLegend: isBare || flag('hideLegend'),
    hidesAxes: isBare || flag('hideAxes'),
    hidesGrid: isBare || flag('hideGrid'),
    drawsNullAsZero: flag('drawNullAsZero'),
    ...time,
    zone: isTimeZone(zone) ? zone : time.zone,
  };
}

/** A colour for SVG: a name or hexadecimal digits; undefined for anything else. */
export function colorOf(text: string | undefined): string | undefined {
  const clean = (text ?? '').trim().toLowerCase();
  if (/^#?([0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})$/.test(clean)) return `#${clean.replace('#', '')}`;
  return /^[a-z]{3,20}$/.test(clean) ? clean : undefined;
}
