import type { Json } from 'opsbro/sdk';
import type { StateChange } from '../model.ts';
import type { DecisionRecord } from '../routing/model.ts';

/** A value that a check's expressions read. */
export interface SeenValue {
  /** As the expression names it: `collector.memory.phys_used`. */
  key: string;
  /** Cut where it is long; null when there was none. */
  value: Json;
  /** When it was measured, epoch ms; null when there was none. */
  at: number | null;
}

/** A step of a check's state, and what it saw then. */
export interface StateRecord extends Omit<StateChange, 'output'> {
  kind: 'state';
  check: string;
  output: string;
  seen: SeenValue[];
}

/** What became of telling one handler of one check. */
export interface RecordedDecision extends DecisionRecord {
  kind: 'decision';
}

/** How one attempt to deliver an event went; a group's event is one for all of its checks. */
export interface DeliveryRecord {
  kind: 'delivery';
  at: number;
  handler: string;
  /** The event's. */
  key: string;
  /** `dead`: given up after the attempts before. */
  outcome: 'delivered' | 'failed' | 'dead';
  /** Of the error; '' when it was delivered. */
  code: string;
  message: string;
}

/** One fact that `explain` tells later. Plain JSON. */
export type ExplainRecord = StateRecord | RecordedDecision | DeliveryRecord;

/** What a record is looked up by: its check, or the key of its event. */
export function subjectOf(record: ExplainRecord): string {
  return record.kind === 'delivery' ? record.key : record.check;
}
