import { createHash } from 'node:crypto';
import type { Keys } from '../keys.ts';
import type { Current, Outcome, Report, State } from '../model.ts';
import { changeText } from '../storage/ledger.ts';
import { marksOf, type SqlDialect, type SqlRow, type SqlSession } from './database.ts';

/** What a report is taken by. */
export interface TakeParts {
  dialect: SqlDialect;
  keys: Keys;
  limits: { servers: number; services: number };
  /** Seconds since what it says was so. */
  age: number;
}

/** A service as a report left it. */
export interface TakenService {
  id: number;
  name: string;
  title: string;
  period: number | null;
  isTimedOut: boolean;
  current: Current | null;
}

/** What became of a report; services in the order of their states, one for each. */
export interface Taken {
  outcome: Outcome;
  server: number;
  services: TakenService[];
  alerts: number;
}

/** What a name is found by. */
export function nameKey(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

/** The hash of a server's key in its row; undefined where there is no row. */
export function keptHash(row: SqlRow | undefined): string | undefined {
  return row === undefined ? undefined : String(row.hash ?? '');
}

/** Takes a report within a transaction. */
export async function takeReport(session: SqlSession, report: Report, parts: TakeParts): Promise<Taken> {
  const refused = (outcome: Outcome): Taken => ({ outcome, server: 0, services: [], alerts: 0 });
  const { keys, limits } = parts;
  // Reports of one server come one after the other.
  const known = (
    await session.query('SELECT id, hash FROM push_servers WHERE name_key = ? FOR UPDATE', [
      nameKey(report.server),
    ])
  ).rows[0];
  const kept = keptHash(known);
  const { outcome, hash } = keys.judge(report, kept);
  if (outcome !== 'ok') return refused(outcome);
  if (known === undefined && (await countOf(session, 'push_servers')) >= limits.servers)
    return refused('full');
  const services = known === undefined ? new Map() : await servicesOf(session, Number(known.id), report);
  const fresh = namesOf(report).filter((name) => !services.has(nameKey(name))).length;
  if (fresh > 0 && (await countOf(session, 'push_services')) + fresh > limits.services)
    return refused('full');
  const server = known === undefined ? await register(session, report, hash) : Number(known.id);
  if (known !== undefined && kept === '' && hash !== '')
    await session.query('UPDATE push_servers SET hash = ? WHERE id = ?', [hash, server]);
  return new Taking(session, server, services, report, parts).run();
}

async function register(session: SqlSession, { server: name, ip }: Report, hash: string): Promise<number> {
  return session.insert('push_servers', { name, name_key: nameKey(name), title: name, ip, hash });
}

/** Rows of a table. */
export async function countOf(session: SqlSession, table: string): Promise<number> {
  return Number((await session.query(`SELECT COUNT(*) AS count FROM ${table}`)).rows[0]?.count);
}

function namesOf({ services, alerts }: Report): string[] {
  const names = [...services.map(({ name }) => name), ...alerts.map(({ service }) => service)];
  return [...new Set(names)].filter((name) => name !== null);
}

async function servicesOf(
  session: SqlSession,
  server: number,
  report: Report,
): Promise<Map<string, TakenService>> {
  const names = namesOf(report).map(nameKey);
  if (names.length === 0) return new Map();
  const { rows } = await session.query(
    `SELECT id, name, name_key, title, period, timed_out, state_id, state, info, reported_at FROM push_services
      WHERE server_id = ? AND name_key IN (${marksOf(names)}) FOR UPDATE`,
    [server, ...names],
  );
  return new Map(
    rows.map((row) => [
      String(row.name_key),
      {
        ...{ id: Number(row.id), name: String(row.name), title: String(row.title) },
        ...{ period: row.period as number | null, isTimedOut: row.timed_out === 1 },
        current: currentOf(row),
      },
    ]),
  );
}

/** The newest state in a row of a service. */
export function currentOf(row: { [column: string]: string | number | null }): Current | null {
  if (row.state_id === null) return null;
  const { state_id: id, state, info, reported_at: at } = row;
  return { row: Number(id), state: state as State, info: String(info ?? ''), at: Number(at) };
}

/** One report while it is written. */
class Taking {
  readonly #session: SqlSession;
  readonly #server: number;
  readonly #services: Map<string, TakenService>;
  readonly #report: Report;
  readonly #parts: TakeParts;
  readonly #taken: TakenService[] = [];
  #alerts = 0;

  constructor(
    session: SqlSession,
    server: number,
    services: Map<string, TakenService>,
    report: Report,
    parts: TakeParts,
  ) {
    this.#session = session;
    this.#server = server;
    this.#services = services;
    this.#report = report;
    this.#parts = parts;
  }

  async run(): Promise<Taken> {
    for (const { name, state, info, period } of this.#report.services) {
      const service = await this.#serviceOf(name);
      service.period = period !== null && Number.isFinite(period) ? period : null;
      if (state !== null) await this.#state(service, state, info);
      await this.#write(service, state !== null);
      this.#taken.push({ ...service });
    }
    for (const { service: name, message } of this.#report.alerts) {
      const service = name === null ? null : await this.#serviceOf(name);
      await this.#alert(service, 'api', 'alert', message);
      if (service !== null) this.#taken.push({ ...service });
    }
    return { outcome: 'ok', server: this.#server, services: this.#taken, alerts: this.#alerts };
  }

  async #serviceOf(name: string): Promise<TakenService> {
    const key = nameKey(name);
    const known = this.#services.get(key);
    if (known !== undefined) return known;
    const id = await this.#session.insert('push_services', {
      ...{ server_id: this.#server, name, name_key: key, title: name, period: null, timed_out: 0 },
    });
    const service = { id, name, title: name, period: null, isTimedOut: false, current: null };
    this.#services.set(key, service);
    return service;
  }

  async #state(service: TakenService, state: State, info: string): Promise<void> {
    const { at } = this.#report;
    const { current, isTimedOut } = service;
    const row = await this.#session.insert('push_states', {
      ...{ service_id: service.id, reported_at: at, state, info },
    });
    service.current = { row, state, info, at };
    service.isTimedOut = false;
    if (state !== (current?.state ?? 'OK'))
      await this.#alert(service, 'service:state', state, changeText(current?.state, state));
    if (isTimedOut) await this.#alert(service, 'plugin', 'online', 'Monitoring plugin back online');
  }

  async #write({ id, period, isTimedOut, current }: TakenService, isSeen: boolean): Promise<void> {
    const { dialect, age } = this.#parts;
    const seen = isSeen ? `, seen_at = ${dialect.now} - ?` : '';
    await this.#session.query(
      `UPDATE push_services SET period = ?, timed_out = ?, state_id = ?, state = ?, info = ?, reported_at = ?${seen} WHERE id = ?`,
      [
        ...[period, isTimedOut ? 1 : 0, current?.row ?? null, current?.state ?? null, current?.info ?? null],
        ...[current?.at ?? null, ...(isSeen ? [age] : []), id],
      ],
    );
  }

  async #alert(service: TakenService | null, channel: string, event: string, message: string): Promise<void> {
    this.#alerts += 1;
    await insertAlert(this.#session, {
      ...{ server: this.#server, service: service?.id ?? null, row: service?.current?.row ?? null },
      ...{ at: this.#report.at, channel, event, message },
    });
  }
}

/** Writes down something to be told of, or that was told. */
export async function insertAlert(
  session: SqlSession,
  alert: {
    server: number;
    service: number | null;
    row: number | null;
    at: number;
    channel: string;
    event: string;
    message: string;
  },
  isTold = false,
): Promise<void> {
  const { server, service, row, at, channel, event, message } = alert;
  await session.insert('push_alerts', {
    ...{ server_id: server, service_id: service, state_id: row, created_at: at, channel, event, message },
    ...{ sent: isTold ? 1 : 0, owner: null, lease_until: null },
  });
}
