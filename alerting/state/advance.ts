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

/** Mostly there is none, and of all checks it is one and the same list. */
const none = Object.freeze([]) as unknown as never[];

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
  if (isSteady(known, observation, policy, at)) {
    const status = { ...known };
    say(status, observation, at);
    return { status, changes: [], nextRunMs: null };
  }
  const before = notAfter(known, at);
  const { late, missing = none, error = null } = observation;
  const lacksData = late !== undefined || (observation.state === 'unknown' && missing.length > 0);
  const found: Found = {
    state: lacksData && policy.onMissing !== 'keep' ? policy.onMissing : observation.state,
    lacksData,
    isLate: late !== undefined,
  };
  const isKept = lacksData && policy.onMissing === 'keep';
  const { output, longOutput = '', perfdata = none } = isKept ? before : observation;
  const judged = isKept ? before : judge(before, found, policy, at);
  const lastRun = late === 'run' ? before.lastRun : at;
  const status = statusOf(judged, {
    output,
    longOutput,
    perfdata,
    missing,
    error,
    lastRun,
    stale: lacksData,
  });
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

/**
 * Writes over what the last run said in a status that an observation changes nothing else of: there may be a hundred thousand, and each new object would
 * leave an old one to be collected. False where there is more to it, which `advance` tells.
 */
export function renew(
  known: CheckStatus,
  observation: Observation,
  policy: CheckPolicy,
  at: number,
): boolean {
  const is = isSteady(known, observation, policy, at);
  if (is) say(known, observation, at);
  return is;
}

function say(status: CheckStatus, observation: Observation, at: number): void {
  const { output, longOutput = '', perfdata = none, error = null } = observation;
  // The same text of before has been in memory for long.
  if (status.output !== output) status.output = output;
  if (status.longOutput !== longOutput) status.longOutput = longOutput;
  status.perfdata = perfdata;
  status.missing = none;
  status.error = error;
  status.lastRun = at;
}

type Said = Pick<
  CheckStatus,
  'output' | 'longOutput' | 'perfdata' | 'missing' | 'error' | 'lastRun' | 'stale'
>;
type Judged = Omit<CheckStatus, keyof Said>;

/** Every status is made here, without a spread, so that all have one shape: else V8 keeps what each has in an object and a list beside it. */
function statusOf(judged: Judged, said: Said): CheckStatus {
  return {
    state: judged.state,
    hard: judged.hard,
    attempt: judged.attempt,
    output: said.output,
    longOutput: said.longOutput,
    perfdata: said.perfdata,
    since: judged.since,
    lastRun: said.lastRun,
    missing: said.missing,
    error: said.error,
    stale: said.stale,
    flapping: judged.flapping,
    hardState: judged.hardState,
    oldHardState: judged.oldHardState,
    hardSince: judged.hardSince,
    problemSince: judged.problemSince,
    episode: judged.episode,
    pendingFor: judged.pendingFor,
  };
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

function judge(before: CheckStatus, { state, isLate }: Found, policy: CheckPolicy, at: number): Judged {
  const { hard, attempt, pendingFor } = hardnessOf(before, state, isLate, policy, at);
  const hardState = hard ? state : before.hardState;
  const isHardChange = hardState !== before.hardState;
  const isNews = isHardChange || (policy.volatile && !isLate && hard && isProblem(state));
  return {
    hard,
    attempt,
    pendingFor,
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
