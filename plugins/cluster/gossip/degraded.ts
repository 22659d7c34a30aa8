/** Whether a member doubts itself. `spent`: it did for as long as it may, and the cause has not gone. */
export type Degradation = { state: 'normal' } | { state: 'degraded'; sinceMs: number } | { state: 'spent' };

/** What a member sees of its pool. */
export interface PoolView {
  /** Live members, itself included. */
  members: number;
  /** Those of them whose suspicion began within one suspicion period. */
  freshSuspects: number;
  nowMs: number;
  maxMs: number;
}

/** Below this number of members nobody doubts itself. */
const smallestPool = 6;

/**
 * The next step. When a third of the pool, and at least three, turn suspect at once, the fault is more likely here than
 * there; but only for a while, since a pool may really lose a third.
 */
export function nextDegradation(before: Degradation, view: PoolView): Degradation {
  const many = view.members >= smallestPool && view.freshSuspects >= Math.max(3, Math.ceil(view.members / 3));
  if (!many) return { state: 'normal' };
  if (before.state === 'normal') return { state: 'degraded', sinceMs: view.nowMs };
  if (before.state === 'spent') return before;
  return view.nowMs - before.sinceMs < view.maxMs ? before : { state: 'spent' };
}
