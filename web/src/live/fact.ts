import type { CheckFact, ClusterNode } from 'opsbro/sdk';

/** What a check is shown as: an `ok` whose data is late is `stale`, and never green. */
export type ShownState = 'critical' | 'unknown' | 'warning' | 'stale' | 'pending' | 'ok';

/** The worst first. */
export const shownStates: readonly ShownState[] = [
  'critical',
  'unknown',
  'warning',
  'stale',
  'pending',
  'ok',
];

/** What the stream tells of a check. */
export type { CheckFact, ClusterNode };

/** What a state of a check is shown as. */
export function shownState({ state, stale }: Pick<CheckFact, 'state' | 'stale'>): ShownState {
  return state === 'ok' && stale ? 'stale' : state;
}

/** 0 for the worst state. */
export function severity(state: ShownState): number {
  return shownStates.indexOf(state);
}

/** Whether somebody should look at it. */
export function isProblem(state: ShownState): boolean {
  return state !== 'ok' && state !== 'pending';
}
