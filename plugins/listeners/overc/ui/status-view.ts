import type { Json } from 'opsbro/sdk';
import type { AlertRow, ServiceFacts } from '../model.ts';
import type { Selection } from '../storage/storage.ts';
import { ageText, timeText } from './times.ts';

/** What the status route shows. */
export interface StatusFacts {
  services: ServiceFacts[];
  /** Those of the last 24 hours of the selection. */
  alerts: AlertRow[];
  lastRow: number;
  /** Seconds that the oldest state has waited to be looked at. */
  lagSeconds: number;
  now: number;
}

/** `{stats, servers}` as the page of OverC reads it. */
export function statusView({ service: only }: Selection, facts: StatusFacts): Json {
  const { alerts, now, lagSeconds } = facts;
  const lastRow = only === undefined ? facts.lastRow : (facts.services[0]?.current?.row ?? 0);
  const servers = new Map<number, ServiceFacts[]>();
  for (const service of facts.services) {
    const those = servers.get(service.server.id);
    if (those === undefined) servers.set(service.server.id, [service]);
    else those.push(service);
  }
  const [ofServers, ofServices] = counted(alerts);
  return {
    stats: { n_alerts: alerts.length, last_state_id: lastRow, supervisor_lag: lagSeconds },
    servers: [...servers.values()]
      .sort(([one], [other]) => order(one!.server, other!.server))
      .map((services) => {
        const { id, name, title, ip } = services[0]!.server;
        const views = services
          .sort(order)
          .map((service) => serviceView(service, ofServices.get(service.id) ?? 0, now));
        return { id, name, title, ip, n_alerts: ofServers.get(id) ?? 0, services: views };
      }),
  };
}

/** A server's count leaves out those of its services. */
function counted(alerts: AlertRow[]): [Map<number, number>, Map<number, number>] {
  const [servers, services] = [new Map<number, number>(), new Map<number, number>()];
  for (const { server, service } of alerts) {
    if (service === null) servers.set(server, (servers.get(server) ?? 0) + 1);
    else services.set(service, (services.get(service) ?? 0) + 1);
  }
  return [servers, services];
}

function serviceView(
  { id, period, name, title, current, timedOut }: ServiceFacts,
  alerts: number,
  now: number,
): Json {
  const state = current && {
    rtime: timeText(current.at),
    timed_out: timedOut,
    seen_ago: ageText(now - current.at),
    state: current.state,
    info: current.info,
  };
  return { id, period, name, title, n_alerts: alerts, state };
}

function order(one: { name: string }, other: { name: string }): number {
  return one.name < other.name ? -1 : one.name > other.name ? 1 : 0;
}
