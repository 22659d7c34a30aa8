import type { Observation } from '../../alerting/model.ts';
import { firstWaitMs } from '../../alerting/state/late.ts';
import { keysOf } from '../../language/engine/reference.ts';
import { nearest } from '../../language/nearest.ts';
import type { Outcome, Reference } from '../../language/program.ts';
import type { Board } from '../board/board.ts';
import type { PlainError } from '../errors.ts';
import type { ObjectTable, Runtime } from './objects.ts';

/**
 * Whether a rule waits for its data: one of the collectors it reads is about to run here for the first time. It waits for at most
 * three of that collector's intervals, 10 s at least, so a collector that hangs does not hide a check for ever.
 */
export function waitsForData(runtime: Runtime, table: ObjectTable, nowMs: number): boolean {
  const { object } = runtime;
  if (object.kind === 'collector' || object.program === undefined) return false;
  return object.program.references.some(({ collector }) => {
    const source = table.collector(collector);
    if (source === undefined || source.hasRun || !source.active) return false;
    return nowMs - source.activeMs < firstWaitMs(source.object);
  });
}

/** The result of a rule that cannot judge for want of a value, with the reason for that where it is known. */
export function withReason(
  result: Observation,
  runtime: Runtime,
  table: ObjectTable,
  board: Board,
): Observation {
  const { object } = runtime;
  const [key] = result.missing ?? [];
  if (result.state !== 'unknown' || key === undefined || object.kind === 'collector') return result;
  const reference = object.program?.references.find(({ text }) => text === key);
  const reason = reference && reasonFor(reference, table, board);
  return reason === undefined ? result : { ...result, output: `${result.output} (${reason})` };
}

function reasonFor({ collector, path }: Reference, table: ObjectTable, board: Board): string | undefined {
  const source = table.collector(collector);
  if (source === undefined) {
    const names = table.of('collector').map(({ object }) => object.name);
    const meant = nearest(collector, names);
    return `there is no collector ${collector}${meant === undefined ? '' : `; did you mean ${meant}?`}`;
  }
  const why = idleReason(source);
  if (why !== undefined) return `collector ${collector}: ${why}`;
  const near = nearest(path.join('.'), keysOf(board.samples.get(collector)?.tree ?? {}));
  return near === undefined ? undefined : `did you mean collector.${collector}.${near}?`;
}

function idleReason({ object, hasRun, settled, log }: Runtime): string | undefined {
  if (!object.enabled) return 'not enabled';
  if (settled === 'not-eligible') return `not eligible: ${log}`;
  if (settled === 'error') return `fails: ${log}`;
  if (settled === 'quarantined') return `quarantined: ${log}`;
  return hasRun ? undefined : 'has not ended a run yet';
}

/** What an outcome means for a detector: what it found, or null when it could not tell, why not, and the code of what went wrong, if it did. */
export type Detection =
  | { found: { matched: boolean; groups: string[] } }
  | { found: null; log: string; code: string | null };

/** Reads an outcome for a detector. A value that is not there is no match, unless its collector could not tell either. */
export function detectionOf(outcome: Outcome, runtime: Runtime, table: ObjectTable): Detection {
  if (outcome.kind === 'groups' && outcome.error === undefined) {
    const { matched, groups, missing = [] } = outcome;
    const log = matched ? undefined : silenceOf(missing, runtime, table);
    return log === undefined
      ? { found: { matched, groups: [...groups].sort() } }
      : { found: null, log, code: null };
  }
  const { error } = outcome as { error?: PlainError };
  return error === undefined
    ? { found: null, log: `the rule gave a ${outcome.kind}, not groups`, code: null }
    : { found: null, log: `${error.code}: ${error.message}`, code: error.code };
}

/** Why nobody knows of a missing value whether it is there: its collector fails, or has not ended a run. */
function silenceOf(missing: string[], { object }: Runtime, table: ObjectTable): string | undefined {
  const references = object.kind === 'collector' ? [] : (object.program?.references ?? []);
  for (const { text, collector } of references) {
    const source = missing.includes(text) ? table.collector(collector) : undefined;
    if (source?.active === true && ['error', 'quarantined', 'pending'].includes(source.settled))
      return `${text} is missing (collector ${collector}: ${idleReason(source)})`;
  }
  return undefined;
}
