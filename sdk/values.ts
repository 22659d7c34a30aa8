/** Plain data: what crosses a thread border, a socket or a file. Numbers are finite. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

/** A JSON object. Keys such as `__proto__` are data: read with `Object.hasOwn`, build with `Object.create(null)` or a literal. */
export type JsonObject = { [key: string]: Json };

/** The four results of a check, in Nagios' order: 0, 1, 2, 3. */
export type VerdictState = 'ok' | 'warning' | 'critical' | 'unknown';

/** One performance figure of a check, with Nagios' thresholds as written. */
export interface Metric {
  value: number | null;
  unit?: string;
  warning?: string;
  critical?: string;
  min?: number;
  max?: number;
}

/** What a check found: a state, a text for people, and figures for graphs. */
export interface Verdict {
  state: VerdictState;
  output: string;
  metrics?: { [label: string]: Metric };
}
