import type { Clock } from 'opsbro/sdk';
import type { Keys } from '../keys.ts';
import type { AlertRow, Outcome, Report, ServiceFacts, Verdict } from '../model.ts';
import type {
  Past,
  Selection,
  ServerView,
  Storage,
  StorageEvents,
  StorageFigures,
} from '../storage/storage.ts';
import type { Adoption, OldServer, OldService } from '../takeover/old.ts';
import { type AdoptParts, adoptServer, adoptService } from './adopt.ts';
import { marksOf, type SqlDatabase, type SqlRow, type SqlValue } from './database.ts';
import { alertsOf, claim, infosOf, pastOf } from './history.ts';
import { KnownFacts } from './known.ts';
import { Lease } from './lease.ts';
import { migrate } from './schema.ts';
import { insertAlert, keptHash, nameKey, type Taken, takeReport } from './take.ts';

/** What a storage in a database works with. */
export interface SqlParts {
  database: SqlDatabase;
  keys: Keys;
  clock: Clock;
  events: StorageEvents;
  limits: { servers: number; services: number };
  /** Tells this server from others that share the database, over restarts too. */
  owner: string;
  /** How long one that is silent supervises. */
  leaseSeconds?: number;
}

/** A text whose hash tells secrets apart. */
const probe = 'opsbro';

