import type { HandlerEvent, Json, JsonObject } from 'opsbro/sdk';

/** One event on its way to one handler. Times are epoch ms. */
export interface OutboxEntry {
  /** The handler object's id. */
  handler: string;
  /** Counts the entries of the agent; later is larger. */
  serial: number;
  /** Entries of one handler and order are delivered in the order of their serials. */
  order: string;
  event: HandlerEvent;
  attempts: number;
  createdAt: number;
  /** For how long agents have been trying; what a clock says of it does not count, nor the time an agent was off. */
  ageMs: number;
  /** Why the last attempt failed, '' before the first. */
  lastError: string;
}

/** What is written and removed in one go. */
export interface Batch {
  put?: [key: string, value: Json][];
  del?: string[];
}

/** Where the store keeps an entry: `outbox` while it is to be delivered, `dead` once it was given up. */
export function entryKey(place: 'outbox' | 'dead', { serial }: Pick<OutboxEntry, 'serial'>): string {
  return `${place}/${String(serial).padStart(15, '0')}`;
}

/** An entry as the store keeps it. */
export function entryValue(entry: OutboxEntry): JsonObject {
  return { ...entry, event: entry.event as unknown as JsonObject };
}

/** Reads an entry of the store; undefined when it is none. */
export function readEntry(value: Json): OutboxEntry | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { handler, serial, order, event, attempts, createdAt, ageMs, lastError } = value;
  if (typeof handler !== 'string' || typeof serial !== 'number' || typeof order !== 'string')
    return undefined;
  if (typeof event !== 'object' || event === null || Array.isArray(event) || typeof event.key !== 'string')
    return undefined;
  return {
    handler,
    serial,
    order,
    event: event as unknown as HandlerEvent,
    attempts: Number(attempts ?? 0),
    createdAt: Number(createdAt ?? 0),
    ageMs: Number(ageMs ?? 0),
    lastError: typeof lastError === 'string' ? lastError : '',
  };
}
