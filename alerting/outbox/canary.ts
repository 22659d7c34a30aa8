import type { Json } from 'opsbro/sdk';

/** How much longer than its interval a canary may take, beside the handler's own timeout. */
export const canaryGraceMs = 60_000;

/** What is known of the canaries of a handler; kept over restarts. Times are epoch ms. */
export interface CanaryRecord {
  sentAt: number;
  /** When the first one was sent of those that did not arrive; null when the last one did. */
  missingSince: number | null;
  deliveredAt: number | null;
  delivered: number;
  /** None arrived for too long, and that was told. */
  overdue: boolean;
}

/** Where the store keeps a handler's record. */
export function canaryKey(handler: string): string {
  return `canary/${handler}`;
}

/** Whether it is time for the next one. A clock that was set back delays it by one interval at most. */
export function isCanaryDue(record: CanaryRecord | undefined, everyMs: number, at: number): boolean {
  return record === undefined || Math.abs(at - record.sentAt) >= everyMs;
}

/** The record once a canary is on its way. */
export function canarySent(record: CanaryRecord | undefined, at: number): CanaryRecord {
  return {
    sentAt: at,
    missingSince: record?.missingSince ?? at,
    deliveredAt: record?.deliveredAt ?? null,
    delivered: record?.delivered ?? 0,
    overdue: record?.overdue ?? false,
  };
}

/** The record once one arrived. */
export function canaryArrived(record: CanaryRecord, at: number): CanaryRecord {
  return {
    ...record,
    missingSince: null,
    deliveredAt: at,
    delivered: record.delivered + 1,
    overdue: false,
  };
}

/** Whether none arrived for longer than `limitMs`; what passed before `since`, when nobody could send, does not count. */
export function isCanaryOverdue(record: CanaryRecord, limitMs: number, since: number, at: number): boolean {
  return record.missingSince !== null && at - Math.max(record.missingSince, since) > limitMs;
}

/** Reads a record of the store; undefined when it is none. */
export function readCanary(value: Json): CanaryRecord | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { sentAt, missingSince, deliveredAt, delivered, overdue } = value;
  if (typeof sentAt !== 'number') return undefined;
  return {
    sentAt,
    missingSince: typeof missingSince === 'number' ? missingSince : null,
    deliveredAt: typeof deliveredAt === 'number' ? deliveredAt : null,
    delivered: Number(delivered ?? 0),
    overdue: overdue === true,
  };
}
