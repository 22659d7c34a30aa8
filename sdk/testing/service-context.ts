import { nextCron } from '../../alerting/calendar/cron.ts';
import { openOwnStore } from '../../threads/context/own-store.ts';
import { takeUnixDatagrams } from '../../threads/context/unix-datagrams.ts';
import type { RouteAnswer, RouteReply, RouteRequest, ServiceContext } from '../define.ts';
import type { Json, JsonObject } from '../values.ts';
import { type HostContext, hostContext } from './host-context.ts';

/** A context for a service, with the agent's side of it in the test's hands. */
export interface ServiceTestContext<Options = JsonObject>
  extends ServiceContext<Options>,
    Pick<HostContext, 'logs' | 'abort'> {
  /** What it sent with `emit`, in order. */
  readonly emitted: { topic: string; data: Json }[];
  /** What it handed to other services with `publish`, in order. */
  readonly published: { topic: string; data: Json }[];
  /** Hands it a snapshot. */
  push(topic: string, data: Json): void;
  /** Asks it for one of its routes. */
  request(request: RouteRequest): Promise<RouteReply>;
}

/**
 * Builds a context on the real host for a service. `snapshots` are known before it starts; `ask` answers what it asks of the agent's routes,
 * without it that is refused.
 * @example `const ctx = serviceContext({ options, snapshots: { groups: ['linux'] } }); await dns.start(ctx);`
 */
export function serviceContext<Options = JsonObject>(
  given: {
    options?: Options;
    state?: JsonObject;
    name?: string;
    snapshots?: { [topic: string]: Json };
    ask?: (request: RouteRequest, options?: { timeoutMs?: number }) => Promise<RouteAnswer>;
  } = {},
): ServiceTestContext<Options> {
  const latest = new Map(Object.entries(given.snapshots ?? {}));
  const listeners = new Map<string, Set<(data: Json) => void>>();
  const emitted: { topic: string; data: Json }[] = [];
  const published: { topic: string; data: Json }[] = [];
  let answer: Parameters<ServiceContext['onRequest']>[0] | undefined;
  return {
    ...hostContext<Options>(given),
    emitted,
    published,
    emit: (topic, data) => void emitted.push({ topic, data }),
    publish: (topic, data) => void published.push({ topic, data }),
    subscribe(topic, listener) {
      const those = listeners.get(topic) ?? new Set();
      listeners.set(topic, those.add(listener));
      const known = latest.get(topic);
      if (known !== undefined) queueMicrotask(() => those.has(listener) && listener(known));
      return () => those.delete(listener);
    },
    onRequest(handler) {
      answer = handler;
    },
    takeUnixDatagrams,
    openStore: openOwnStore,
    nextCron,
    ask: given.ask ?? (() => Promise.reject(new Error('the agent answers no routes here'))),
    push(topic, data) {
      latest.set(topic, data);
      for (const listener of listeners.get(topic) ?? []) listener(data);
    },
    async request(request) {
      if (answer === undefined) throw new Error('the service answers no routes');
      return await answer(request);
    },
  };
}
