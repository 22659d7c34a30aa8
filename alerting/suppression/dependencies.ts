import type { VerdictState } from 'opsbro/sdk';
import type { Reason } from './model.ts';

/** A child whose problem is about to be notified. Times are epoch ms. */
export interface ChildFacts {
  id: string;
  /** When the problem became hard. */
  problemAt: number;
  /** Of which moment its state tells, as its run began or what it read was measured then; null when it never ran here. */
  asOf: number | null;
  /** `dependency_wait`: how long the notification waits for its parents, and for its own re-check. */
  waitMs: number;
}

/** What a child depends on: a check, or a group of this node, which is `critical` while the node is not in it. */
export interface ParentFacts {
  /** Id of the check, or `group:NAME`. */
  id: string;
  state: VerdictState | 'pending';
  hard: boolean;
  /** Of which moment its state tells; null when nobody knows. For a group: as the detectors that give it found it. */
  asOf: number | null;
  /** Since when its hard state holds. */
  hardSince: number | null;
}

/**
 * What becomes of a child's problem now.
 * - `clear`: nothing above it is down; it may be notified.
 * - `suppressed`: a parent is hard-down.
 * - `wait`: `run` are to tell of a moment after `since`; ask again when one of them does, and at `until` at the latest.
 */
export type DependencyVerdict =
  | { verdict: 'clear' }
  | { verdict: 'suppressed'; reasons: Reason[] }
  | { verdict: 'wait'; since: number; until: number; run: string[]; for: 'parents' | 'recheck' };

const clear: DependencyVerdict = { verdict: 'clear' };

/**
 * Says whether the problem of `child` is to be notified at `at`. Until `waitMs` after the problem it waits for a run of each parent that began
 * after it, and measured after it, so that a child that noticed first does not page alone. After a parent's recovery it waits, as long, for a run of the child
 * itself. Only a hard-down parent suppresses: critical or unknown, as in Icinga, where a warning is still up. Pure; keeps nothing, so it
 * answers the same after a restart; a clock that was set back ends the wait. `parents` are all above the child, as `DependencyGraph.above` gives them.
 */
export function dependencyVerdict(
  child: ChildFacts,
  parents: readonly ParentFacts[],
  at: number,
): DependencyVerdict {
  const down = parents.filter(isHardDown);
  if (down.length > 0) return { verdict: 'suppressed', reasons: down.map(reasonOf) };
  const since = child.problemAt;
  const until = since + child.waitMs;
  const unseen = parents.filter(({ asOf }) => asOf === null || asOf < since);
  const unsure = parents.filter(({ state, hard }) => isDown(state) && !hard);
  if (at >= since && at < until && unseen.length + unsure.length > 0)
    return { verdict: 'wait', since, until, run: unseen.map(({ id }) => id), for: 'parents' };
  return recheck(child, parents, at);
}

function recheck(
  { id, asOf, waitMs }: ChildFacts,
  parents: readonly ParentFacts[],
  at: number,
): DependencyVerdict {
  const recovered = parents.flatMap(({ state, hardSince }) =>
    isDown(state) || state === 'pending' || hardSince === null ? [] : [hardSince],
  );
  const latest = Math.max(Number.NEGATIVE_INFINITY, ...recovered);
  const until = latest + waitMs;
  if (at >= until || at < latest || (asOf !== null && asOf >= latest)) return clear;
  return { verdict: 'wait', since: latest, until, run: [id], for: 'recheck' };
}

function isDown(state: ParentFacts['state']): boolean {
  return state === 'critical' || state === 'unknown';
}

/** True while what depends on this is not notified. */
export function isHardDown({ state, hard }: Pick<ParentFacts, 'state' | 'hard'>): boolean {
  return hard && isDown(state);
}

function reasonOf({ id, state, hardSince }: ParentFacts): Reason {
  const since = hardSince === null ? '' : ` since ${new Date(hardSince).toISOString()}`;
  return { kind: 'dependency', id, until: null, text: `depends on '${id}', which is ${state}${since}` };
}
