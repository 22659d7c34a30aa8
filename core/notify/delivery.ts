import type { HandlerEvent } from 'opsbro/sdk';
import type { Delivery } from '../../alerting/outbox/delivery.ts';
import type { HandlerObject } from '../../configuration/model.ts';
import type { JobResult, LogLine } from '../../threads/protocol.ts';
import type { HostDeps } from '../host/deps.ts';
import { codeOf } from '../host/plugin-code.ts';

/** How a try went: what came of it, how long it took and what the handler said. */
export interface Try {
  delivery: Delivery;
  durationMs: number;
  logs: LogLine[];
}

/** Tells a handler for the outbox. Never rejects; ends within the handler's timeout. */
export async function deliver(deps: HostDeps, id: string, event: HandlerEvent): Promise<Delivery> {
  const handler = deps.table.handler(id);
  if (handler === undefined) return unavailable('the handler is not configured').delivery;
  if (!handler.enabled) return unavailable('the handler is not enabled').delivery;
  return (await tryHandler(deps, handler, event)).delivery;
}

/** Runs a handler's verb in a job thread, whether it is enabled or not. Never rejects; ends within the handler's timeout. */
export async function tryHandler(deps: HostDeps, handler: HandlerObject, event: HandlerEvent): Promise<Try> {
  const { registry, pool, states, quarantine, table } = deps;
  const code = codeOf(registry.get(handler.plugin));
  if (code === undefined) return unavailable(`${handler.plugin} has no code to run`);
  const kept = quarantine.get(handler.plugin);
  if (kept !== undefined) return unavailable(`${handler.plugin} is quarantined: ${kept.reason}`);
  const result = await pool.run({
    type: 'handle',
    object: handler.id,
    name: handler.name,
    options: handler.options,
    ...code,
    state: states.get(handler.id),
    timeoutMs: handler.timeoutMs,
    event,
  });
  writeDown(deps, handler, result);
  const { durationMs, logs } = result;
  if (result.state != null && table.has(handler.id)) states.set(handler.id, result.state);
  if (result.status === 'failed') return { delivery: failureOf(result.error), durationMs, logs };
  if (result.status === 'not-eligible') return { ...unavailable(result.reason), durationMs, logs };
  return { delivery: { status: 'delivered' }, durationMs, logs };
}

function unavailable(message: string): Try {
  return { delivery: { status: 'unavailable', message }, durationMs: 0, logs: [] };
}

function writeDown({ registry, log }: HostDeps, handler: HandlerObject, result: JobResult): void {
  const code = result.status === 'failed' ? result.error.code : null;
  registry.counter(handler.plugin).ran(result.durationMs, code, result.heapUsedBytes);
  for (const line of result.logs)
    log[line.level](line.message, { ...line.fields, plugin: handler.plugin, object: handler.id });
}

/** What a handler throws may say whether and when to try again: see the sdk's `delivery.ts`. */
function failureOf({ code, message, data }: { code: string; message: string; data?: unknown }): Delivery {
  const { permanent, retryAfterMs } = (data ?? {}) as { permanent?: unknown; retryAfterMs?: unknown };
  return {
    status: 'failed',
    code,
    message,
    isPermanent: permanent === true,
    retryAfterMs: typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? retryAfterMs : null,
  };
}
