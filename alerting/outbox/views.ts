import type { EventType, JsonObject, VerdictState } from 'opsbro/sdk';
import type { CanaryRecord } from './canary.ts';
import type { OutboxView } from './outbox.ts';
import type { HandlerFigures } from './tally.ts';

/** GET /api/v1/outbox?handler=NAME: an array of these, oldest first. */
export interface OutboxEntryView {
  /** What `retry` and `drop` take. */
  serial: number;
  /** The handler's name; of one that is not configured any more its id. */
  handler: string;
  /** It is not configured any more: nothing is delivered unless its file comes back. */
  handler_gone: boolean;
  state: 'waiting' | 'delivering' | 'dead';
  type: EventType;
  key: string;
  summary: string;
  attempts: number;
  created_at: string;
  next_at: string | null;
  /** Why the last try failed, '' before the first. */
  last_error: string;
}

/** GET /api/v1/outbox/SERIAL: the whole of one entry. */
export interface OutboxDetailView extends OutboxEntryView {
  /** What is handed to the handler. */
  event: JsonObject;
  /** For how many seconds agents have been trying. */
  age: number;
  /** Entries of one handler and order are delivered one after the other. */
  order: string;
}

/**
 * POST /api/v1/outbox/retry and /drop {serials: [number] | null}; null means all, of `drop` all dead ones, and of `retry` none of handlers that are
 * not configured any more.
 */
export interface OutboxChangeView {
  count: number;
  /** Dead ones that are left of handlers not configured any more. */
  gone: number;
}

/** GET /api/v1/handlers: an array of these. GET /api/v1/handlers/NAME: one. Counts are since the agent's start. */
export interface HandlerView {
  id: string;
  name: string;
  pack: string;
  /** As in its YAML: `mail`, `slack` … */
  type: string;
  enabled: boolean;
  if_group: string | null;
  /** Its `if_group` holds here. */
  in_group: boolean;
  severities: VerdictState[];
  group_by: string[];
  repeat_interval: number | null;
  timeout: number;
  waiting: number;
  dead: number;
  delivered: number;
  failed: number;
  failures_in_row: number;
  last: {
    at: string;
    outcome: 'delivered' | 'failed' | 'given-up';
    type: EventType;
    key: string;
    reason: string;
  } | null;
  canary: CanaryView | null;
}

/** What became of the test events that a handler gets by itself. */
export interface CanaryView {
  interval: number;
  delivered: number;
  sent_at: string | null;
  delivered_at: string | null;
  /** The last ones did not arrive in time. */
  overdue: boolean;
}

/** POST /api/v1/handlers/NAME/test {check?: NAME}. */
export interface HandlerTestView {
  handler: string;
  type: string;
  ok: boolean;
  enabled: boolean;
  in_group: boolean;
  /** What was handed to the handler. */
  event: JsonObject;
  /** null when it went well, or when nothing was tried. */
  code: string | null;
  /** Why it failed; '' when it did not. */
  message: string;
  /** The other side will never take it as it is. */
  permanent: boolean;
  retry_after: number | null;
  duration_ms: number;
  /** What the handler said on the way, answers of services among it. */
  log: { level: string; message: string; fields: JsonObject }[];
}

/** An entry of the outbox as it is shown; `name` is its handler's. */
export function outboxEntryView(entry: OutboxView, name: string): OutboxEntryView {
  const { serial, state, event, attempts, createdAt, nextAt, lastError, isGone } = entry;
  return {
    serial,
    handler: name,
    handler_gone: isGone,
    state,
    type: event.type,
    key: event.key,
    summary: event.summary,
    attempts,
    created_at: isoText(createdAt),
    next_at: nextAt === null ? null : isoText(nextAt),
    last_error: lastError,
  };
}

/** Whether an entry is for a handler that is not configured any more, of this id or name. */
export function isOfGone({ handler, isGone }: OutboxView, name: string): boolean {
  return isGone && (handler === name || handler.endsWith(`/handler/${name}`));
}

/** An entry of the outbox in full. */
export function outboxDetailView(entry: OutboxView, name: string): OutboxDetailView {
  const { event, ageMs, order } = entry;
  const age = Math.round(ageMs / 1000);
  return { ...outboxEntryView(entry, name), age, order, event: event as unknown as JsonObject };
}

/** What there is to say of how a handler fares. */
export function figuresView(
  figures: HandlerFigures,
): Pick<HandlerView, 'waiting' | 'dead' | 'delivered' | 'failed' | 'failures_in_row' | 'last'> {
  const { waiting, dead, delivered, failed, failuresInRow, last } = figures;
  return {
    waiting,
    dead,
    delivered,
    failed,
    failures_in_row: failuresInRow,
    last: last === null ? null : { ...last, at: isoText(last.at) },
  };
}

/** The canary of a handler; null where it has none. */
export function canaryView(everyMs: number | null, record: CanaryRecord | undefined): CanaryView | null {
  if (everyMs === null) return null;
  const { sentAt = null, deliveredAt = null, delivered = 0, overdue = false } = record ?? {};
  return {
    interval: everyMs / 1000,
    delivered,
    sent_at: sentAt === null ? null : isoText(sentAt),
    delivered_at: deliveredAt === null ? null : isoText(deliveredAt),
    overdue,
  };
}

function isoText(at: number): string {
  return new Date(at).toISOString();
}
