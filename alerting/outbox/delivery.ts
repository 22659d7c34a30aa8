import type { JsonObject } from 'opsbro/sdk';
import type { OutboxEntry } from './entry.ts';

/** How a delivery went. `unavailable`: the handler is not there or not enabled, so nothing was tried. */
export type Delivery =
  | { status: 'delivered' }
  | { status: 'unavailable'; message: string }
  | { status: 'failed'; code: string; message: string; isPermanent: boolean; retryAfterMs: number | null };

/** What delivers broke its promise; the lane must go on. */
export function brokenDelivery(error: unknown): Delivery {
  const message = error instanceof Error ? error.message : String(error);
  return { status: 'failed', code: 'OPSBRO_PLUGIN_FAILED', message, isPermanent: false, retryAfterMs: null };
}

/** What is not tried, since the other side asked to be left alone for so long. */
export function askedToWait(leftMs: number): Delivery {
  const message = `it asked for nothing more for another ${Math.ceil(leftMs / 1000)} s; its notifications wait as well`;
  return {
    status: 'failed',
    code: 'OPSBRO_HOST_DELIVERY',
    message,
    isPermanent: false,
    retryAfterMs: leftMs,
  };
}

/** A failed delivery, as the log tells it. */
export function deliveryFields(
  entry: OutboxEntry,
  delivery: { status: string; message: string; code?: string },
): JsonObject {
  return {
    object: entry.handler,
    event: entry.event.key,
    code: delivery.code ?? 'OPSBRO_PLUGIN_FAILED',
    reason: delivery.message,
  };
}
