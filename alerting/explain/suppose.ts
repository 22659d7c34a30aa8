import type { VerdictState } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';
import type { CheckStatus } from '../model.ts';

const states: readonly string[] = ['ok', 'warning', 'critical', 'unknown'] satisfies VerdictState[];

/** A status as it would be with a new problem, or an end of it, in hard `state` at `at`; as it is where it is in that state already. Pure. */
export function supposing(status: CheckStatus, state: VerdictState, at: number): CheckStatus {
  if (status.hardState === state) return status;
  return {
    ...status,
    state,
    hard: true,
    hardState: state,
    oldHardState: status.hardState,
    episode: status.episode + 1,
    since: at,
    hardSince: at,
    problemSince: state === 'ok' ? null : at,
    stale: false,
  };
}

/** The state that a request supposes; null for none. Throws OPSBRO_API_INVALID for what is no state, and of a moment that has passed. */
export function readSupposed(state: string | undefined, isPast: boolean): VerdictState | null {
  if (state === undefined) return null;
  if (isPast) throw new OpsbroError('OPSBRO_API_INVALID', "'if' is asked of now; leave 'at' out");
  if (states.includes(state)) return state as VerdictState;
  throw new OpsbroError('OPSBRO_API_INVALID', `if is '${state}', expected ${states.join(', ')}`);
}
