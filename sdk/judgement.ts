import { isAlerting, parseNumber, parseRange, type Range } from './ranges.ts';
import type { Metric, Verdict, VerdictState } from './values.ts';

/** A threshold as an option of a check gives it: a range of Nagios, whose numbers may have a unit of `thresholdUnits`. */
export type Threshold = string | number;

/** Thresholds of one figure. An absent one never alerts. */
export interface Thresholds {
  warning?: Threshold | undefined;
  critical?: Threshold | undefined;
}

/** One thing a check found. */
export interface Finding {
  state: VerdictState;
  text: string;
}

/** Units of thresholds: times count in seconds, sizes in bytes. */
export const thresholdUnits: ReadonlyMap<string, number> = new Map([
  ['ms', 1e-3],
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
  ['B', 1],
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['%', 1],
]);

const severity: readonly VerdictState[] = ['ok', 'unknown', 'warning', 'critical'];

/**
 * Reads a threshold; undefined when there is none. Throws when it is no range: `config check` refuses that before a check runs.
 * @example `readThreshold('500ms:2s') // { start: 0.5, end: 2, … }`
 */
export function readThreshold(written: Threshold | undefined): Range | undefined {
  if (written === undefined) return undefined;
  const range = parseRange(String(written), thresholdUnits);
  if (range === null)
    throw new Error(`the threshold '${written}' is no range such as 10, 10:, ~:10, 10:20 or @10:20`);
  return range;
}

/**
 * Seconds of an option of the format `duration`, bytes of one of the format `size`. Throws for anything else.
 * @example `readQuantity('5m') // 300`
 */
export function readQuantity(text: string): number {
  const quantity = parseNumber(text.replaceAll(' ', ''));
  const factor = quantity?.unit === '' ? 1 : thresholdUnits.get(quantity?.unit ?? '');
  if (quantity === undefined || factor === undefined) throw new Error(`'${text}' is no duration and no size`);
  return quantity.value * factor;
}

/**
 * The state of a figure by its thresholds.
 * @example `stateOf(0.7, { warning: '500ms', critical: '2s' }) // 'warning'`
 */
export function stateOf(value: number, { warning, critical }: Thresholds): VerdictState {
  const [warn, crit] = [readThreshold(warning), readThreshold(critical)];
  if (crit !== undefined && isAlerting(crit, value)) return 'critical';
  return warn !== undefined && isAlerting(warn, value) ? 'warning' : 'ok';
}

/**
 * A figure for graphs, with its thresholds in its own unit.
 * @example `metricOf(0.7, 's', { warning: '500ms' }) // { value: 0.7, unit: 's', warning: '0.5' }`
 */
export function metricOf(
  value: number | null,
  unit: string,
  thresholds: Thresholds = {},
  min?: number,
): Metric {
  const [warning, critical] = [thresholds.warning, thresholds.critical].map(written);
  return {
    value,
    ...(unit !== '' && { unit }),
    ...(warning !== undefined && { warning }),
    ...(critical !== undefined && { critical }),
    ...(min !== undefined && { min }),
  };
}

/** A threshold without units, as performance data have it. */
function written(threshold: Threshold | undefined): string | undefined {
  const range = readThreshold(threshold);
  if (range === undefined) return undefined;
  const start =
    range.start === null ? '~:' : range.start === 0 && range.end !== null ? '' : `${range.start}:`;
  return `${range.inside ? '@' : ''}${start}${range.end ?? ''}`;
}

/**
 * One verdict of several findings: the worst state (critical, then warning, unknown, ok), and the texts of what is not ok, the worst
 * first, or of all when all is well. `subject` stands in front.
 * @example `verdictOf('disk', [{ state: 'ok', text: '40 % used' }]) // { state: 'ok', output: 'disk: 40 % used' }`
 */
export function verdictOf(subject: string, findings: Finding[], metrics?: Verdict['metrics']): Verdict {
  const rank = ({ state }: Finding): number => severity.indexOf(state);
  const sorted = [...findings].sort((a, b) => rank(b) - rank(a));
  const state = sorted[0]?.state ?? 'ok';
  const shown = state === 'ok' ? findings : sorted.filter((finding) => finding.state !== 'ok');
  const output = `${subject}: ${shown.map(({ text }) => text).join('; ')}`;
  return { state, output, ...(metrics !== undefined && { metrics }) };
}
