/** The state of a service, as it goes to the server. */
export interface ServiceState {
  name: string;
  state: string;
  info: string;
  /** Seconds; the request's counts where it is absent. */
  period?: number;
}

/** A request without the identity of its sender, which is added as it is sent. */
export type Report =
  | { route: '/api/set/service/status'; body: { period: number; services: ServiceState[] } }
  | { route: '/api/set/alerts'; body: { alerts: { message: string; service?: string }[] } };

/** Reports the states of services that promise the next ones within `period` seconds. */
export function statusReport(period: number, services: ServiceState[]): Report {
  return { route: '/api/set/service/status', body: { period, services } };
}

/** Sends an alert, of a service or of the server as a whole. */
export function alertReport(message: string, service?: string): Report {
  return {
    route: '/api/set/alerts',
    body: { alerts: [service === undefined ? { message } : { message, service }] },
  };
}
