import type { EventType } from 'opsbro/sdk';
import type { OutboxEntry } from './entry.ts';

/** How the last try of a handler ended. */
export interface LastDelivery {
  /** Epoch ms. */
  at: number;
  outcome: 'delivered' | 'failed' | 'given-up';
  type: EventType;
  key: string;
  /** Why it failed; '' when it did not. */
  reason: string;
}

/** How a handler fared since the agent started. */
export interface HandlerTally {
  delivered: number;
  /** Tries that failed. */
  failed: number;
  failuresInRow: number;
  /** When the first of those failed, monotonic ms; null where there is none. */
  failingSinceMs: number | null;
  last: LastDelivery | null;
}

/** A handler's counts, and what it still has to be told. */
export interface HandlerFigures extends HandlerTally {
  waiting: number;
  dead: number;
}

/** A handler that was told nothing yet. */
export const untried: HandlerTally = {
  delivered: 0,
  failed: 0,
  failuresInRow: 0,
  failingSinceMs: null,
  last: null,
};

/** The tally after one more try, at `at`, epoch ms, and `nowMs`, monotonic. */
export function counted(
  tally: HandlerTally,
  { event: { type, key }, lastError }: OutboxEntry,
  outcome: LastDelivery['outcome'],
  at: number,
  nowMs: number,
): HandlerTally {
  const isDelivered = outcome === 'delivered';
  return {
    delivered: tally.delivered + (isDelivered ? 1 : 0),
    failed: tally.failed + (isDelivered ? 0 : 1),
    failuresInRow: isDelivered ? 0 : tally.failuresInRow + 1,
    failingSinceMs: isDelivered ? null : (tally.failingSinceMs ?? nowMs),
    last: { at, outcome, type, key, reason: isDelivered ? '' : lastError },
  };
}
