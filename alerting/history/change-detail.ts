import type { Json, JsonObject } from 'opsbro/sdk';
import type { ChangeCause, CheckState, StateChange } from '../model.ts';
import { isState } from '../state/read-status.ts';

/** What the history keeps of a check's change, beside what every history entry has. */
export type ChangeDetail = Omit<StateChange, 'at' | 'oldState' | 'state' | 'output'>;

/** The detail of a change. */
export function detailOf(change: StateChange): ChangeDetail {
  const { cause, hard, oldHardState, hardState, attempt, episode, stale } = change;
  return { cause, hard, oldHardState, hardState, attempt, episode, stale };
}

/** Reads a detail as the store gave it back; what it lacks is taken for a hard change from one state to the other, as older agents knew no other. */
export function readDetail(value: Json | undefined, oldState: string, state: string): ChangeDetail {
  const row: JsonObject = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  const stateOr = (key: string, otherwise: string): CheckState => {
    const found = row[key] ?? otherwise;
    return isState(found) ? found : 'pending';
  };
  return {
    cause: (typeof row.cause === 'string' ? row.cause : 'run') as ChangeCause,
    hard: row.hard !== false,
    oldHardState: stateOr('oldHardState', oldState),
    hardState: stateOr('hardState', state),
    attempt: Number(row.attempt ?? 1),
    episode: Number(row.episode ?? 0),
    stale: row.stale === true,
  };
}
