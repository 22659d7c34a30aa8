import type { HandlerEvent } from 'opsbro/sdk';
import type { Delivery } from '../../alerting/outbox/outbox.ts';
import type { HandlerObject } from '../../configuration/model.ts';
import type { JobResult } from '../../threads/protocol.ts';
import type { HostDeps } from '../host/deps.ts';
import { withSecrets } from '../host/secrets.ts';

/** Runs a handler's verb in a job thread, and tells the outbox how it went. Never rejects; ends within the handler's timeout. */
export async function deliver(deps: HostDeps, id: string, event: HandlerEvent): Promise<Delivery> {
  const handler = deps.table.handler(id);
  if (handler === undefined) return unavailable('the handler is not configured');
  if (!handler.enabled) return unavailable('the handler is not enabled');
  const { registry, pool, states, quarantine, table } = deps;
  const entry = registry.get(handler.plugin);
  if (entry?.module == null) return unavailable(`${handler.plugin} has no code to run`);
  const kept = quarantine.get(handler.plugin);
  if (kept !== undefined) return unavailable(`${handler.plugin} is quarantined: ${kept.reason}`);
  const result = await pool.run({
    type: 'handle',
    plugin: entry.id,
    module: entry.module,
    object: handler.id,
    name: handler.name,
    options: handler.options,
    ...withSecrets(entry),
    state: states.get(handler.id),
    timeoutMs: handler.timeoutMs,
    event,
  });
  writeDown(deps, handler, result);
  if (result.status === 'failed') return failureOf(result.error);
  if (result.status === 'not-eligible') return unavailable(result.reason);
  if (result.state !== null && table.has(handler.id)) states.set(handler.id, result.state);
  return { status: 'delivered' };
}

function unavailable(message: string): Delivery {
  return { status: 'unavailable', message };
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
