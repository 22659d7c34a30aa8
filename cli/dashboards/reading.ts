import type { Json } from 'opsbro/sdk';
import type { EvaluationView } from '../../control/shapes.ts';
import { formatBytes } from '../quantities.ts';
import { shortNumber, type Values } from '../series.ts';
import type { Widget } from './content.ts';

/** What a widget showed once. */
export interface Reading {
  value: Json;
  /** The value as a number; null where there is none. */
  number: number | null;
  /** As Python prints it. */
  text: string;
  /** Names of data that are not there. */
  missing: string[];
  error: string | null;
}

/** A widget's last reading and, of a chart, what went before, the last included. */
export interface Shown {
  reading: Reading;
  values: Values;
}

/** What is known of each widget of a dashboard now. */
export type Readings = ReadonlyMap<Widget, Shown>;

/** How a value stands to the limits of its widget. */
export type Level = 'none' | 'ok' | 'warning' | 'critical';

const bytesUnit = /^(?:bytes|B)(\/s)?$/;

/** The reading that an evaluation came to. A number is wanted of everything but a text. */
export function readingOf(widget: Widget, view: EvaluationView): Reading {
  const { value, text, missing } = view;
  if (!view.ok) {
    const error = view.error?.message ?? 'the expression has no value';
    return { value: null, number: null, text: '', missing, error };
  }
  const number = typeof value === 'boolean' ? Number(value) : typeof value === 'number' ? value : null;
  const isNothing = value === null || value === '';
  const isWrong = widget.kind !== 'text' && number === null && !isNothing;
  const error = isWrong ? `${text.slice(0, 40)} is no number` : null;
  return { value, number, text: isNothing ? '' : text, missing, error };
}

/** `42 %`, `1.5 MiB/s`, `0.42`; `-` where there is none. */
export function amountText(number: number | null, unit: string): string {
  if (number === null) return '-';
  const bytes = bytesUnit.exec(unit);
  if (bytes !== null) return `${formatBytes(Math.round(number))}${bytes[1] ?? ''}`;
  const shown = unit === '%' ? String(Math.round(number)) : shortNumber(Number(number.toPrecision(3)));
  return unit === '' ? shown : `${shown} ${unit}`;
}

/** The same without the unit and as short as may be, for the edge of a chart: `1.5M`. */
export function scaleText(number: number, unit: string): string {
  if (bytesUnit.test(unit)) return formatBytes(Math.round(number)).replace(/ (?:([KMGT])i)?B$/, '$1');
  return shortNumber(Number(number.toPrecision(3)));
}

/** How full a gauge or a donut is, 0 to 1. */
export function shareOf(widget: Widget, number: number | null): number {
  return Math.min(Math.max((number ?? 0) / (widget.max ?? 100), 0), 1);
}

/** Where a value stands. Limits are upper ones, unless the critical one is the lower of two. */
export function levelOf({ warning, critical }: Widget, number: number | null): Level {
  if (number === null || (warning === undefined && critical === undefined)) return 'none';
  const isLower = warning !== undefined && critical !== undefined && critical < warning;
  const isBeyond = (limit: number | undefined): boolean =>
    limit !== undefined && (isLower ? number <= limit : number >= limit);
  return isBeyond(critical) ? 'critical' : isBeyond(warning) ? 'warning' : 'ok';
}
