import type { Json, VerdictState } from 'opsbro/sdk';
import type { ChangeCause, CheckState, CheckStatus } from '../model.ts';
import type { OutboxView } from '../outbox/outbox.ts';
import type { Decision, Hold, Told } from '../routing/model.ts';
import type { RecordedDecision, SeenValue, StateRecord } from './model.ts';
import { type HandlerFacts, handlersOf, type Recalled, stepsOf, toldSince } from './recall.ts';

/** Steps that are shown; of more, the latest. */
const stepsShown = 200;
/** Attempts to deliver that are shown of one notification. */
const attemptsShown = 10;
/** Notifications that are shown; of more, the latest. */
const notificationsShown = 1000;

/** Why a check is what it is, and why whom was told or not. Times as RFC 3339 UTC text, ages in seconds. */
export interface ExplanationView {
  /** The moment that is explained. */
  at: string;
  /** It has passed: told from what was recorded. */
  past: boolean;
  /** The state that was supposed: `holds` and `handlers` tell what would be if it were in that; null: what is. */
  supposed: VerdictState | null;
  /** Nothing is known of the time before; null: nothing was ever recorded. */
  known_since: string | null;
  /** The keys that decide its state, as the configuration gives them now. */
  written: { key: string; value: Json }[];
  /** What its expressions read: now, or at its last step before `at`. */
  seen: { key: string; value: Json; age: number | null }[];
  /** The last step up to `at`; null when none is known. */
  last_step: StepView | null;
  /** Steps since the time that was asked for, oldest first. */
  steps: StepView[];
  dependencies: { id: string; state: CheckState; hard: boolean; since: string | null }[];
  /** What holds its problem back from everybody. */
  holds: { kind: Hold['kind']; text: string; until: string | null }[];
  handlers: HandlerExplanation[];
  /** Everything that handlers were told since the time that was asked for, as far as that was recorded, oldest first. */
  notifications: { at: string; handler: string; state: CheckState; key: string; reason: string }[];
}

/** One step of a check's state. */
export interface StepView {
  at: string;
  cause: ChangeCause;
  old_state: CheckState;
  state: CheckState;
  hard: boolean;
  hard_state: CheckState;
  attempt: number;
  episode: number;
  stale: boolean;
  output: string;
  seen: { key: string; value: Json; age: number | null }[];
}

/** Why one handler is told of a check, or not. */
export interface HandlerExplanation {
  name: string;
  outcome: Decision['outcome'];
  reason: string;
  until: string | null;
  /** When that was decided, where it was recorded. */
  decided_at: string | null;
  /** The group it is told of the check in; '' for a check by itself, and of a time that has passed. */
  group: string;
  /** What it was told last; `key` is that of the event, null where that is no longer known. */
  told: { at: string; state: string; key: string | null; repeats: number } | null;
  deliveries: { at: string; outcome: 'delivered' | 'failed' | 'dead'; code: string; message: string }[];
  /** What became of that; null where nothing was told, or nothing is known of it any more. */
  delivery: DeliveryState | null;
}

/** Where a notification is on its way to its handler. */
export interface DeliveryState {
  /** `tried`: of a time that has passed, not delivered by then. */
  state: 'delivered' | 'waiting' | 'delivering' | 'tried' | 'dead';
  /** When it was delivered or given up; null while it is not, or where that is no longer known. */
  at: string | null;
  /** Its serial in the outbox; null when it is not there. */
  serial: number | null;
  /** Attempts that failed. */
  attempts: number;
  next_at: string | null;
  /** Why the last one failed, '' when none did. */
  last_error: string;
}

/** A check or group that another depends on. */
export interface ParentState {
  id: string;
  state: CheckState;
  hard: boolean;
  since: number | null;
}

/** What routing says of one handler now. */
export interface HandlerNow {
  handler: string;
  decision: Decision;
  told: Told | undefined;
  group: string;
  /** What the outbox has for it about the check, oldest first. */
  outbox: OutboxView[];
}

