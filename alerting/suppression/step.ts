import type { Window } from '../calendar/calendar.ts';
import { matchesAll } from './matcher.ts';
import type {
  Acknowledgement,
  CheckFacts,
  Downtime,
  Matcher,
  Silence,
  SuppressionCause,
  SuppressionEvent,
  SuppressionTables,
} from './model.ts';
import { calendarOf, endOfAcknowledgement, isProblem, openWindow } from './suppressions.ts';

/** What one step came to. `tables` is the argument itself when nothing changed. */
export interface Step {
  tables: SuppressionTables;
  events: SuppressionEvent[];
  /** What to store: the new value of what changed, null for what is forgotten. */
  changed: {
    downtimes: Map<string, Downtime | null>;
    acknowledgements: Map<string, Acknowledgement | null>;
    silences: Map<string, Silence | null>;
  };
}

/**
 * Starts and ends what is due at `at`: every start and end gives one event, once, since what was recorded is in the tables. `checks` are all
 * checks there are: what ends by a check's state ends also when that check is gone. With `isComplete` false some may be missing for a while,
 * since their file cannot be read: then nothing ends for want of a check.
 */
export function step(
  tables: SuppressionTables,
  checks: readonly CheckFacts[],
  at: number,
  isComplete = true,
): Step {
  const events: SuppressionEvent[] = [];
  const changed: Step['changed'] = {
    downtimes: new Map(),
    acknowledgements: new Map(),
    silences: new Map(),
  };
  for (const downtime of tables.downtimes.values()) {
    const next = stepDowntime(downtime, checks, at, events);
    if (next !== downtime) changed.downtimes.set(downtime.id, next);
  }
  const byId = new Map(checks.map((check) => [check.id, check]));
  for (const acknowledgement of tables.acknowledgements.values()) {
    const check = byId.get(acknowledgement.check);
    const isGone = check === undefined || check.isIdle === true;
    const cause = isGone ? 'removed' : endOfAcknowledgement(acknowledgement, check, at);
    if (cause === null || (cause === 'removed' && !isComplete)) continue;
    changed.acknowledgements.set(acknowledgement.check, null);
    events.push(endOf('acknowledgement', { ...acknowledgement, id: acknowledgement.check }, cause, at));
  }
  for (const silence of tables.silences.values()) {
    const cause = endOfSilence(silence, checks, at, isComplete);
    if (cause === null) continue;
    changed.silences.set(silence.id, silence.origin === 'command' ? null : { ...silence, endedAt: at });
    events.push(endOf('silence', silence, cause, at));
  }
  if (events.length === 0 && changed.downtimes.size === 0) return { tables, events, changed };
  return { tables: applyChanges(tables, changed), events, changed };
}

/** The tables after a change. */
export function applyChanges(tables: SuppressionTables, changed: Step['changed']): SuppressionTables {
  return {
    downtimes: merged(tables.downtimes, changed.downtimes),
    acknowledgements: merged(tables.acknowledgements, changed.acknowledgements),
    silences: merged(tables.silences, changed.silences),
  };
}

function merged<Value>(
  before: ReadonlyMap<string, Value>,
  changes: ReadonlyMap<string, Value | null>,
): ReadonlyMap<string, Value> {
  if (changes.size === 0) return before;
  const after = new Map(before);
  for (const [id, value] of changes)
    if (value === null) after.delete(id);
    else after.set(id, value);
  return after;
}

function stepDowntime(
  downtime: Downtime,
  checks: readonly CheckFacts[],
  at: number,
  events: SuppressionEvent[],
): Downtime | null {
  let now = downtime;
  if (now.current !== null && at >= now.current.end) {
    events.push(endOf('downtime', now, 'expired', now.current.end));
    now = { ...now, current: null };
  }
  const window = now.current === null ? openWindow(now, at) : null;
  const started = window === null ? null : startIn(window, now, checks, at);
  if (window !== null && started !== null) {
    now = { ...now, current: started, usedWindow: window.start };
    const cause = now.flexibleMs === null ? 'began' : 'problem';
    events.push(startOf('downtime', now, cause, started.start, started.end));
  }
  return isOver(now, at) ? null : now;
}

function startIn(
  window: Window,
  { flexibleMs, match }: Downtime,
  checks: readonly CheckFacts[],
  at: number,
): Window | null {
  if (flexibleMs === null) return window;
  const isNeeded = checks.some((check) => isProblem(check) && matchesAll(match, check));
  return isNeeded ? { start: at, end: at + flexibleMs } : null;
}

/** What was commanded is forgotten once nothing of it can come; a file's stays, since the file does. */
function isOver({ current, origin, schedule, usedWindow }: Downtime, at: number): boolean {
  if (current !== null || origin === 'configuration') return false;
  const window = calendarOf(schedule).windowFrom(at);
  return window === null || (schedule.type === 'once' && window.start === usedWindow);
}

/**
 * A silence until resolved ends when no check it matches, in whatever state, has a problem. `pending` is not known yet, nor is a check that a bad
 * file hides. What somebody commanded ends also when none of its checks runs here any more; what a file says is for those to come.
 */
function endOfSilence(
  { endedAt, match, origin, until, untilResolved }: Silence,
  checks: readonly CheckFacts[],
  at: number,
  isComplete: boolean,
): SuppressionCause | null {
  if (endedAt !== null) return null;
  if (until !== null && at >= until) return 'expired';
  if (!untilResolved) return null;
  const lasting = match.filter(({ field }) => field !== 'state');
  const matching = checks.filter((check) => matchesAll(lasting, check));
  const running = matching.filter(({ isIdle }) => isIdle !== true);
  const isNobodys = isComplete && (matching.length === 0 || origin === 'command');
  const isOver = running.every(({ state }) => state === 'ok') && (running.length > 0 || isNobodys);
  return isOver ? 'resolved' : null;
}

interface Told {
  id: string;
  match?: readonly Matcher[];
  by: string;
  comment: string;
}

/** The event of a start. */
export function startOf(
  kind: SuppressionEvent['kind'],
  { id, match = [], by, comment }: Told,
  cause: SuppressionCause,
  at: number,
  until: number | null,
): SuppressionEvent {
  return { kind, change: 'started', cause, id, match, by, comment, at, until };
}

/** The event of an end. */
export function endOf(
  kind: SuppressionEvent['kind'],
  { id, match = [], by, comment }: Told,
  cause: SuppressionCause,
  at: number,
): SuppressionEvent {
  return { kind, change: 'ended', cause, id, match, by, comment, at, until: null };
}
