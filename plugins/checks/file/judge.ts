import { type Finding, stateOf, type Threshold, type VerdictState } from 'opsbro/sdk';
import type { Found } from './glob.ts';

/** The options of the manifest. */
export interface Options {
  path: string;
  type: 'file' | 'directory' | 'any';
  expect: 'exists' | 'absent' | 'any';
  judge: 'each' | 'newest' | 'oldest';
  age_warning?: Threshold;
  age_critical?: Threshold;
  size_warning?: Threshold;
  size_critical?: Threshold;
  count_warning?: Threshold;
  count_critical?: Threshold;
  total_warning?: Threshold;
  total_critical?: Threshold;
}

const maxNamed = 5;
const severities: VerdictState[] = ['critical', 'warning', 'ok'];
const timeUnits = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
] as const;
const sizeUnits = [
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
] as const;

/** A duration for people: `3.5 h`. */
export function shownTime(seconds: number): string {
  const [factor, unit] = timeUnits.find(([size]) => Math.abs(seconds) >= size) ?? [1, 's'];
  return `${Math.round((seconds / factor) * 10) / 10} ${unit}`;
}

/** A size for people: `1.5 MiB`. */
export function shownSize(bytes: number): string {
  const [factor, unit] = sizeUnits.find(([size]) => bytes >= size) ?? [1, 'B'];
  return `${Math.round((bytes / factor) * 10) / 10} ${unit}`;
}

/** Seconds since a file changed; a clock that is behind makes it no younger than new. */
export function ageOf({ stat }: Found, nowMs: number): number {
  return Math.max(0, (nowMs - stat.modifiedMs) / 1000);
}

/** Judges what was found: that something is there, how much of it, and the ages and sizes. */
export function judgeFiles(found: Found[], nowMs: number, options: Options): Finding[] {
  const findings = [judgeCount(found, options), judgeTotal(found, options)];
  for (const file of judged(found, options.judge)) findings.push(judgeOne(file, nowMs, options));
  return shorten(findings);
}

function judgeCount(found: Found[], { expect, count_warning, count_critical }: Options): Finding {
  const [first] = found;
  const text = first === undefined ? 'there is none' : `there are ${found.length}`;
  if (expect === 'exists' && first === undefined) return { state: 'critical', text };
  if (expect === 'absent' && first !== undefined)
    return { state: 'critical', text: `${first.path} is there` };
  return { state: stateOf(found.length, { warning: count_warning, critical: count_critical }), text };
}

function judgeTotal(found: Found[], { total_warning: warning, total_critical: critical }: Options): Finding {
  const bytes = totalBytes(found);
  return { state: stateOf(bytes, { warning, critical }), text: `${shownSize(bytes)} in all` };
}

/** Bytes of all files together. */
export function totalBytes(found: Found[]): number {
  return found.reduce((sum, { stat }) => sum + stat.sizeBytes, 0);
}

function judged(found: Found[], which: Options['judge']): Found[] {
  if (which === 'each') return found;
  const byAge = [...found].sort((a, b) => b.stat.modifiedMs - a.stat.modifiedMs);
  return which === 'newest' ? byAge.slice(0, 1) : byAge.slice(-1);
}

function judgeOne(file: Found, nowMs: number, options: Options): Finding {
  const [age, bytes] = [ageOf(file, nowMs), file.stat.sizeBytes];
  const states = [
    stateOf(age, { warning: options.age_warning, critical: options.age_critical }),
    stateOf(bytes, { warning: options.size_warning, critical: options.size_critical }),
  ];
  const state = severities.find((one) => states.includes(one)) ?? 'ok';
  return { state, text: `${file.path} changed ${shownTime(age)} ago, has ${shownSize(bytes)}` };
}

/** The files that are not well, the worst first, and the first others; the rest is counted. */
function shorten([count, total, ...files]: Finding[]): Finding[] {
  const rank = ({ state }: Finding): number => severities.indexOf(state);
  const sorted = files.sort((a, b) => rank(a) - rank(b));
  const bad = sorted.filter(({ state }) => state !== 'ok');
  const named = sorted.slice(0, maxNamed);
  const [first] = bad;
  if (bad.length > maxNamed && first !== undefined)
    named.push({ state: first.state, text: `and ${bad.length - maxNamed} more` });
  return [count, total, ...named].filter((finding) => finding !== undefined);
}
