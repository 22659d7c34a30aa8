import type { ConfigObject } from '../../../configuration/model.ts';
import { RouteTable } from '../../../control/route-table.ts';
import { applyPlan } from '../../../core/host/apply-plan.ts';
import type { AgentHealth } from '../../../core/notify/agent-trouble.ts';
import { Alerting } from '../../../core/notify/alerting.ts';
import { handlerRoutes } from '../../../core/notify/handler-routes.ts';
import { failed, type HostBench, hostBench, plan } from '../host/host-bench.ts';

/** Puts objects in force, as a reload would. */
export function apply(bench: HostBench, ...given: Parameters<typeof plan>): Promise<void> {
  const loader = { put: () => undefined, delete: () => undefined };
  return applyPlan(bench.deps, loader, { invalidate: () => undefined }, plan(...given));
}

/** What tests of alerting do with an agent. */
export interface AlertingBench extends HostBench {
  alerting: Alerting;
  health: AgentHealth;
  ask<View>(method: string, path: string, body?: object | null): Promise<View>;
  /** Lets seconds pass, with a tick of the scheduler each. */
  seconds(count: number): Promise<void>;
  /** Begins anew with what the store has. */
  restart(): Promise<void>;
  /** What handlers were given, as `name: type summary`. */
  told(): string[];
}

/** Alerting over a bench, with its routes asked as the socket would. */
export async function alertingBench(objects: ConfigObject[]): Promise<AlertingBench> {
  const bench = hostBench();
  const health: AgentHealth = { services: [], isStoreWritable: true, configurationErrors: 0, own: [] };
  const alerting = new Alerting(bench.deps, 'host', () => health);
  bench.deps.notifications = alerting.notifications;
  await apply(bench, objects);
  await alerting.start();
  const routes = new RouteTable(handlerRoutes(bench.deps, alerting.desk));
  const made: AlertingBench = {
    ...bench,
    alerting,
    health,
    async restart() {
      made.alerting = new Alerting(bench.deps, 'host', () => health);
      bench.deps.notifications = made.alerting.notifications;
      const entries = async (prefix: string) => [...bench.kept].filter(([key]) => key.startsWith(prefix));
      await made.alerting.restore({
        entries,
        get: async () => undefined,
        putLazy: async () => undefined,
      } as never);
      await made.alerting.start();
    },
    async ask<View>(method: string, path: string, body: object | null = null): Promise<View> {
      const { pathname, searchParams } = new URL(path, 'http://host');
      const { route, params } = routes.match(method, pathname);
      const query = Object.fromEntries(searchParams);
      return (await route.handle({ params, query, body: body as never })).body as View;
    },
    async seconds(count: number): Promise<void> {
      for (let second = 0; second < count; second += 1) {
        bench.clock.advance(1000);
        await made.alerting.tick();
        await turn();
      }
    },
    told(): string[] {
      return bench.jobs.map(({ name, event }) => `${name}: ${event?.type} ${event?.summary}`);
    },
  };
  return made;
}

/** Lets what is under way settle. */
export async function turn(): Promise<void> {
  for (let count = 0; count < 3; count += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A handler's failure that another try does not change. */
export function refused(): ReturnType<typeof failed> {
  const error = { code: 'OPSBRO_HOST_DELIVERY', message: 'answers 400', data: { permanent: true } };
  return { ...failed('OPSBRO_HOST_DELIVERY'), error } as ReturnType<typeof failed>;
}

/** Something to tell every handler. */
export const occurrence = { type: 'node' as const, key: 'n', at: 5, summary: 'something', data: {} };
