import type { StateChange } from '../model.ts';
import type { Delivery } from '../outbox/delivery.ts';
import type { OutboxEntry } from '../outbox/entry.ts';
import type { DecisionRecord } from '../routing/model.ts';
import type { DeliveryRecord, RecordedDecision, SeenValue, StateRecord } from './model.ts';

const outputKept = 500;
const messageKept = 500;

/** The record of a step of a check's state. */
export function stepRecord(check: string, change: StateChange, seen: SeenValue[]): StateRecord {
  const { at, cause, oldState, state, hard, oldHardState, hardState, attempt, episode, stale } = change;
  const output = change.output.slice(0, outputKept);
  const of = 'state' as const;
  return {
    kind: of,
    check,
    at,
    cause,
    oldState,
    state,
    hard,
    oldHardState,
    hardState,
    attempt,
    episode,
    stale,
    output,
    seen,
  };
}

/** The record of a decision; none of one about a check that is ok and that nobody was told of, which says nothing. */
export function decisionRecords(decision: DecisionRecord): RecordedDecision[] {
  if (decision.outcome === 'up-to-date' && decision.state === 'ok') return [];
  return [{ kind: 'decision', ...decision }];
}

/** The record of an event that is not tried again. */
export function givenUpRecord(
  handler: string,
  { event, lastError }: OutboxEntry,
  at: number,
): DeliveryRecord {
  const message = lastError.slice(0, messageKept);
  return { kind: 'delivery', at, handler, key: event.key, outcome: 'dead', code: '', message };
}

/** The record of an attempt to deliver an event. */
export function deliveryRecord(handler: string, key: string, delivery: Delivery, at: number): DeliveryRecord {
  const base = { kind: 'delivery', at, handler, key } as const;
  switch (delivery.status) {
    case 'delivered':
      return { ...base, outcome: 'delivered', code: '', message: '' };
    case 'unavailable':
      return { ...base, outcome: 'failed', code: '', message: delivery.message.slice(0, messageKept) };
    case 'failed': {
      const { code, message } = delivery;
      return { ...base, outcome: 'failed', code, message: message.slice(0, messageKept) };
    }
  }
}
