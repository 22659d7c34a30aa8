import { readState, type State } from '../model.ts';
import type { SqlDatabase, SqlRow, SqlValue } from '../sql/database.ts';
import type { OldAlert, OldServer, OldService, OldState } from './old.ts';

/** States that are read of a service. */
const mostStates = 1000;
/** Alerts that are read of a service, and of a server. */
const mostAlerts = 1000;

/** How much an old installation holds. */
export interface OldFigures {
  servers: number;
  services: number;
  states: number;
  alerts: number;
}

/** A server, and which one it is in its database. */
export interface FoundServer extends OldServer {
  id: number;
  /** Of its alerts nobody was told of these. */
  untold: number;
}

/** A service, and what of it was counted. */
export interface FoundService extends OldService {
  untold: number;
}

/** Reads the tables of OverC 1.0.9, and changes nothing. Times before `sinceMs` are left out, but for the newest state of a service. */
export class OldDatabase {
  readonly #database: SqlDatabase;
  readonly #sinceMs: number;

  constructor(database: SqlDatabase, sinceMs: number) {
    this.#database = database;
    this.#sinceMs = sinceMs;
  }

  /** Rejects where these are not the tables of OverC. */
  async figures(): Promise<OldFigures> {
    const count = (table: string) => `(SELECT COUNT(*) FROM ${table}) AS ${table}`;
    const tables = ['servers', 'services', 'service_states', 'alerts'];
    const [row] = await this.#rows(`SELECT ${tables.map(count).join(', ')}`);
    return {
      ...{ servers: Number(row?.servers), services: Number(row?.services) },
      ...{ states: Number(row?.service_states), alerts: Number(row?.alerts) },
    };
  }

  /** Services whose server is gone. */
  async orphans(): Promise<number> {
    const [row] = await this.#rows(
      'SELECT COUNT(*) AS count FROM services WHERE server_id IS NULL OR server_id NOT IN (SELECT id FROM servers)',
    );
    return Number(row?.count);
  }

  /** One after the other, so that the alerts of few are in memory. */
  async *servers(): AsyncGenerator<FoundServer> {
    const rows = await this.#rows('SELECT * FROM servers ORDER BY id');
    for (const row of rows) {
      const id = Number(row.id);
      const alerts = await this.#alerts('server_id = ? AND service_id IS NULL', [id]);
      yield {
        ...{ id, name: textOf(row.name), title: textOf(row.title) || textOf(row.name) },
        ...{ ip: textOf(row.ip), key: row.key == null ? null : textOf(row.key), ...alerts },
      };
    }
  }

  /** Of a server, one after the other, so that few are in memory. */
  async *services(server: number): AsyncGenerator<FoundService> {
    const rows = await this.#rows('SELECT * FROM services WHERE server_id = ? ORDER BY id', [server]);
    for (const row of rows) {
      const id = Number(row.id);
      yield {
        ...{ name: textOf(row.name), title: textOf(row.title) || textOf(row.name) },
        period: row.period == null ? null : Number(row.period),
        timedOut: isTrue(row.timed_out),
        states: await this.#states(id),
        ...(await this.#alerts('service_id = ?', [id])),
      };
    }
  }

  async #states(service: number): Promise<OldState[]> {
    const { dialect } = this.#database;
    const rows = await this.#rows(
      `SELECT id, ${dialect.epochMs('rtime')} AS at, state, info FROM service_states WHERE service_id = ? ORDER BY id DESC LIMIT ${mostStates}`,
      [service],
    );
    return rows
      .map((row) => ({ id: Number(row.id), at: Number(row.at), ...stateOf(row) }))
      .filter(({ at }, index) => index === 0 || at >= this.#sinceMs)
      .reverse();
  }

  async #alerts(condition: string, values: SqlValue[]): Promise<{ alerts: OldAlert[]; untold: number }> {
    const { dialect } = this.#database;
    const rows = await this.#rows(
      `SELECT service_state_id, reported, ${dialect.epochMs('ctime')} AS at, channel, event, message FROM alerts WHERE ${condition} ORDER BY id DESC LIMIT ${mostAlerts}`,
      values,
    );
    const recent = rows.filter(({ at }) => Number(at) >= this.#sinceMs).reverse();
    return {
      alerts: recent.map((row) => ({
        ...{ at: Number(row.at), channel: textOf(row.channel), event: textOf(row.event) },
        message: textOf(row.message),
        state: row.service_state_id == null ? null : Number(row.service_state_id),
      })),
      untold: recent.filter(({ reported }) => !isTrue(reported)).length,
    };
  }

  async #rows(sql: string, values: SqlValue[] = []): Promise<SqlRow[]> {
    return (await this.#database.query(sql, values)).rows;
  }
}

function stateOf({ state, info }: SqlRow): { state: State; info: string } {
  return readState(textOf(state), textOf(info));
}

function textOf(value: SqlValue | undefined): string {
  return value == null ? '' : String(value);
}

/** PostgreSQL has truth values, MySQL numbers for them. */
function isTrue(value: unknown): boolean {
  return value === true || value === 1;
}
