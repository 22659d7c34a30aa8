import {
  type ChangeCause,
  type CheckPolicy,
  type CheckState,
  type CheckStatus,
  type Observation,
  pendingStatus,
  type StateChange,
} from '../model.ts';
import { nextFlapping } from './flapping.ts';

/** What an observation makes of a status. */
export interface Advanced {
  status: CheckStatus;
  /** What changed: nothing, a state, the beginning or end of flapping, or both. */
  changes: StateChange[];
  /** How soon the next run is wanted, where that is sooner than scheduled; null: as scheduled. */
  nextRunMs: number | null;
}

/**
 * The status after an observation at `at`, epoch ms. A check that is not ok is soft until `attempts` runs in a row and `for` agree that it
 * is not; within a hard problem each other state is hard at once, and so is ok, as in Nagios
 * (https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/statetypes.html). What comes late has waited enough: it is hard at
 * once. Pure; a clock that was set back shortens what was counted and never makes it negative.
 */
export function advance(
  known: CheckStatus,
  observation: Observation,
  policy: CheckPolicy,
  at: number,
): Advanced {
  if (isSteady(known, observation, policy, at))
    return { status: again(known, observation, at), changes: [], nextRunMs: null };
  const before = notAfter(known, at);
  const { late, missing = [] } = observation;
  const lacksData = late !== undefined || (observation.state === 'unknown' && missing.length > 0);
  const found: Found = {
    state: lacksData && policy.onMissing !== 'keep' ? policy.onMissing : observation.state,
    lacksData,
    isLate: late !== undefined,
  };
  const seen = {
    missing,
    error: observation.error ?? null,
    lastRun: late === 'run' ? before.lastRun : at,
    stale: lacksData,
  };
  const status =
    lacksData && policy.onMissing === 'keep'
      ? { ...before, ...seen }
      : {
          ...before,
          ...seen,
          output: observation.output,
          longOutput: observation.longOutput ?? '',
          perfdata: observation.perfdata ?? [],
          ...judge(before, found, policy, at),
        };
  const causes = causesOf(before, status, found, policy.attempts);
  return {
    status,
    changes: causes.map((cause) => changeOf(before, status, cause, at)),
    nextRunMs: nextRunMs(status, policy, at),
  };
}

/**
 * Nearly every run finds what the last one did, and there are thousands a second: nothing but the run is new. A history of no change needs no
 * more of them: runs that were not written down count as unchanged.
 */
function isSteady(
  known: CheckStatus,
  { state, late, missing }: Observation,
  policy: CheckPolicy,
  at: number,
): boolean {
  return (
    known.state === state &&
    known.hardState === state &&
    known.hard &&
    !known.flapping.history.includes('1') &&
    !known.flapping.is &&
    !known.stale &&
    known.attempt === (state === 'ok' ? 1 : policy.attempts) &&
    late === undefined &&
    (missing === undefined || missing.length === 0) &&
    (state === 'ok' || !policy.volatile) &&
    Math.max(known.lastRun ?? 0, known.since ?? 0, known.hardSince ?? 0, known.problemSince ?? 0) <= at
  );
}

function again(known: CheckStatus, observation: Observation, at: number): CheckStatus {
  const { output, longOutput = '', perfdata = [], error = null } = observation;
  return { ...known, output, longOutput, perfdata, missing: [], error, lastRun: at };
}

/** What an observation comes to. */
interface Found {
  state: CheckStatus['state'];
  lacksData: boolean;
  isLate: boolean;
}

/** True for a state that somebody may have to know of. */
export function isProblem(state: CheckState): boolean {
  return state !== 'ok' && state !== 'pending';
}

/** The change of a check that is no longer there, or does not run here any more: what was known of it is forgotten. */
export function removal(before: CheckStatus, at: number): StateChange {
  return changeOf(before, { ...pendingStatus, episode: before.episode }, 'removed', at);
}

/** No moment is later than now, so that no length of time is negative. */
function notAfter(status: CheckStatus, at: number): CheckStatus {
  const capped = (moment: number | null): number | null => moment && Math.min(moment, at);
  return {
    ...status,
    since: capped(status.since),
    lastRun: capped(status.lastRun),
    hardSince: capped(status.hardSince),
    problemSince: capped(status.problemSince),
    pendingFor: capped(status.pendingFor),
  };
}

function judge(
  before: CheckStatus,
  { state, isLate }: Found,
  policy: CheckPolicy,
  at: number,
): Partial<CheckStatus> {
  const hardness = hardnessOf(before, state, isLate, policy, at);
  const hardState = hardness.hard ? state : before.hardState;
  const isHardChange = hardState !== before.hardState;
  const isNews = isHardChange || (policy.volatile && !isLate && hardness.hard && isProblem(state));
  return {
    ...hardness,
    state,
    since: state === before.state ? (before.since ?? at) : at,
    hardState,
    oldHardState: isHardChange ? before.hardState : before.oldHardState,
    hardSince: isHardChange ? at : before.hardSince,
    problemSince: isProblem(hardState) ? (before.problemSince ?? at) : null,
    episode: before.episode + (isNews ? 1 : 0),
    flapping:
      isLate || before.state === 'pending'
        ? before.flapping
        : nextFlapping(before.flapping, state !== before.state, policy.flapping),
  };
}

function hardnessOf(
  before: CheckStatus,
  state: CheckState,
  atOnce: boolean,
  { attempts, forMs }: CheckPolicy,
  at: number,
): Pick<CheckStatus, 'hard' | 'attempt' | 'pendingFor'> {
  if (state === 'ok') return { hard: true, attempt: 1, pendingFor: null };
  if (atOnce || isProblem(before.hardState)) return { hard: true, attempt: attempts, pendingFor: null };
  const attempt = Math.min((isProblem(before.state) ? before.attempt : 0) + 1, attempts);
  const from = before.pendingFor ?? at;
  const hard = attempt >= attempts && at - from >= forMs;
  return { hard, attempt, pendingFor: hard ? null : from };
}

function causesOf(
  before: CheckStatus,
  after: CheckStatus,
  { lacksData, isLate }: Found,
  attempts: number,
): ChangeCause[] {
  const causes: ChangeCause[] = [];
  const isHardChange = before.hardState !== after.hardState;
  const isOther = before.state !== after.state;
  if (isLate && (isOther || isHardChange || !before.stale)) causes.push('late');
  else if (lacksData && (isOther || !before.stale)) causes.push('missing');
  else if (isOther) causes.push('run');
  else if (isHardChange) causes.push(before.attempt < attempts ? 'attempts' : 'for');
  else if (before.episode !== after.episode) causes.push('volatile');
  else if (before.stale && !after.stale) causes.push('fresh');
  if (before.flapping.is !== after.flapping.is) causes.push(after.flapping.is ? 'flapping' : 'steady');
  return causes;
}

function changeOf(before: CheckStatus, after: CheckStatus, cause: ChangeCause, at: number): StateChange {
  const { state, hard, hardState, attempt, episode, stale, output } = after;
  return {
    at,
    cause,
    oldState: before.state,
    state,
    hard,
    oldHardState: before.hardState,
    hardState,
    attempt,
    episode,
    stale,
    output,
  };
}

/** Runs that could make a soft state hard are not put off. */
function nextRunMs(
  { hard, attempt, pendingFor }: CheckStatus,
  { attempts, retryIntervalMs, forMs }: CheckPolicy,
  at: number,
): number | null {
  if (hard || attempt < attempts) return hard ? null : retryIntervalMs;
  const left = forMs - (at - (pendingFor ?? at));
  return Math.max(0, Math.min(left, retryIntervalMs ?? left));
}