/** What an explanation is made of. Times are epoch ms. */
export interface ExplanationFacts {
  at: number;
  /** Steps before are not shown. */
  since: number;
  knownSince: number | null;
  written: { key: string; value: Json }[];
  parents: ParentState[];
  recalled: Recalled;
  /** What only the present knows; null for a time that has passed. */
  now: {
    status: CheckStatus;
    attempts: number;
    seen: SeenValue[];
    holds: Hold[];
    handlers: HandlerNow[];
    supposed: VerdictState | null;
  } | null;
}

/** Makes the explanation. Pure. */
export function explanationView(facts: ExplanationFacts): ExplanationView {
  const { at, since, now, recalled } = facts;
  const steps = stepsOf(recalled);
  const last = steps.at(-1);
  const known = handlersOf(recalled);
  const seen = now === null ? (last?.seen ?? []) : now.seen;
  return {
    at: isoTime(at),
    past: now === null,
    supposed: now?.supposed ?? null,
    known_since: facts.knownSince === null ? null : isoTime(facts.knownSince),
    written: facts.written,
    seen: seenView(seen, now === null ? (last?.at ?? at) : at),
    last_step: last === undefined ? null : stepView(last),
    steps: steps
      .filter((step) => step.at >= since)
      .slice(-stepsShown)
      .map(stepView),
    dependencies: facts.parents.map((one) => ({ ...one, since: isoOrNull(one.since) })),
    holds: (now?.holds ?? []).map(({ kind, text, until }) => ({ kind, text, until: isoOrNull(until) })),
    handlers:
      now === null
        ? [...known.values()].map(handlerThen)
        : now.handlers.map((handler) =>
            now.supposed === null
              ? handlerNow(handler, known.get(handler.handler), softReason(now.status, now.attempts))
              : handlerIf(handler),
          ),
    notifications: toldSince(recalled, since).slice(-notificationsShown).map(notificationView),
  };
}

function notificationView(told: RecordedDecision): ExplanationView['notifications'][number] {
  const { at, handler, state, key, reason } = told;
  return { at: isoTime(at), handler, state, key, reason };
}

function seenView(seen: readonly SeenValue[], now: number): StepView['seen'] {
  return seen.map(({ key, value, at }) => ({
    key,
    value,
    age: at === null ? null : Math.max(0, now - at) / 1000,
  }));
}

function stepView(step: StateRecord): StepView {
  const { at, cause, oldState, state, hard, hardState, attempt, episode, stale, output, seen } = step;
  return {
    at: isoTime(at),
    cause,
    old_state: oldState,
    state,
    hard,
    hard_state: hardState,
    attempt,
    episode,
    stale,
    output,
    seen: seenView(seen, at),
  };
}

/** Why nobody is told of a state yet that is not ok; null when it is hard. */
function softReason({ state, hard, attempt, pendingFor }: CheckStatus, attempts: number): string | null {
  if (hard || state === 'ok' || state === 'pending') return null;
  const since = pendingFor === null ? '' : `, not ok since ${isoTime(pendingFor)}`;
  return `its state is soft (attempt ${attempt} of ${attempts}${since}): nobody is told before it is hard`;
}

function handlerNow(
  { handler, decision, told, group, outbox }: HandlerNow,
  known: HandlerFacts | undefined,
  soft: string | null,
): HandlerExplanation {
  const isOpen = decision.outcome === 'told';
  const last = known?.decision;
  // Something is to be told and was not: its group waits, or the next look comes within a second.
  const waits: Decision = last?.outcome === 'waits' ? last : { ...decision, outcome: 'waits' };
  const isQuiet = decision.outcome === 'up-to-date' && told === undefined && soft !== null;
  const shown: Decision = isOpen
    ? waits
    : isQuiet
      ? { outcome: 'waits', reason: soft, until: null }
      : decision;
  const isRecorded = last?.outcome === shown.outcome && last.reason === shown.reason;
  return {
    name: handler,
    outcome: shown.outcome,
    reason: shown.reason,
    until: isoOrNull(shown.until),
    decided_at: isRecorded ? isoTime(last.at) : null,
    group,
    told: toldNow(told, known),
    deliveries: attempts(known),
    delivery: deliveryNow(outbox, toldNow(told, known), known),
  };
}

