import {
  cutText,
  type Finding,
  type Json,
  readQuantity,
  stateOf,
  type Threshold,
  type VerdictState,
} from 'opsbro/sdk';

/** The options that say what lines count as. */
export interface Patterns {
  critical_pattern?: string;
  warning_pattern?: string;
  ignore_pattern?: string;
  ok_pattern?: string;
  ignore_case: boolean;
  warning_count: Threshold;
  critical_count: Threshold;
  keep?: string;
  max_lines: number;
}

/** A problem that lasts beyond the run that found it. Plain data for `ctx.state`. */
export interface Problem {
  state: 'warning' | 'critical';
  text: string;
  atMs: number;
}

const maxShown = 500;
/** More of a line is not looked at: some expressions take time that grows with its square. */
const maxLooked = 8192;

/** Counts lines by what they match, and keeps the newest of them. */
export class Tally {
  lines = 0;
  warning = 0;
  critical = 0;
  /** A line of this run has ended all problems before it. */
  ended = false;
  readonly newest: string[] = [];
  readonly #patterns: Patterns;
  readonly #expressions: { [kind in 'critical' | 'warning' | 'ignore' | 'ok']: RegExp | undefined };

  constructor(patterns: Patterns) {
    const compile = (pattern: string | undefined): RegExp | undefined =>
      pattern === undefined ? undefined : new RegExp(pattern, patterns.ignore_case ? 'i' : '');
    this.#patterns = patterns;
    this.#expressions = {
      critical: compile(patterns.critical_pattern),
      warning: compile(patterns.warning_pattern),
      ignore: compile(patterns.ignore_pattern),
      ok: compile(patterns.ok_pattern),
    };
  }

  add(whole: string): void {
    const line = whole.slice(0, maxLooked);
    const { critical, warning, ignore, ok } = this.#expressions;
    this.lines += 1;
    if (ignore?.test(line)) return;
    if (ok?.test(line)) this.#end();
    else if (critical?.test(line)) this.#count('critical', line);
    else if (warning?.test(line)) this.#count('warning', line);
  }

  #count(kind: 'critical' | 'warning', line: string): void {
    this[kind] += 1;
    this.newest.push(cutText(line, maxShown));
    if (this.newest.length > this.#patterns.max_lines) this.newest.shift();
  }

  #end(): void {
    this.critical = 0;
    this.warning = 0;
    this.ended = true;
    this.newest.length = 0;
  }

  /** What this run's lines come to by themselves. */
  finding(): Finding {
    const { critical_count: critical, warning_count: warning } = this.#patterns;
    const isCritical = stateOf(this.critical, { critical }) === 'critical';
    const isWarning = stateOf(this.warning, { warning }) === 'warning';
    const state = isCritical ? 'critical' : isWarning ? 'warning' : 'ok';
    if (this.critical + this.warning === 0)
      return { state, text: `${this.lines} new lines, none of them matches` };
    const counts = `${this.critical} critical and ${this.warning} warning of ${this.lines} new lines`;
    return { state, text: `${counts}: ${this.newest.at(-1)}` };
  }
}

/**
 * What is wrong after a run: its own finding, or the problem of an earlier one that lasts, by `ok_pattern` until a line ends it, by `keep`
 * for so long. The worse counts; of equals the newer.
 */
export function lastingProblem(
  kept: Json | undefined,
  tally: Tally,
  { keep, ok_pattern }: Patterns,
  nowMs: number,
): Problem | undefined {
  const { state, text } = tally.finding();
  const found = isBad(state) ? { state, text, atMs: nowMs } : undefined;
  if (keep === undefined && ok_pattern === undefined) return found;
  const before = tally.ended ? undefined : readProblem(kept);
  const keepMs = keep === undefined ? Number.POSITIVE_INFINITY : readQuantity(keep) * 1000;
  if (before === undefined || nowMs - before.atMs >= keepMs) return found;
  return found === undefined || (found.state === 'warning' && before.state === 'critical') ? before : found;
}

function isBad(state: unknown): state is Problem['state'] & VerdictState {
  return state === 'warning' || state === 'critical';
}

function readProblem(kept: Json | undefined): Problem | undefined {
  if (typeof kept !== 'object' || kept === null || Array.isArray(kept)) return undefined;
  const { state, text, atMs } = kept;
  return isBad(state) && typeof text === 'string' && typeof atMs === 'number'
    ? { state, text, atMs }
    : undefined;
}
