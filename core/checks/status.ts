import type { VerdictState } from 'opsbro/sdk';
import type { PlainError } from '../errors.ts';

/** What is known of a check: kept over reloads, and over restarts by the store. Times are epoch ms. */
export interface CheckStatus {
  state: VerdictState | 'pending';
  hard: boolean;
  /** Consecutive runs that gave `state`. */
  attempt: number;
  output: string;
  since: number | null;
  lastRun: number | null;
  missing: string[];
  error: PlainError | null;
}

/** What one run of a check found. */
export interface CheckResult {
  state: VerdictState;
  output: string;
  missing?: string[];
  error?: PlainError;
}

/** A check that never ran. */
export const pendingStatus: Readonly<CheckStatus> = Object.freeze({
  state: 'pending',
  hard: true,
  attempt: 0,
  output: '',
  since: null,
  lastRun: null,
  missing: [],
  error: null,
});

/**
 * The status after a run: a state is soft until `attempts` runs in a row agree on it; going back to ok is hard at once, as in
 * Nagios (https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/statetypes.html).
 */
export function nextStatus(
  status: CheckStatus,
  result: CheckResult,
  attempts: number,
  at: number,
): CheckStatus {
  const changed = status.state !== result.state;
  const attempt = changed ? 1 : Math.min(status.attempt + 1, attempts);
  return {
    state: result.state,
    hard: result.state === 'ok' || attempt >= attempts,
    attempt,
    output: result.output,
    since: changed || status.since === null ? at : status.since,
    lastRun: at,
    missing: result.missing ?? [],
    error: result.error ?? null,
  };
}
