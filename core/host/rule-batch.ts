import type { Outcome } from '../../language/program.ts';
import type { CheckResult } from '../checks/status.ts';
import type { ObjectTable, Runtime } from './objects.ts';

const roundsToWait = 3;

/**
 * Whether a rule waits for its data: one of the collectors it reads is about to run here for the first time. It waits for at most
 * three of that collector's intervals, so a collector that hangs does not hide a check for ever.
 */
export function waitsForData(runtime: Runtime, table: ObjectTable, nowMs: number): boolean {
  const { object } = runtime;
  if (object.kind === 'collector' || object.program === undefined) return false;
  return object.program.references.some(({ collector }) => {
    const source = table.collector(collector);
    if (source === undefined || source.hasRun || !source.active) return false;
    return nowMs - source.activeMs < roundsToWait * source.object.intervalMs;
  });
}

/** What an outcome means for a check: whatever cannot be judged is UNKNOWN with its reason, never OK. */
export function checkResultOf(outcome: Outcome): CheckResult {
  switch (outcome.kind) {
    case 'verdict':
      return {
        state: outcome.state,
        output: outcome.output,
        ...(outcome.missing === undefined ? {} : { missing: outcome.missing }),
        ...(outcome.error === undefined ? {} : { error: outcome.error }),
      };
    case 'error':
      return {
        state: 'unknown',
        output: `${outcome.error.code}: ${outcome.error.message}`,
        error: outcome.error,
      };
    default:
      return { state: 'unknown', output: `the rule gave a ${outcome.kind}, not a verdict` };
  }
}

/** What an outcome means for a detector: its groups, whether it matched, and what went wrong ('' when nothing did). */
export function detectionOf(outcome: Outcome): { matched: boolean | null; groups: string[]; log: string } {
  if (outcome.kind === 'groups') {
    const log = outcome.error === undefined ? '' : `${outcome.error.code}: ${outcome.error.message}`;
    return { matched: outcome.matched, groups: outcome.matched ? [...outcome.groups].sort() : [], log };
  }
  if (outcome.kind === 'error') {
    return { matched: null, groups: [], log: `${outcome.error.code}: ${outcome.error.message}` };
  }
  return { matched: null, groups: [], log: `the rule gave a ${outcome.kind}, not groups` };
}
