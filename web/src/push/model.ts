import type { ShownState } from '../live/fact.ts';
import { severity } from '../live/fact.ts';

/** A state as OverC names it. */
export type PushState = 'OK' | 'WARN' | 'FAIL' | 'UNK';

/** GET /api/v1/push/status. */
export interface PushStatus {
  stats: { n_alerts: number; last_state_id: number; supervisor_lag: number };
  servers: PushServer[];
}

/** Who reports. */
export interface PushServer {
  id: number;
  name: string;
  title: string;
  ip: string;
  n_alerts: number;
  services: PushService[];
}

/** What is reported. */
export interface PushService {
  id: number;
  name: string;
  title: string;
  period: number | null;
  n_alerts: number;
  state: { rtime: string; timed_out: boolean; seen_ago: string; state: PushState; info: string } | null;
}

/** A row of the history: a state, or a run of equal ones. */
export type PastRow =
  | {
      id: number;
      rtime: string;
      state: PushState;
      info: string;
      alerts: { id: number; channel: string; event: string; message: string; severity: PushState }[];
    }
  | { id: number; state: PushState; group: string; group_count: number; pruned?: number };

/** An alert. */
export interface PushAlert {
  id: number;
  server: string | null;
  server_id: number;
  service: string | null;
  service_id: number | null;
  ctime: string;
  channel: string;
  event: string;
  message: string;
  state_info: string | null;
}

/** GET /api/v1/push/removed: what was deleted, and can come back. */
export interface RemovedItem {
  kind: 'server' | 'service';
  id: number;
  title: string;
  undo_until: string;
}

/** A service beside its server, as lists show it. */
export interface ServiceRow {
  server: PushServer;
  service: PushService;
  state: ShownState;
}

const shown: { [state in PushState]: ShownState } = {
  OK: 'ok',
  WARN: 'warning',
  FAIL: 'critical',
  UNK: 'unknown',
};

/** A state in the words and shapes of this page. */
export function shownPush(state: PushState): ShownState {
  return shown[state];
}

/** What a service is shown as: one that was well and stopped to report is stale, and nothing was said of one without state. */
export function serviceState({ state }: Pick<PushService, 'state'>): ShownState {
  if (state === null) return 'pending';
  return state.timed_out && state.state === 'OK' ? 'stale' : shown[state.state];
}

/** How often a service is to report, as OverC shows it; nothing is shown where nobody said. */
export function periodText({ period }: Pick<PushService, 'period'>): string {
  return period === null ? 'none' : `${period}s`;
}

/** Services that a text leaves in, those that are late and the worst first. */
export function serviceRows(servers: readonly PushServer[], text: string): ServiceRow[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return servers
    .flatMap((server) =>
      server.services.map((service) => ({ server, service, state: serviceState(service) })),
    )
    .filter(({ server, service }) => {
      const searched = `${server.title} ${server.name} ${service.title} ${service.name} ${service.state?.info ?? ''}`;
      return words.every((word) => searched.toLowerCase().includes(word));
    })
    .sort(
      (one, other) =>
        Number(other.service.state?.timed_out ?? false) - Number(one.service.state?.timed_out ?? false) ||
        severity(one.state) - severity(other.state) ||
        compare(one.server.title, other.server.title) ||
        compare(one.service.title, other.service.title),
    );
}

function compare(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}

/** Alerts of a server and of its services. */
export function alertsOfServer({ n_alerts: own, services }: PushServer): number {
  return services.reduce((sum, service) => sum + service.n_alerts, own);
}

/** The path of a service's history so far back, with these groups opened. */
export function pastPath(service: string, hours: number, open: readonly string[]): string {
  const query = new URLSearchParams([
    ['hours', String(hours)],
    ['groups', '1'],
  ]);
  for (const group of open) query.append('expand', group);
  return `api/v1/push/states/${encodeURIComponent(service)}?${query.toString()}`;
}
