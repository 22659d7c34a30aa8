import { kind } from '../grammar/kinds.ts';
import { type AggregateRules, aggregate } from './aggregates.ts';
import type { Interval } from './columns.ts';
import { sortTimers } from './timer-values.ts';

/** All aggregates of an interval, as text and, for the first metrics, as values. */
export interface Aggregates {
  /** `name value\n` of each. */
  lines: string;
  count: number;
  /** Metrics that they are of. */
  metrics: number;
  /** Metrics whose aggregates are not there, since the text is as long as it may be. */
  leftOut: number;
  shown: ShownMetric[];
}

/** How much an interval may come to: metrics as values, and characters of text. */
export interface BatchLimits {
  shown: number;
  chars: number;
}

/** One metric and its aggregates by name; a gauge has its last value too. */
export interface ShownMetric {
  kind: number;
  name: string;
  values: { [key: string]: number };
}

/** Metrics between two looks at the clock. */
const stride = 200;

/**
 * Computes what an interval came to, the first metrics as values too; `yield`s now and then, so that who drives it may let the
 * loop turn: packets wait in a buffer of the kernel that lasts some tens of milliseconds.
 */
export function* aggregates(
  interval: Interval,
  rules: AggregateRules,
  limits: BatchLimits,
): Generator<undefined, Aggregates> {
  const timers = yield* sortTimers(interval);
  const parts: string[] = [];
  const shown: ShownMetric[] = [];
  let [text, chars, count, metrics] = ['', 0, 0, 0];
  let place = 0;
  for (; place < interval.kinds.length && chars < limits.chars; place += 1) {
    const base = interval.bases[place]!;
    const tags = interval.tags[place]!;
    const before = count;
    const isShown = shown.length < limits.shown && place < interval.idleFrom;
    const values: ShownMetric['values'] | undefined = isShown ? {} : undefined;
    aggregate(interval, place, timers, rules, (prefix, key, value) => {
      if (!Number.isFinite(value)) return;
      const line =
        key === '' ? `${prefix}${base}${tags} ${value}\n` : `${prefix}${base}.${key}${tags} ${value}\n`;
      text += line;
      chars += line.length;
      count += 1;
      if (values !== undefined) values[shownKey(prefix, key)] = value;
    });
    if (count > before) metrics += 1;
    const of = interval.kinds[place]!;
    if (values !== undefined && of <= kind.meter) {
      if (of === kind.gauge) values.value = interval.last[place]!;
      shown.push({ kind: of, name: `${base}${tags}`, values });
    }
    if (place % stride !== stride - 1) continue;
    parts.push(text);
    text = '';
    yield;
  }
  parts.push(text);
  return { lines: parts.join(''), count, metrics, leftOut: interval.kinds.length - place, shown };
}

function shownKey(prefix: string, key: string): string {
  if (key !== '') return key;
  return prefix === 'stats_counts.' ? 'count' : prefix === 'stats.' ? 'rate' : 'mean';
}
