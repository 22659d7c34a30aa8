/** States as they are stored and shown. */
export type State = 'OK' | 'WARN' | 'FAIL' | 'UNK';

/** One service of a report. */
export interface ReportedService {
  name: string;
  /** null: nobody said; the service is to be known. */
  state: State | null;
  info: string;
  /** Seconds until the next report is due; null: nobody said. */
  period: number | null;
}

/** One message of a report. */
export interface ReportedAlert {
  message: string;
  service: string | null;
}

/** What one request brings: stored as a whole, or not at all. */
export interface Report {
  server: string;
  /** null: who sent it has proved it otherwise. */
  key: string | null;
  /** Address of who sent it. */
  ip: string;
  /** When what it says was so, epoch ms. */
  at: number;
  services: ReportedService[];
  alerts: ReportedAlert[];
  /** Where the server is not known yet: it may become so. */
  mayRegister: boolean;
}

/**
 * What became of a report. `unknown-server`: it may not register; `full`: there is no room for another server or service.
 */
export type Outcome = 'ok' | 'wrong-key' | 'unknown-server' | 'full';

/** What can be said of a report by who sends it alone. */
export type Verdict = Exclude<Outcome, 'full'>;

/** A server as it is known. */
export interface ServerFacts {
  id: number;
  name: string;
  title: string;
  ip: string;
}

/** The newest state of a service. */
export interface Current {
  /** The id of its row. */
  row: number;
  state: State;
  info: string;
  /** Epoch ms. */
  at: number;
}

/** A service as it is known. */
export interface ServiceFacts {
  id: number;
  server: ServerFacts;
  name: string;
  title: string;
  /** Seconds; null where nobody said. */
  period: number | null;
  current: Current | null;
  /** It went offline, and did not report since. */
  timedOut: boolean;
  /** When it last reported, monotonic ms; 0 where that was before this start. */
  reportedMs: number;
}

/** One state of a service, as it was reported. */
export interface StateRow {
  id: number;
  /** Epoch ms. */
  at: number;
  state: State;
  info: string;
}

/** Rows of equal state, one after the other. Times are epoch ms. */
export interface Run {
  first: number;
  last: number;
  count: number;
  firstAt: number;
  lastAt: number;
  state: State;
  /** Id of the first row of the run before; 0 for none. */
  prev: number;
}

/** Something to be told of. */
export interface AlertRow {
  id: number;
  server: number;
  service: number | null;
  /** The state of the service at that time. */
  row: number | null;
  /** Epoch ms. */
  at: number;
  channel: string;
  event: string;
  message: string;
}

/** How bad an alert is. */
export function severityOf({ channel, event }: Pick<AlertRow, 'channel' | 'event'>): State {
  if (channel === 'service:state') return isState(event) ? event : 'FAIL';
  return channel === 'plugin' && event === 'online' ? 'OK' : 'FAIL';
}

function isState(text: string): text is State {
  return text === 'OK' || text === 'WARN' || text === 'FAIL' || text === 'UNK';
}

/** A state as it was sent: what is none becomes `UNK`, and the info says so. */
export function readState(sent: string, info: string): { state: State; info: string } {
  if (sent === 'ERR') return { state: 'FAIL', info };
  return isState(sent)
    ? { state: sent, info }
    : { state: 'UNK', info: `${info} (sent unsupported state: "${sent}")` };
}