/** Keeps every report in a database, which several servers may share. */
export class SqlStorage implements Storage {
  readonly #parts: SqlParts;
  readonly #known: KnownFacts;
  readonly #lease: Lease;
  /** Reports of each server that wait for each other. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #isClosed = false;

  constructor(parts: SqlParts) {
    this.#parts = parts;
    this.#known = new KnownFacts(parts.clock);
    this.#lease = new Lease(parts.database, parts.owner, parts.leaseSeconds);
  }

  async open(): Promise<void> {
    const { database } = this.#parts;
    await migrate(database);
    await this.#checkSecret();
    await this.services();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { database, owner } = this.#parts;
    await Promise.allSettled(this.#turns.values());
    // Others need not wait for the end of its lease.
    await database
      .query('UPDATE push_alerts SET owner = NULL, lease_until = NULL WHERE sent = 0 AND owner = ?', [owner])
      .catch(() => undefined);
    await this.#lease.release().catch(() => undefined);
    await database.close();
  }

  /** Servers that share a database know keys by the same hashes. */
  async #checkSecret(): Promise<void> {
    const { database, keys } = this.#parts;
    const own = keys.hash(probe, probe);
    const kept = await database.transaction(async (session) => {
      const { rows } = await session.query("SELECT value FROM push_settings WHERE name = 'pepper'");
      if (rows.length === 0)
        await session.query("INSERT INTO push_settings (name, value) VALUES ('pepper', ?)", [own]);
      return rows[0]?.value ?? own;
    });
    if (kept !== own)
      throw new Error(
        "the database holds keys made with another secret: copy the file 'overc/pepper' of the data directory of the server that made it",
      );
  }

  async take(report: Report): Promise<Outcome> {
    const before = this.#turns.get(report.server) ?? Promise.resolve();
    const turn = before.then(
      () => this.#take(report),
      () => this.#take(report),
    );
    this.#turns.set(report.server, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(report.server) === turn) this.#turns.delete(report.server);
    }
  }

  async verdict(report: Report): Promise<Verdict> {
    const { database, keys } = this.#parts;
    const { rows } = await database.query('SELECT hash FROM push_servers WHERE name_key = ?', [
      nameKey(report.server),
    ]);
    return keys.judge(report, keptHash(rows[0])).outcome;
  }

  async #take(report: Report): Promise<Outcome> {
    const { database, keys, clock, events, limits } = this.#parts;
    const ageMs = Math.max(0, clock.now() - report.at);
    const { dialect } = database;
    const nowMs = clock.monotonic() - ageMs;
    const taken = await database.transaction((session) =>
      takeReport(session, report, { dialect, keys, limits, age: ageMs / 1000 }),
    );
    this.#note(report, taken, nowMs);
    if (taken.alerts > 0) events.alerts();
    return taken.outcome;
  }

  #note({ server: name, ip, services }: Report, taken: Taken, nowMs: number): void {
    const server = { id: taken.server, name, title: name, ip };
    for (const [index, each] of taken.services.entries()) {
      const facts = this.#known.take(server, each, nowMs);
      const state = services[index]?.state;
      if (state != null && each.current !== null) this.#parts.events.changed(facts, each.current);
    }
  }

  get isSupervisor(): boolean {
    return this.#lease.isHeld(this.#parts.clock.monotonic());
  }

  async supervises(): Promise<boolean> {
    return this.#lease.hold(this.#parts.clock.monotonic());
  }

  async markLate(isLate: (service: ServiceFacts) => boolean, at: number): Promise<void> {
    const { database, events } = this.#parts;
    const late = await this.services((service) => !service.timedOut && isLate(service));
    for (const service of late) {
      const row = service.current?.row ?? null;
      const isMarked = await database.transaction(async (session) => {
        if (!(await this.#lease.fences(session))) return false;
        const { changed } = await session.query(
          'UPDATE push_services SET timed_out = 1 WHERE id = ? AND timed_out = 0 AND COALESCE(state_id, 0) = ?',
          [service.id, row ?? 0],
        );
        if (changed === 0) return false;
        await insertAlert(session, {
          ...{ server: service.server.id, service: service.id, row, at },
          ...{ channel: 'plugin', event: 'offline', message: 'Monitoring plugin offline' },
        });
        return true;
      });
      // Otherwise it reported meanwhile, or another server was first.
      if (!isMarked || (service.current?.row ?? null) !== row) continue;
      service.timedOut = true;
      events.changed(service, null);
    }
    if (late.length > 0) events.alerts();
  }

  async services(isMeant?: (service: ServiceFacts) => boolean): Promise<ServiceFacts[]> {
    const before = this.#known.ids();
    const { services, changed, removed } = this.#known.readAll(await this.#rows(''), before);
    const { events } = this.#parts;
    if (removed.length > 0) events.removed(removed);
    for (const service of changed) events.changed(service, service.timedOut ? null : service.current);
    return isMeant === undefined ? services : services.filter(isMeant);
  }

  async #rows(condition: string, values: SqlValue[] = []): Promise<SqlRow[]> {
    const { database } = this.#parts;
    const { rows } = await database.query(
      `SELECT s.id, s.server_id, s.name, s.title, s.period, s.timed_out, s.state_id, s.state, s.info, s.reported_at, s.seen_at,
        v.name AS server_name, v.title AS server_title, v.ip, ${database.dialect.now} AS now
        FROM push_services s JOIN push_servers v ON v.id = s.server_id ${condition} ORDER BY s.id`,
      values,
    );
    return rows;
  }

  async servers(): Promise<ServerView[]> {
    const { rows } = await this.#parts.database.query(
      'SELECT v.name, v.ip, COUNT(s.id) AS services, MAX(s.reported_at) AS last FROM push_servers v LEFT JOIN push_services s ON s.server_id = v.id GROUP BY v.id, v.name, v.ip ORDER BY v.id',
    );
    return rows.map((row) => ({
      ...{ name: String(row.name), ip: String(row.ip), services: Number(row.services) },
      last_report: row.last == null ? null : new Date(Number(row.last)).toISOString(),
    }));
  }

  async find(server: string, service: string): Promise<ServiceFacts | undefined> {
    const [row] = await this.#rows('WHERE v.name_key = ? AND s.name_key = ?', [
      nameKey(server),
      nameKey(service),
    ]);
    if (row === undefined) return undefined;
    const changed: ServiceFacts[] = [];
    const facts = this.#known.read(row, changed);
    for (const each of changed) this.#parts.events.changed(each, each.timedOut ? null : each.current);
    return facts;
  }

  async titles(ids: number[]): Promise<Map<number, string>> {
    if (ids.length === 0) return new Map();
    const { rows } = await this.#parts.database.query(
      `SELECT id, title FROM push_servers WHERE id IN (${marksOf(ids)})`,
      ids,
    );
    return new Map(rows.map(({ id, title }) => [Number(id), String(title)]));
  }

  async unsent(limit: number): Promise<AlertRow[]> {
    const { database, owner } = this.#parts;
    return database.transaction(async (session) =>
      (await this.#lease.fences(session)) ? claim(session, database.dialect, owner, limit) : [],
    );
  }

  async sent(ids: number[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#parts.database.query(
      `UPDATE push_alerts SET sent = 1, owner = NULL, lease_until = NULL WHERE id IN (${marksOf(ids)})`,
      ids,
    );
  }

  async past(service: number, since: number): Promise<Past> {
    return pastOf(this.#parts.database, service, since);
  }

  async alerts(selection: Selection, since: number): Promise<AlertRow[]> {
    return alertsOf(this.#parts.database, selection, since);
  }

  async infos(rows: number[]): Promise<Map<number, string>> {
    return infosOf(this.#parts.database, rows);
  }

  async lastRow(): Promise<number> {
    const { rows } = await this.#parts.database.query('SELECT COALESCE(MAX(id), 0) AS last FROM push_states');
    return Number(rows[0]?.last);
  }

  async remove(what: 'server' | 'service', id: number): Promise<boolean> {
    const { database, events } = this.#parts;
    const own = what === 'server' ? 'server_id' : 'id';
    const gone = await database.transaction(async (session) => {
      if (what === 'server') await session.query('SELECT id FROM push_servers WHERE id = ? FOR UPDATE', [id]);
      const { rows } = await session.query(`SELECT id FROM push_services WHERE ${own} = ? FOR UPDATE`, [id]);
      const states = `SELECT id FROM push_services WHERE ${own} = ?`;
      await session.query(`DELETE FROM push_states WHERE service_id IN (${states})`, [id]);
      await session.query(`DELETE FROM push_alerts WHERE ${what}_id = ?`, [id]);
      await session.query(`DELETE FROM push_services WHERE ${own} = ?`, [id]);
      if (what === 'service') return rows.length === 0 ? null : rows;
      const { changed } = await session.query('DELETE FROM push_servers WHERE id = ?', [id]);
      return changed === 0 ? null : rows;
    });
    if (gone === null) return false;
    events.removed(this.#known.forget(gone.map((row) => Number(row.id))));
    return true;
  }

  async reset(name: string): Promise<boolean> {
    const { changed } = await this.#parts.database.query(
      "UPDATE push_servers SET hash = '' WHERE name_key = ?",
      [nameKey(name)],
    );
    return changed > 0;
  }

  async adoptServer(old: OldServer, isDry: boolean): Promise<Adoption> {
    return this.#parts.database.transaction((session) => adoptServer(session, old, this.#adopting, isDry));
  }

  async adoptService(server: string, old: OldService, isDry: boolean): Promise<Adoption> {
    return this.#parts.database.transaction((session) =>
      adoptService(session, { server, old }, this.#adopting, isDry),
    );
  }

  get #adopting(): AdoptParts {
    return { ...this.#parts, dialect: this.#parts.database.dialect };
  }

  async figures(): Promise<StorageFigures> {
    const { database } = this.#parts;
    const count = (from: string) => `(SELECT COUNT(*) FROM ${from})`;
    const { rows } = await database.query(
      `SELECT ${count('push_servers')} AS servers, ${count('push_services')} AS services, ${count('push_alerts WHERE sent = 0')} AS unsent`,
    );
    const size = await database.query(database.dialect.size);
    const [{ servers, services, unsent } = {}] = rows;
    return {
      ...{ servers: Number(servers), services: Number(services), unsent: Number(unsent) },
      sizeBytes: Number(size.rows[0]?.size),
    };
  }
}
