import { createHmac } from 'node:crypto';
import {
  alertsOf,
  bodyOf,
  type Context,
  DeliveryError,
  type HandlerEvent,
  type JsonObject,
  jsonOf,
  severityOf,
  titleOf,
} from 'opsbro/sdk';

/** The options of a webhook handler, see `plugin.yml`. */
export interface WebhookOptions {
  url: string;
  method: 'POST' | 'PUT' | 'PATCH';
  headers: { [name: string]: string };
  body_template: string | null;
  content_type: string;
  secret: string;
  ca_file: string;
}

/** The event as JSON, with severity, title and body for receivers that only show text; or what the template makes of the same. */
export async function composeBody(ctx: Context<WebhookOptions>, event: HandlerEvent): Promise<string> {
  const { body_template: template } = ctx.options;
  const json = jsonOf({ ...event, severity: severityOf(event), title: titleOf(event), body: bodyOf(event) });
  if (template === null)
    throw new DeliveryError('webhook: the file of body_template cannot be read; it belongs into templates/');
  if (template === '') return json;
  const told = JSON.parse(json) as HandlerEvent;
  const data = { ...told, event: told, alerts: alertsOf(told) };
  return ctx.render(template, data as unknown as JsonObject);
}

/**
 * Headers of a request: type and key of the event, and the signature, `sha256=` and the HMAC-SHA256 of the time in seconds, a dot, and the
 * body, in hexadecimal; the time is signed so that a receiver can refuse an old request that somebody sends again.
 */
export function headersOf(
  { headers, content_type, secret }: WebhookOptions,
  { key, type }: HandlerEvent,
  body: string,
  nowMs: number,
): { [name: string]: string } {
  const timestamp = String(Math.floor(nowMs / 1000));
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return {
    'content-type': content_type,
    'user-agent': 'OpsBro',
    'idempotency-key': JSON.stringify(asciiOf(key)),
    'x-opsbro-event': type,
    ...(secret !== '' && { 'x-opsbro-timestamp': timestamp, 'x-opsbro-signature': `sha256=${signature}` }),
    ...headers,
  };
}

/** Headers hold ASCII alone: what else a label brings into a key is written by its bytes, `%D0`. */
function asciiOf(key: string): string {
  return key.replaceAll(/[^\x20-\x7e]|%/gu, (character) =>
    Buffer.from(character).toString('hex').toUpperCase().replaceAll(/../g, '%$&'),
  );
}
