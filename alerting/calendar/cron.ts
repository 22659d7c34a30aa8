import { Cron } from 'croner';
import { OpsbroError } from '../../core/errors.ts';
import { type Calendar, remembering, type Window } from './calendar.ts';
import { knownZone } from './weekly.ts';
import { ownZone } from './zone.ts';

/** Starts that are compared with the length of a window. */
const comparedStarts = 16;
const longestMs = 366 * 86_400_000;

/**
 * Windows that start by a cron expression of five fields (or `@daily` …) in a time zone and last `durationMs` of real time. In the hour that
 * is left out when the clocks go forward a start is at the jump; in the hour that comes twice it is the first, but for starts every hour or
 * more often. Throws OPSBRO_API_INVALID for an expression that is none or never comes, a zone that does not exist, and a duration that
 * reaches to the next start.
 */
export function cronCalendar(expression: string, durationMs: number, timezone: string = ownZone()): Calendar {
  const zone = knownZone(timezone);
  const cron = parse(expression, zone.name);
  checkLength(cron, expression, durationMs);
  return remembering({ windowFrom: (at) => windowFrom(cron, durationMs, at) });
}

/**
 * When an expression of five fields comes next after `at`, epoch ms, in a time zone; null when it never does. Throws OPSBRO_API_INVALID for
 * one that is none and for a zone that does not exist.
 */
export function nextCron(expression: string, timezone: string, at: number): number | null {
  return next(parse(expression, knownZone(timezone).name), at);
}

function parse(expression: string, timezone: string): Cron {
  try {
    if (expression.length > 256) throw new Error('it is longer than 256 characters');
    return new Cron(expression.trim(), { timezone, mode: '5-part', paused: true });
  } catch (error) {
    const reason = (error as Error).message.replace(/^\w+: /, '');
    throw new OpsbroError(
      'OPSBRO_API_INVALID',
      `the cron expression '${expression.slice(0, 256)}' cannot be used: ${reason}; write minute, hour, day of month, month and day of week, such as '30 2 * * sun'`,
      { cause: error },
    );
  }
}

function checkLength(cron: Cron, expression: string, durationMs: number): void {
  if (!(durationMs >= 1000 && durationMs <= longestMs))
    throw new OpsbroError(
      'OPSBRO_API_INVALID',
      `a window of ${durationMs} ms cannot be used; write a duration from 1s to 366d`,
    );
  // From a fixed day, so that an expression is good or bad for ever.
  const starts = cron.nextRuns(comparedStarts, new Date(Date.UTC(2024, 0, 1)));
  if (starts.length === 0)
    throw new OpsbroError('OPSBRO_API_INVALID', `the cron expression '${expression}' never comes`);
  const gaps = starts.slice(1).map((start, index) => start.getTime() - (starts[index] as Date).getTime());
  const shortest = Math.min(...gaps);
  if (shortest <= durationMs)
    throw new OpsbroError(
      'OPSBRO_API_INVALID',
      `windows of ${durationMs / 1000} s starting by '${expression}' reach to the next, ${shortest / 1000} s later; shorten the duration`,
    );
}

function windowFrom(cron: Cron, durationMs: number, at: number): Window | null {
  // The first start whose window ends after `at`; the library looks strictly after a whole second.
  let start = next(cron, Math.ceil((at - durationMs) / 1000) * 1000 - 1000);
  while (start !== null && start + durationMs <= at) start = next(cron, start);
  if (start === null) return null;
  const window = { start, end: start + durationMs };
  // Where the clocks change, a start may come early: at most two windows touch.
  const after = next(cron, start);
  if (after !== null && after <= window.end) window.end = after + durationMs;
  return window;
}

function next(cron: Cron, at: number): number | null {
  return cron.nextRun(new Date(at))?.getTime() ?? null;
}