/** What was told of how it is says nothing of how it would be. */
function handlerIf({ handler, decision, group }: HandlerNow): HandlerExplanation {
  const { outcome, reason, until } = decision;
  return {
    ...{ name: handler, outcome, reason, until: isoOrNull(until), group },
    ...{ decided_at: null, told: null, deliveries: [], delivery: null },
  };
}

function toldNow(told: Told | undefined, known: HandlerFacts | undefined): HandlerExplanation['told'] {
  const record = known?.told ?? null;
  if (told === undefined) return toldThen(record);
  // By the wall clock of then, which may have been set since.
  const same = record?.state === told.state ? record : null;
  return {
    at: isoTime(same?.at ?? told.at),
    state: told.state,
    key: same?.key ?? null,
    repeats: told.repeats,
  };
}

function toldThen(record: HandlerFacts['told']): HandlerExplanation['told'] {
  if (record === null) return null;
  return { at: isoTime(record.at), state: record.state, key: record.key, repeats: 0 };
}

function handlerThen(known: HandlerFacts): HandlerExplanation {
  const { decision, isOver } = known;
  const over: Decision = { outcome: 'up-to-date', reason: 'the problem was over', until: null };
  const { outcome, reason, until } = isOver ? over : decision;
  return {
    name: known.handler,
    outcome,
    reason,
    until: isoOrNull(until),
    decided_at: isoTime(decision.at),
    group: '',
    told: toldThen(known.told),
    deliveries: attempts(known),
    delivery: deliveryThen(known),
  };
}

/** The outbox knows what is not delivered; the records, which may be younger than what was told, the rest. */
function deliveryNow(
  outbox: readonly OutboxView[],
  told: HandlerExplanation['told'],
  known: HandlerFacts | undefined,
): DeliveryState | null {
  if (told === null) return null;
  const entry = outbox.findLast(({ event }) => told.key === null || event.key === told.key);
  if (entry === undefined) return deliveryThen(known);
  const { state, serial, attempts, lastError, nextAt } = entry;
  const dead = known?.deliveries.findLast(({ outcome }) => outcome === 'dead');
  const at = state === 'dead' ? isoOrNull(dead?.at ?? null) : null;
  return { state, at, serial, attempts, next_at: isoOrNull(nextAt), last_error: lastError };
}

function deliveryThen(known: HandlerFacts | undefined): DeliveryState | null {
  const last = known?.deliveries.at(-1);
  if (known === undefined || last === undefined) return null;
  const failures = known.deliveries.filter(({ outcome }) => outcome === 'failed');
  const isSettled = last.outcome !== 'failed';
  return {
    state: last.outcome === 'failed' ? 'tried' : last.outcome,
    at: isSettled ? isoTime(last.at) : null,
    serial: null,
    attempts: failures.length,
    next_at: null,
    last_error: failures.at(-1)?.message ?? '',
  };
}

function attempts(known: HandlerFacts | undefined): HandlerExplanation['deliveries'] {
  return (known?.deliveries ?? [])
    .slice(-attemptsShown)
    .map(({ at, outcome, code, message }) => ({ at: isoTime(at), outcome, code, message }));
}

function isoTime(at: number): string {
  return new Date(at).toISOString();
}

/** What never ends has no end: quiet hours may be all hours. */
function isoOrNull(at: number | null): string | null {
  return at === null || !Number.isFinite(at) ? null : isoTime(at);
}
